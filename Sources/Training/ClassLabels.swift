/// The distinct labels of a data set as classes: one rule for every format.
///
/// Where all labels are whole numbers, however they are written (1, 1.0, +1, 1e0), classes are called by their values and
/// sorted by them, and two spellings of a value are one class. A number with a zero in front, such as 007, is a text:
/// then, and where any other label is none, all are texts, sorted as such.
struct ClassLabels {
  /// In the order of classes.
  let names: [String]
  /// The class of each of the texts.
  let codes: [Int32]
  /// Whether all are whole numbers.
  let areWhole: Bool

  /// - Parameter texts: distinct, in any order.
  init(_ texts: [String]) {
    let values = texts.map(Self.wholeNumber)
    areWhole = values.allSatisfy { $0 != nil }
    if areWhole {
      let distinct = Set(values.map { $0! }).sorted()
      let places = Dictionary(distinct.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
      names = distinct.map(String.init)
      codes = values.map { places[$0!]! }
    } else {
      let order = texts.indices.sorted { texts[$0] < texts[$1] }
      var codes = [Int32](repeating: 0, count: texts.count)
      for (position, old) in order.enumerated() { codes[old] = Int32(position) }
      (names, self.codes) = (order.map { texts[$0] }, codes)
    }
  }

  /// The value of a text that is a whole number, in any spelling but with zeros in front.
  static func wholeNumber(_ text: String) -> Int? {
    let digits = text.drop { $0 == "+" || $0 == "-" }
    if digits.utf8.count > 1, digits.first == "0", digits.dropFirst().first?.isNumber == true { return nil }
    if let value = Int(text) { return value }
    guard let value = Double(text), value.magnitude <= 0x1p53 else { return nil }
    return Int(exactly: value)
  }

  /// The name under which a class is known that a file calls `text`: itself, or the whole number that it is.
  static func name(of text: String, among known: [String: Int32]) -> Int32? {
    known[text] ?? wholeNumber(text).flatMap { known["\($0)"] }
  }

  /// Whether labels look like numbers to predict, not like classes: whole numbers, hardly any of which comes twice, and
  /// that are not simply counted.
  static func lookLikeNumbers(_ names: [String], rows: Int) -> Bool {
    let values = names.compactMap { Int($0) }
    guard values.count == names.count, values.count > 20, 2 * values.count > rows else { return false }
    let (low, high) = (values[0], values[values.count - 1])
    return !((0...1).contains(low) && high.subtractingReportingOverflow(low).partialValue == values.count - 1)
  }
}
