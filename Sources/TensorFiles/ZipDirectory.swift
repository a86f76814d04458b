/// One file in a zip archive, from the central directory.
struct ZipEntry: Sendable {
  var name: String
  var isDeflated: Bool
  var crc: UInt32
  var compressedSize: Int
  var size: Int
  var headerOffset: Int
}

/// The central directory of a zip archive, with or without the ZIP64 extensions.
///
/// Refuses what a bounded reader of arrays should: several disks, encryption, methods other than
/// stored and deflate, names that occur twice, entries outside the file or overlapping, and sizes
/// deflate cannot reach (1032 to 1).
///
/// Source: PKWARE APPNOTE.TXT 6.3.9, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3.
struct ZipDirectory: Sendable {
  var entries: [ZipEntry]

  /// The largest central directory accepted, in bytes: some hundred thousand entries.
  static let largestDirectory = 1 << 24

  init(_ file: InputFile) throws(FileError) {
    let range = try ZipDirectory.range(in: file)
    let fields = LittleEndianFields(bytes: try file.bytes(range))
    var entries: [ZipEntry] = []
    var names: Set<String> = []
    var next = 0
    while next < fields.count {
      let place = "zip directory, byte \(range.lowerBound + next)"
      guard next + 46 <= fields.count, fields.u32(next) == 0x0201_4B50 else {
        throw .badData(file.path, at: place, "expected a zip directory record")
      }
      let end = next + 46 + fields.u16(next + 28) + fields.u16(next + 30) + fields.u16(next + 32)
      guard end <= fields.count else { throw .badData(file.path, at: place, "the record is truncated") }
      let entry = try ZipDirectory.entry(fields, next, place: place, path: file.path)
      guard names.insert(entry.name).inserted else {
        throw .badData(file.path, at: place, "the name \(excerpt(entry.name)) occurs twice")
      }
      entries.append(entry)
      next = end
    }
    var free = 0
    for entry in entries.sorted(by: { $0.headerOffset < $1.headerOffset }) {
      // Offsets and sizes are at most the file's size, so the sum does not overflow.
      guard entry.headerOffset >= free, entry.headerOffset <= range.lowerBound,
        entry.compressedSize <= range.lowerBound,
        entry.headerOffset + 30 + entry.compressedSize <= range.lowerBound
      else {
        throw .badData(
          file.path, at: "entry \(excerpt(entry.name))", "the entry lies outside the file or overlaps another")
      }
      free = entry.headerOffset + 30 + entry.compressedSize
    }
    self.entries = entries
  }

  /// Where the central directory lies.
  private static func range(in file: InputFile) throws(FileError) -> Range<Int> {
    let tailStart = max(0, file.size - 22 - 65_535)
    let tail = LittleEndianFields(bytes: try file.bytes(tailStart..<file.size))
    var end = tail.count - 22
    while end >= 0, !(tail.u32(end) == 0x0605_4B50 && end + 22 + tail.u16(end + 20) == tail.count) { end -= 1 }
    guard end >= 0 else {
      throw .badData(file.path, "expected a zip archive, found no end-of-directory record")
    }
    let place = "byte \(tailStart + end)"
    var disks = tail.u16(end + 4) | tail.u16(end + 6)
    var size = Int(tail.u32(end + 12))
    var offset = Int(tail.u32(end + 16))
    var directoryEnd = tailStart + end
    if end >= 20, tail.u32(end - 20) == 0x0706_4B50 {
      guard let recordOffset = tail.int(end - 12), recordOffset <= file.size - 56 else {
        throw .badData(file.path, at: place, "the ZIP64 end record lies outside the file")
      }
      let record = LittleEndianFields(bytes: try file.bytes(recordOffset..<recordOffset + 56))
      guard record.u32(0) == 0x0606_4B50, let wideSize = record.int(40), let wideOffset = record.int(48) else {
        throw .badData(file.path, at: "byte \(recordOffset)", "expected a ZIP64 end record")
      }
      disks = record.u32(16) | record.u32(20) == 0 ? 0 : 1
      (size, offset, directoryEnd) = (wideSize, wideOffset, recordOffset)
    }
    guard disks == 0 else { throw .badData(file.path, at: place, "archives on several disks are not supported") }
    guard size <= directoryEnd, offset <= directoryEnd - size else {
      throw .badData(file.path, at: place, "the zip directory lies outside the file: \(size) bytes at byte \(offset)")
    }
    guard size <= largestDirectory else {
      throw .badData(
        file.path, at: place, "the zip directory has \(size) bytes; at most \(largestDirectory) are accepted")
    }
    return offset..<offset + size
  }

  private static func entry(
    _ fields: LittleEndianFields, _ start: Int, place: String, path: String
  ) throws(FileError) -> ZipEntry {
    let nameEnd = start + 46 + fields.u16(start + 28)
    guard let name = String(validating: fields.bytes[start + 46..<nameEnd], as: UTF8.self), !name.isEmpty else {
      throw .badData(path, at: place, "expected a name in UTF-8")
    }
    func fail(_ message: String) -> FileError { .badData(path, at: "entry \(excerpt(name))", message) }

    // Bit 0: encrypted; bit 6: strongly encrypted; bit 13: masked header.
    guard fields.u16(start + 8) & 0x2041 == 0 else { throw fail("encrypted entries are not supported") }
    let method = fields.u16(start + 10)
    guard method == 0 || method == 8 else {
      throw fail("expected compression method 0 (stored) or 8 (deflate), got \(method)")
    }
    var values = [20, 24, 42].map { Int(fields.u32(start + $0)) }  // compressed size, size, offset
    if values.contains(0xFFFF_FFFF) {
      // The ZIP64 field holds, in this order, those of size, compressed size and offset that did not fit.
      let extraEnd = nameEnd + fields.u16(start + 30)
      guard var wide = fields.extraField(id: 1, in: nameEnd..<extraEnd) else {
        throw fail("the ZIP64 sizes are missing")
      }
      for index in [1, 0, 2] where values[index] == 0xFFFF_FFFF {
        guard wide.count >= 8, let value = fields.int(wide.lowerBound) else { throw fail("damaged ZIP64 sizes") }
        values[index] = value
        wide = wide.lowerBound + 8..<wide.upperBound
      }
    }
    let entry = ZipEntry(
      name: name, isDeflated: method == 8, crc: UInt32(fields.u32(start + 16)), compressedSize: values[0],
      size: values[1], headerOffset: values[2])
    let largest = entry.isDeflated ? entry.compressedSize.multipliedReportingOverflow(by: 1032) : (entry.size, false)
    guard !largest.1, entry.size <= largest.0, entry.isDeflated || entry.size == entry.compressedSize else {
      throw fail("\(entry.compressedSize) compressed bytes cannot hold the \(entry.size) bytes claimed")
    }
    return entry
  }
}

/// Little-endian integers in an array of bytes; the caller has checked the bounds.
struct LittleEndianFields {
  let bytes: [UInt8]

  var count: Int { bytes.count }

  func u16(_ offset: Int) -> Int { Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 }

  func u32(_ offset: Int) -> Int { u16(offset) | u16(offset + 2) << 16 }

  /// A 64-bit number; nil where it is above `Int.max`.
  func int(_ offset: Int) -> Int? {
    let high = u32(offset + 4)
    return high >> 31 == 0 ? u32(offset) | high << 32 : nil
  }

  /// The content of the extra field `id` among those in `range`.
  func extraField(id: Int, in range: Range<Int>) -> Range<Int>? {
    var next = range.lowerBound
    while next + 4 <= range.upperBound {
      let end = next + 4 + u16(next + 2)
      guard end <= range.upperBound else { return nil }
      if u16(next) == id { return next + 4..<end }
      next = end
    }
    return nil
  }
}
