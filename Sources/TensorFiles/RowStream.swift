import CFiles
import Errors
import LinearAlgebra

/// Examples as lines of text from a pipe or terminal, in blocks of what is at hand: a reader who types gets an answer
/// to each line, a full pipe gives full blocks.
///
/// The first line says the format. Lines of `index:value` are LIBSVM text, whose label may be left out. Others are a
/// table: its delimiter is found in the first line, which names the columns if none of its fields is a number, or if it
/// has the names that the model knows; columns get their parts as those of a file do (`TableRequest`). A line may go on
/// inside quotes. Blank lines, and lines that begin with #, are skipped. A line that is no example is told with its
/// place, and the rows after it come all the same. Memory is a block and the longest record.
package struct RowStream<Scalar: RealScalar>: Sendable {
  package struct Options: Sendable {
    /// Where LIBSVM indices start; `.automatic` is one, as a stream cannot be surveyed.
    package var indexBase = LIBSVM.IndexBase.automatic
    /// Which column of a table plays which part.
    package var request = TableRequest()
    /// Of a table; nil to find out.
    package var hasHeader: Bool?
    package var delimiter: DelimitedText.Delimiter?
    package var decimal: DelimitedText.Decimal?
    /// What happens where a feature is missing: `.fill` puts `TableDescription.fill` there; otherwise the row is refused.
    package var missing = MissingValue.Policy.error

    package init() {}
  }

  /// Some rows, in the order in which they came.
  package struct Block: Sendable {
    /// [b, D]; zeros where a row was refused.
    package var features: Matrix<Scalar>
    /// Why a row has no answer, by its number in the block.
    package var refused: [Int: FileError] = [:]
    /// Of the column that tells rows apart; empty without one.
    package var ids: [String] = []
  }

  /// For messages.
  package let name: String
  private let descriptor: Int32
  private var fields: RowFields<Scalar>
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  private var start = 0
  private var filled = 0
  private var line = 0
  /// The line that the current record starts on.
  private var recordLine = 0
  /// Where a record begins whose end has not come.
  private var held: Int?
  private var isAtEnd = false
  /// What ends a line: LF, with or without CR before it; or CR, where the first lines end in that.
  private var terminator = UInt8(ascii: "\n")
  private var failure: FileError?

  /// - Parameters:
  ///   - descriptor: an open file descriptor, such as 0 for standard input; it is not closed.
  ///   - columns: D.
  package init(descriptor: Int32, name: String, columns: Int, options: Options = Options()) {
    (self.name, self.descriptor) = (name, descriptor)
    fields = RowFields(name: name, columns: columns, options: options)
  }

  /// What was decided from the first line, for people; once, when there is something.
  package mutating func takeRemarks() -> [String] {
    defer { fields.remarks = [] }
    return fields.remarks
  }

  /// The next rows, at least one and at most `limit`: waits for the first, then takes what has come. Nil at the end.
  ///
  /// Throws `FileError` where nothing can be read any more, or the first line tells no table that fits; what is wrong
  /// with one row is in the block. Rows before an error come first.
  package mutating func next(limit: Int) throws(FileError) -> Block? {
    fields.removeAll()
    var refused: [Int: FileError] = [:]
    while fields.count < limit, failure == nil {
      do throws(FileError) {
        guard let range = try nextRecord(waits: fields.count == 0) else { break }
        do throws(FileError) {
          try fields.read(buffer, range, line: recordLine)
        } catch {
          guard fields.isSettled else { throw error }
          refused[fields.count] = error
          fields.appendNothing(line: recordLine)
        }
      } catch {
        failure = error
      }
    }
    if fields.count > 0 { return fields.block(refused) }
    if let failure { throw failure }
    return nil
  }

  /// Where the next record lies in the buffer: a line, or several where quotes are open; nil as for a line.
  private mutating func nextRecord(waits: Bool) throws(FileError) -> Range<Int>? {
    guard let first = try nextLine(waits: waits) else { return nil }
    line += 1
    recordLine = line
    var range = first
    func quotes(_ range: Range<Int>) -> Int { buffer[range].count { $0 == UInt8(ascii: "\"") } }
    guard fields.mayBeTable,
      cfiles_find(buffer, Int64(first.lowerBound), Int64(first.upperBound), UInt8(ascii: "\"")) >= 0
    else { return first }
    while !quotes(range).isMultiple(of: 2) {
      // The line that ended goes on: its end is part of the field.
      let (begin, lineEnd) = (range.lowerBound, start)
      held = begin
      defer { held = nil }
      let length = lineEnd - begin
      guard let more = try nextLine(waits: true) else {
        throw .badData(name, at: "line \(recordLine)", "expected a closing quote, got the end of the input")
      }
      line += 1
      range = more.lowerBound - length..<more.upperBound
    }
    return range
  }

  /// Where the next line lies in the buffer, without its end; nil at the end, and where it has not come yet.
  private mutating func nextLine(waits: Bool) throws(FileError) -> Range<Int>? {
    var searched = start
    while true {
      let end = Int(cfiles_find(buffer, Int64(searched), Int64(filled), terminator))
      if end >= 0 || isAtEnd && start < filled {
        let end = end >= 0 ? end : filled
        defer { start = end + 1 }
        if end == filled { buffer[end] = 0 }
        let isCRLF = end > start && buffer[end - 1] == UInt8(ascii: "\r")
        return start..<(isCRLF ? end - 1 : end)
      }
      if isAtEnd { return nil }
      if !waits, cfiles_is_ready(descriptor) == 0 { return nil }
      let tail = filled - start
      try receive()
      searched = start + tail
    }
  }

  /// Throws where the first bytes are those of something else than text in UTF-8.
  private func checkIsText(_ head: [UInt8]) throws(FileError) {
    if head.starts(with: GzipMember.magic) {
      throw .badData(name, "this is compressed by gzip: gunzip -c in front of it unpacks it")
    }
    if let format = ForeignFormat(head) { throw .badData(name, format.message(name)) }
    guard try UTF16Encoding(Array(head.prefix(4)), name) == nil else {
      throw .badData(name, "this is text in UTF-16: iconv -f UTF-16 -t UTF-8 in front of it converts it")
    }
  }

  private mutating func receive() throws(FileError) {
    // A record that goes on is kept with the line that is looked for.
    let origin = held ?? start
    let kept = max(0, filled - origin)
    if origin > 0 { cfiles_move_to_start(&buffer, Int64(origin), Int64(kept)) }
    (start, filled) = (start - origin, kept)
    if held != nil { held = 0 }
    if kept + 1 >= buffer.count / 2 {
      guard buffer.count < LineReader.longestLine else {
        throw .badData(name, at: "line \(line + 1)", "the line is longer than \(byteCount(LineReader.longestLine))")
      }
      buffer.append(contentsOf: repeatElement(0, count: buffer.count))
    }
    let got = cfiles_receive(descriptor, &buffer, Int64(kept), Int64(buffer.count - 1 - kept))
    guard got >= 0 else {
      throw FileError(.inputOutput, file: name, "cannot read: \(systemMessage(negated: got))")
    }
    isAtEnd = got == 0
    let isFirst = line == 0 && kept == 0
    filled += Int(got)
    if isFirst { try checkIsText(Array(buffer[..<min(filled, ForeignFormat.headSize)])) }
    if isFirst, filled > 1, !buffer[..<filled].contains(UInt8(ascii: "\n")),
      buffer[..<(filled - 1)].contains(UInt8(ascii: "\r"))
    {
      terminator = UInt8(ascii: "\r")
    }
    if isFirst, filled >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { start = 3 }
  }
}
