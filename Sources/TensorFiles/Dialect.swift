import LinearAlgebra

/// How a table is written: what is between its fields, how its numbers are, and whether its first line names the
/// columns. Found from the first records where the caller does not say.
package struct Dialect: Sendable, Equatable {
  package var delimiter: DelimitedText.Delimiter
  package var decimal: DelimitedText.Decimal
  /// Whether the first record holds names.
  package var hasHeader = true

  /// Whether `text` is a number: an empty field and a mark for a missing value are none.
  package func isNumber(_ text: String) -> Bool {
    var bytes = Array(text.utf8.drop { $0 == 32 || $0 == 9 })
    while bytes.last == 32 || bytes.last == 9 { bytes.removeLast() }
    return value(&bytes, as: Double.self) != nil
  }

  /// The number that all of `field` is, or nil; a byte is added to `field`.
  func value<Scalar: RealScalar>(_ field: inout [UInt8], as type: Scalar.Type = Scalar.self) -> Scalar? {
    if decimal == .comma {
      guard !field.contains(UInt8(ascii: ".")) else { return nil }
      if let comma = field.firstIndex(of: UInt8(ascii: ",")) { field[comma] = UInt8(ascii: ".") }
    }
    let count = field.count
    field.append(0)
    var position = 0
    let number: Scalar? = NumberParser.number(field, at: &position, end: count)
    return position == count && count > 0 ? number : nil
  }

  /// What `options` leave open, from the first records of a file.
  init(_ options: DelimitedText.Options, sample: [RecordReader.Record]) {
    delimiter = options.delimiter ?? .comma
    decimal = options.decimal ?? .point
    let given = options.delimiter.map { [$0] } ?? DelimitedText.Delimiter.allCases
    let body = sample.count > 1 ? sample.dropFirst() : sample[...]
    var best = (score: -1, regularity: -1)
    // Numbers tell best what stands between fields: "1,5;2" is two of them by semicolons and one by commas.
    for delimiter in given {
      for decimal in options.decimal.map({ [$0] }) ?? [.point, .comma] where decimal == .point || delimiter != .comma {
        var dialect = self
        (dialect.delimiter, dialect.decimal) = (delimiter, decimal)
        let rows = body.map { $0.fields(delimiter.byte) ?? [] }
        guard options.delimiter != nil || rows.allSatisfy({ $0.count > 1 }) || delimiter == .comma else { continue }
        let numbers = rows.reduce(0) { $0 + $1.count { dialect.isNumber($0) } }
        let width = sample[0].fields(delimiter.byte)?.count ?? 0
        let regularity = rows.count { $0.count == width } + (width > 1 ? 1 : 0)
        if (numbers, regularity) > best {
          best = (numbers, regularity)
          (self.delimiter, self.decimal) = (delimiter, decimal)
        }
      }
    }
    hasHeader = options.hasHeader ?? looksLikeHeader(sample)
  }

  /// The first record is an example if each of its fields is a number, a text or nothing where the second's is; it names
  /// columns where it differs from it, where it is all text, has a name that labels have, or lacks one in front.
  private func looksLikeHeader(_ sample: [RecordReader.Record]) -> Bool {
    guard let first = sample[0].fields(delimiter.byte) else { return true }
    let names = first.map { $0.lowercased() }
    if DelimitedText.labelNames.contains(where: names.contains) { return true }
    let kinds = first.map(kind)
    if !kinds.contains(.number) { return !kinds.allSatisfy { $0 == .missing } }
    guard sample.count > 1, let second = sample[1].fields(delimiter.byte) else { return false }
    if second.count == first.count + 1 { return true }
    guard second.count == first.count else { return false }
    let rows = sample.dropFirst().compactMap { $0.fields(delimiter.byte)?.first }
    if first[0].isEmpty, rows.count == sample.count - 1, let start = Int(rows[0]), (0...1).contains(start),
      rows.enumerated().allSatisfy({ Int($1) == start + $0 })
    {
      return true
    }
    if isNumbering(first, kinds, sample) { return true }
    return zip(kinds, second.map(kind)).contains { $0 != $1 && $0 != .missing && $1 != .missing }
  }

  /// Whether the first record numbers the columns, as programs do that have no names for them: three or more whole
  /// numbers from 0 or 1 on, and texts that come in none of twenty examples or more.
  private func isNumbering(_ first: [String], _ kinds: [Kind], _ sample: [RecordReader.Record]) -> Bool {
    let numbers = zip(first, kinds).filter { $1 == .number }.map { Int($0.0) }
    guard sample.count > 20, numbers.count >= 3, let start = numbers[0], (0...1).contains(start),
      numbers.enumerated().allSatisfy({ $1 == start + $0 })
    else { return false }
    let rows = sample.dropFirst().map { $0.fields(delimiter.byte) ?? [] }
    return zip(first, kinds).enumerated().allSatisfy { column, field in
      field.1 != .text || !rows.contains { column < $0.count && $0[column] == field.0 }
    }
  }

  private enum Kind { case number, text, missing }

  private func kind(_ field: String) -> Kind {
    MissingValue.isOne(field) ? .missing : isNumber(field) ? .number : .text
  }
}

extension DelimitedText {
  /// What stands between fields.
  public enum Delimiter: String, Sendable, Equatable, CaseIterable {
    case tab, semicolon, pipe, comma
    /// One or more spaces or tabs.
    case space

    /// Its name, or the character itself.
    public init?(_ text: String) {
      let characters: [String: Delimiter] = ["\t": .tab, ";": .semicolon, "|": .pipe, ",": .comma, " ": .space]
      guard let found = characters[text] ?? Delimiter(rawValue: text) else { return nil }
      self = found
    }

    var byte: UInt8 {
      switch self {
      case .tab: 9
      case .semicolon: UInt8(ascii: ";")
      case .pipe: UInt8(ascii: "|")
      case .comma: UInt8(ascii: ",")
      case .space: 32
      }
    }
  }

  /// What stands before the fraction of a number.
  public enum Decimal: String, Sendable, Equatable, CaseIterable {
    case point, comma
  }
}
