import Optimization

/// What can be set of a training method, as one record: reading, messages, the help of the program and the table in
/// docs/methods.md follow from it.
///
/// `MethodOption.all` is the table. Two records with one name are equal: a method may narrow what an option admits, as
/// the solvers to those that its system has (`TrainingMethod.Name.options`).
package struct MethodOption: Sendable {
  /// As in the text of a method: "learning-rate".
  package let name: String
  /// What it is, in a sentence without its full stop.
  package let meaning: String
  /// What a whole number counts, in the plural; what another number is, in the singular. Nil for a plain number.
  package let unit: String?
  /// Nil where only words are admitted.
  package private(set) var range: NumberRange?
  /// The words that it may be; none for a number.
  package private(set) var words: [String]
  /// The word for what the method does where the option is not set; nil where there is no such word.
  package let automatic: String?
  /// Options that may not be set beside it, each of which stands before it in the table.
  package let excludes: [MethodOption]

  /// A number.
  init(
    _ name: String, _ meaning: String, _ range: NumberRange, unit: String? = nil, automatic: String? = nil,
    excludes: [MethodOption] = []
  ) {
    (self.name, self.meaning, self.unit) = (name, meaning, unit)
    (self.range, words) = (range, [])
    (self.automatic, self.excludes) = (automatic, excludes)
  }

  /// One of the words that a type has.
  init<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _ meaning: String, _ type: Word.Type) {
    (self.name, self.meaning, unit) = (name, meaning, nil)
    (range, words) = (nil, Word.allCases.map(\.rawValue))
    (automatic, excludes) = (nil, [])
  }

  /// This option where a method admits some of its words alone.
  func among(_ words: [String]) -> MethodOption {
    var result = self
    result.words = words
    return result
  }

  /// This option where a method does not admit the lower end of its range.
  var withoutLower: MethodOption {
    var result = self
    result.range = range?.withoutLower
    return result
  }

  /// What its value must be, as in "must be a number above 0".
  package var expectation: String {
    let choice = range?.expectation(unit: unit) ?? "one of \(words.joined(separator: ", "))"
    return automatic.map { "\($0) or \(choice)" } ?? choice
  }

  /// Meaning and values in a line, for the help of a program.
  package var help: String { "\(meaning): \(expectation)." }

  /// As a key of JSON and a name of columns: "learningRate".
  package var key: String { NameWithSettings.key(name) }

  func admits(_ value: OptionValue) -> Bool {
    switch value {
    case .number(let number): range?.contains(number) ?? false
    case .word(let word): words.contains(word)
    }
  }

  /// The value that `text` is; nil for none of its own.
  func value(reading text: String) -> OptionValue? {
    let value = words.isEmpty ? Double(text).map(OptionValue.number) : .word(text)
    return value.flatMap { admits($0) ? $0 : nil }
  }
}

extension MethodOption: Hashable, CustomStringConvertible {
  package static func == (a: MethodOption, b: MethodOption) -> Bool { a.name == b.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
  package var description: String { name }
}

/// What an option is set to.
package enum OptionValue: Sendable, Hashable {
  case number(Double)
  case word(String)

  package var number: Double? { if case .number(let number) = self { number } else { nil } }
  package var word: String? { if case .word(let word) = self { word } else { nil } }
  /// As it is written in the text of a method.
  package var text: String { word ?? NumberForm.short(number ?? 0) }
}

extension OptionValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(integerLiteral value: Int) { self = .number(Double(value)) }
  package init(stringLiteral value: String) { self = .word(value) }
}
