import Optimization

/// Settings of a method. What is not set is the method's own default.
///
/// ```swift
/// var settings = MethodSettings()
/// settings[.learningRate] = 0.1
/// settings.set(.schedule, to: "linear")
/// ```
package struct MethodSettings: Sendable, Hashable {
  private var values: [MethodOption: OptionValue] = [:]

  package init() {}

  /// What an option is set to; nil leaves it to the method.
  ///
  /// - Precondition: the option admits the value.
  package subscript(option: MethodOption) -> OptionValue? {
    get { values[option] }
    set {
      precondition(newValue.map(option.admits) ?? true, "\(option.name) must be \(option.expectation)")
      values[option] = newValue
    }
  }

  /// The options that are set, in the order of the table.
  package var given: [MethodOption] { MethodOption.all.filter { values[$0] != nil } }

  /// Sets an option from text. Returns false, and changes nothing, if the value is none of it.
  @discardableResult package mutating func set(_ option: MethodOption, to text: String) -> Bool {
    let value = option.value(reading: text)
    guard value != nil || text == option.automatic else { return false }
    values[option] = value
    return true
  }
}

/// As an object of texts: {"learning-rate": "0.1"}.
extension MethodSettings: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    for (name, text) in try container.decode([String: String].self) {
      guard let option = MethodOption(name: name) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "unknown option \"\(name)\"")
      }
      guard set(option, to: text) else {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "\(name) must be \(option.expectation), got \(text)")
      }
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Dictionary(uniqueKeysWithValues: values.map { ($0.key.name, $0.value.text) }))
  }
}
