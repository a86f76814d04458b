/// What the labels of classes are.
package enum LabelKind: String, Sendable, Codable {
  /// Whole numbers: 0, 1, ...; or -1 and 1; or 10, 20.
  case wholeNumber = "whole-number"
  /// true and false.
  case boolean
  case text
}

/// Classes in their order, and which of them each label is. The one place that says what is the same class.
///
/// - Labels that all are whole numbers, however they are written (`1`, `+1`, `1.0`, `1e0`), are classes by value, in the
///   order of their values, and are called by the plain number. A number with a zero in front (`007`) is a code, no
///   number: such labels are text, all of them, as they stand.
/// - Labels that all are true or false, in any case, are two classes, false before true.
/// - All others are text, as they stand and in the order of text.
package struct ClassLabels: Sendable, Equatable {
  package let kind: LabelKind
  /// Of the classes.
  package let names: [String]
  /// The class of each label.
  package let classes: [Int32]
  /// Whether the labels are numbers, and not all of them whole: none of the kinds.
  package let areRealNumbers: Bool

  /// - Parameter labels: distinct texts, in any order.
  package init(_ labels: [String]) {
    if let values = Self.all(labels, Self.wholeNumber) {
      let order = Set(values).sorted()
      let places = Dictionary(uniqueKeysWithValues: zip(order, Int32(0)...))
      (kind, names, areRealNumbers) = (.wholeNumber, order.map(String.init), false)
      classes = values.map { places[$0]! }
    } else if let values = Self.all(labels, Self.boolean) {
      let order = [false, true].filter(values.contains)
      (kind, areRealNumbers) = (.boolean, false)
      names = order.map { labels[values.firstIndex(of: $0)!] }
      classes = values.map { Int32(order.firstIndex(of: $0)!) }
    } else {
      let order = labels.sorted()
      let places = Dictionary(zip(order, Int32(0)...)) { first, _ in first }
      (kind, names) = (.text, order)
      classes = labels.map { places[$0]! }
      areRealNumbers =
        !labels.isEmpty && !labels.contains(where: Self.isCode) && labels.allSatisfy { Double($0) != nil }
    }
  }

  /// The classes of a model and of further data: those of the model, which are the same by `ClassLookup`, and what is
  /// new: in its place in the order of classes where `known` is in order, and last otherwise.
  package static func joined(_ known: [String], with labels: [String]) -> (names: [String], new: [String]) {
    let found = ClassLookup(known)
    let new = labels.filter { found[$0] == nil }
    if new.isEmpty { return (known, []) }
    return (ClassLabels(known).names == known ? ClassLabels(known + new).names : known + new, new)
  }

  private static func all<Value>(_ labels: [String], _ value: (String) -> Value?) -> [Value]? {
    let values = labels.compactMap(value)
    return values.count == labels.count && !values.isEmpty ? values : nil
  }

  /// The whole number that a text writes; nil for any other text, and for one with a zero in front.
  package static func wholeNumber(_ text: String) -> Int? {
    if isCode(text) { return nil }
    if let value = Int(text) { return value }
    guard text.utf8.allSatisfy({ $0 &- 48 < 10 || "+-.eE".utf8.contains($0) }), let value = Double(text),
      abs(value) < 9_007_199_254_740_992
    else { return nil }
    return Int(exactly: value)
  }

  private static func isCode(_ text: String) -> Bool {
    let digits = text.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }.prefix { $0 &- 48 < 10 }
    return digits.count > 1 && digits.first == UInt8(ascii: "0")
  }

  /// What true and false are written as, in any case.
  package static func boolean(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "true": true
    case "false": false
    default: nil
    }
  }
}

/// Which class of a model a label is: the one of the same text, or else the only one that is the same number or truth.
package struct ClassLookup: Sendable {
  private var texts: [String: Int32] = [:]
  private var values: [Value: Int32?] = [:]

  private enum Value: Hashable {
    case number(Int)
    case truth(Bool)

    init?(_ text: String) {
      if let number = ClassLabels.wholeNumber(text) {
        self = .number(number)
      } else if let truth = ClassLabels.boolean(text) {
        self = .truth(truth)
      } else {
        return nil
      }
    }
  }

  package init(_ names: [String]) {
    for (name, number) in zip(names, Int32(0)...) {
      if texts[name] == nil { texts[name] = number }
      if let value = Value(name) { values[value] = values[value] == nil ? number : Int32?.none }
    }
  }

  package subscript(label: String) -> Int32? {
    if let number = texts[label] { return number }
    guard let value = Value(label) else { return nil }
    return values[value] ?? nil
  }
}
