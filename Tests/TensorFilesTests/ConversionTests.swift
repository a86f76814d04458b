import Foundation
import LinearAlgebra
import TensorFiles
import Testing

/// What is unpacked or turned into UTF-8 as it is opened, and what is refused with the name of its format.
@Suite struct ConversionTests {
  let directory = TemporaryDirectory()
  /// By Python's gzip.compress: label,a,b / cat,1,2 / dog,3,4 / cat,5,6, as one member and as two.
  private let one = "H4sIAAAAAAACA8tJTErN0UnUSeJKTizRMdQx4krJT9cx1jEB8011zLgA/54bwiIAAAA="
  private let two =
    "H4sIAAAAAAACA8tJTErN0UnUSeJKTizRMdQx4gIAjM7RxBIAAAAfiwgAAAAAAAIDS8lP1zHWMeFKTizRMdUx4wIAUyjitBAAAAA="

  private func bytes(_ base64: String) -> [UInt8] { [UInt8](Data(base64Encoded: base64)!) }

  private func checkTable(_ data: [UInt8], _ name: String) throws {
    let table = try DelimitedText.read(directory.write(data, name), as: Float.self)
    #expect(table.features == Matrix(rows: 3, columns: 2, elements: [1, 2, 3, 4, 5, 6]))
    #expect(table.labelNames == ["cat", "dog"] && table.labelCodes == [0, 1, 0])
  }

  @Test func gzipIsWhatItHolds() throws {
    try checkTable(bytes(one), "one.csv.gz")
    try checkTable(bytes(two), "two.csv")
    // Tapes and blocks are filled with zeros.
    try checkTable(bytes(one) + [UInt8](repeating: 0, count: 700), "filled.gz")
    #expect(try FileContent.of(directory.write(bytes(one), "unnamed")) == .table)
    let svm = try directory.write(bytes("H4sIAAAAAAACA0tOLFEwtDLkSslPB9JGXACtUb2BEAAAAA=="), "words.svm.gz")
    let words = try LIBSVM.read(svm, as: Double.self)
    #expect(words.labelNames == ["cat", "dog"] && words.features.dense.elements == [1, 2])
    #expect(try LabelFile.read(directory.write(gzip(Array("a\nb\r\n".utf8)), "y.txt.gz")).all == ["a", "b"])
    let array = try directory.write(gzip(fixtureBytes("f4.npy")), "x.npy.gz")
    #expect(try NPY.matrix(array, as: Float.self) == NPY.matrix(fixture("f4.npy"), as: Float.self))
    let stored = try StoredMatrix(array, as: Float.self)
    var block = Features<Float>.dense(Matrix(rows: 0, columns: 0))
    try stored.read(0..<stored.rows, into: &block)
    #expect(try block.dense == NPY.matrix(fixture("f4.npy"), as: Float.self))
    let archive = try NPZ(directory.write(gzip(fixtureBytes("deflated.npz")), "a.npz.gz"))
    #expect(try archive.names == NPZ(fixture("deflated.npz")).names)
  }

  /// Stored blocks of at most 1,000 bytes with their header and trailer.
  private func gzip(_ data: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    let starts = Array(stride(from: 0, to: max(1, data.count), by: 1_000))
    for start in starts {
      let block = data[start..<min(data.count, start + 1_000)]
      let size = [UInt8].little(block.count, 2)
      result += [start == starts.last ? 1 : 0] + size + size.map { ~$0 } + block
    }
    var crc: UInt32 = ~0
    for byte in data {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return result + .little(Int(~crc), 4) + .little(data.count, 4)
  }

  @Test func gzipOfManyChunks() throws {
    let text = "label,a\n" + (0..<200_000).map { "\($0 % 3),\($0)\n" }.joined()
    let table = try DelimitedText.read(directory.write(gzip(Array(text.utf8)), "many.csv.gz"), as: Double.self)
    #expect(table.features.elements == (0..<200_000).map { Double($0) })
  }

  @Test func damagedGzipIsRefused() throws {
    let data = bytes(one)
    func refuse(_ data: [UInt8], _ part: String) throws {
      let path = try directory.write(data, "bad.csv.gz")
      expectFileError(.badData, "bad.csv.gz: byte", part) { () throws(FileError) in
        try DelimitedText.read(path, as: Float.self)
      }
    }
    for end in 3..<data.count { try refuse(Array(data[..<end]), "truncated") }
    try refuse(data.replacing(at: data.count - 6, with: [1]), "the gzip data are damaged")
    try refuse(data.replacing(at: 12, with: [0xFF, 0xFF]), "the gzip data are damaged")
    try refuse(data + [1, 2, 3], "expected the end of the gzip data")
    // Whatever is changed, it is the table, another one or an error; never a crash.
    for k in 3..<data.count {
      let path = try directory.write(data.replacing(at: k, with: [data[k] ^ 0x55]), "changed.csv.gz")
      _ = try? DelimitedText.read(path, as: Float.self)
    }
  }

  private func utf16(_ text: String, isBigEndian: Bool, isMarked: Bool) -> [UInt8] {
    ((isMarked ? [0xFEFF] : []) + Array(text.utf16)).flatMap { unit in
      let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
      return isBigEndian ? [high, low] : [low, high]
    }
  }

  @Test func utf16IsRead() throws {
    let text = "label\ta\tb\r\ncafé 🐈\t1\t2\r\nžluť\t3\t4\r\ncafé 🐈\t5\t6\r\n"
    for (isBigEndian, isMarked) in [(false, true), (true, true), (false, false), (true, false)] {
      let path = try directory.write(utf16(text, isBigEndian: isBigEndian, isMarked: isMarked), "wide.txt")
      #expect(try FileContent.of(path) == .table)
      let table = try DelimitedText.read(path, as: Float.self)
      #expect(table.features == Matrix(rows: 3, columns: 2, elements: [1, 2, 3, 4, 5, 6]))
      #expect(table.labelNames == ["café 🐈", "žluť"])
    }
    let labels = try directory.write(utf16("ä\r\nö\r\n", isBigEndian: false, isMarked: true), "y.txt")
    #expect(try LabelFile.read(labels).all == ["ä", "ö"])
    let json = try directory.write(utf16("[\"ä\"]", isBigEndian: true, isMarked: true), "y.json")
    #expect(try LabelFile.read(json).all == ["ä"])
    // A pair of surrogates across two chunks.
    let long = String(repeating: "x", count: 1 << 16 - 2) + "🐈"
    let split = try directory.write(utf16(long, isBigEndian: false, isMarked: true), "long.txt")
    #expect(try TextFile.read(split) == long)
  }

  @Test func brokenUTF16IsRefused() throws {
    func refuse(_ bytes: [UInt8], _ part: String) throws {
      let path = try directory.write(bytes, "wide.txt")
      expectFileError(.badData, part) { () throws(FileError) in try TextFile.read(path) }
    }
    try refuse([0xFF, 0xFE, 0x61], "odd number of bytes")
    try refuse([0xFF, 0xFE, 0x00, 0xD8, 0x61, 0], "byte 4: expected UTF-16 text, got half of a surrogate pair")
    try refuse([0xFF, 0xFE, 0x00, 0xDC], "byte 2: expected UTF-16 text, got half of a surrogate pair")
    try refuse([0xFF, 0xFE, 0x61, 0, 0x00, 0xD8], "half of a surrogate pair")
    try refuse([0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0], "UTF-32")
    try refuse(Array("caf".utf8) + [0xE9], "iconv -f WINDOWS-1252 -t UTF-8")
  }

  @Test func latinTextIsRefusedWithItsPlace() throws {
    let row: [UInt8] = [0x63, 0x61, 0x66, 0xE9]
    let table = try directory.write(Array("label,a\nb,1\n".utf8) + row + Array(",2\n".utf8), "latin.csv")
    #expect(try FileContent.of(table) == .table)
    expectFileError(.badData, "latin.csv: line 3, column \"label\"", "WINDOWS-1252") { () throws(FileError) in
      try DelimitedText.read(table, as: Float.self)
    }
    let labels = try directory.write(Array("a\n".utf8) + row, "y.txt")
    expectFileError(.badData, "y.txt: line 2", "WINDOWS-1252") { () throws(FileError) in try LabelFile.read(labels) }
    let svm = try directory.write(row + Array(" 1:1\n".utf8), "d.svm")
    expectFileError(.badData, "d.svm: line 1, field 1", "WINDOWS-1252") { () throws(FileError) in
      try LIBSVM.read(svm, as: Float.self)
    }
    let header = try directory.write(row + Array(",label\n1,x\n2,y\n".utf8), "header.csv")
    expectFileError(.badData, "line 1, field 1", "WINDOWS-1252") { () throws(FileError) in
      try DelimitedText.read(header, as: Float.self)
    }
  }

  @Test func otherFormatsAreCalledByTheirNames() throws {
    let formats: [([UInt8], String)] = [
      (Array("BZh91AY&SY".utf8) + [1, 2, 3], "compressed by bzip2: bunzip2 -k"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4], "compressed by xz: xz -dk"),
      ([0x28, 0xB5, 0x2F, 0xFD, 4, 0], "compressed by zstd: zstd -d"),
      ([0x04, 0x22, 0x4D, 0x18, 4, 0], "compressed by lz4"),
      (Array("PAR1".utf8) + [0x15, 4, 0x15, 0], "a Parquet file: python3 -c \"import pandas; pandas.read_parquet("),
      (Array("ARROW1".utf8) + [0, 0], "an Arrow file"),
      ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0], "an HDF5 file"),
      (Array("SQLite format 3".utf8) + [0], "an SQLite database"),
      (Array("\n <!DOCTYPE html><html><body>404".utf8), "an HTML page"),
      (Array("<html lang=en>".utf8), "an HTML page"),
      ([0x80, 4, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x5D], "a Python pickle"),
      ([0x80, 2, 0x7D, 0x71, 0, 0x28], "a Python pickle"),
      (Array("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n".utf8), "git lfs pull"),
    ]
    for (bytes, part) in formats {
      let path = try directory.write(bytes, "thing")
      expectFileError(.badData, "thing: this is", part) { () throws(FileError) in try FileContent.of(path) }
      expectFileError(.badData, part) { () throws(FileError) in try NPY.matrix(path, as: Float.self) }
      expectFileError(.badData, part) { () throws(FileError) in try SafeTensors.read(path) }
      expectFileError(.badData, part) { () throws(FileError) in try LabelFile.read(path) }
    }
    // Text that begins with the same letters is text.
    for text in ["PAR1,b,label\n1,2,x\n3,4,y\n", "BZh,FEA1,label\n1,2,x\n3,4,y\n"] {
      #expect(try DelimitedText.read(directory.write(text, "t.csv"), as: Float.self).features.rows == 2)
    }
    let model = try directory.write("weight,bias\n1,2\n3,4\n", "model.safetensors")
    expectFileError(.badData, "this is text, no safetensors file") { () throws(FileError) in
      try SafeTensors.read(model)
    }
    expectFileError(.badData, "this is a zip archive, no safetensors file") { () throws(FileError) in
      try SafeTensors.read(fixture("stored.npz"))
    }
    // A zip archive is known by the names in it.
    for (name, part) in [("data.pkl", "torch.save"), ("xl/workbook.xml", "an Excel workbook")] {
      let stand = String(repeating: "a", count: name.utf8.count - 4)
      let path = directory.file("archive")
      try NPZ.write(to: path) { archive throws(FileError) in try archive.add([1, 2] as [Int], named: stand) }
      var bytes = [UInt8](try directory.bytes("archive"))
      while let offset = bytes.offset(of: Array("\(stand).npy".utf8)) {
        bytes = bytes.replacing(at: offset, with: Array(name.utf8))
      }
      _ = try directory.write(bytes, "archive")
      expectFileError(.badData, part) { () throws(FileError) in try NPZ(path).names }
      expectFileError(.badData, part) { () throws(FileError) in try SafeTensors.read(path) }
    }
  }

  /// The headers of files that are fine begin like other formats.
  @Test func longHeadersOfModelsAreNoOtherFormat() throws {
    for length in [0x480, 0x480 + 0x95_0000, 0xFEFF, 0x08_8B1F] {
      let entry = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
      let header = entry + String(repeating: " ", count: length - entry.utf8.count)
      let path = try directory.write([UInt8].little(length, 8) + Array(header.utf8) + [7], "m.safetensors")
      #expect(try SafeTensors.read(path).names.count == 1, "\(length)")
    }
  }

  @Test func bfloat16OfNumPy() throws {
    var bytes = Array("{'descr': '|V2', 'fortran_order': False, 'shape': (2, 2), }".utf8)
    bytes += [UInt8](repeating: 32, count: 117 - bytes.count) + [10]
    let data: [UInt8] = [0x80, 0x3F, 0x00, 0xC0, 0x00, 0x3F, 0x49, 0x40]
    let path = try directory.write([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + bytes + data, "half.npy")
    #expect(try NPY.matrix(path, as: Float.self).elements == [1, -2, 0.5, 3.140625])
    let one = try directory.write(
      [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]
        + Array(String(decoding: bytes, as: UTF8.self).utf8)
        .replacing(at: 12, with: Array("V1".utf8)) + [1, 2, 3, 4], "quarter.npy")
    expectFileError(.badData, "got \"|V1\": save it as float32") { () throws(FileError) in
      try NPY.matrix(one, as: Float.self)
    }
  }
}
