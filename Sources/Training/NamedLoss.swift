import Errors
import Losses
import Optimization

/// A loss by its name, with values of its parameters; as text `NAME[:parameter=value...]`, such as `huber:delta=0.5`.
public struct NamedLoss: Sendable, Equatable {
  package let form: LossForm

  public static func == (left: NamedLoss, right: NamedLoss) -> Bool {
    left.form.name == right.form.name && left.values == right.values
  }
  /// Of the form's parameters, in their order.
  private(set) var values: [Double]

  /// Nil for a loss of somebody's own.
  public init?(_ loss: any Loss) {
    guard let form = LossForm(loss), let values = form.values(loss) else { return nil }
    (self.form, self.values) = (form, values)
  }

  /// With the defaults of its parameters.
  package init(_ form: LossForm) { (self.form, values) = (form, form.parameters.map(\.defaultValue)) }

  /// - Throws: `NamedLoss.Failure` for a name, a parameter or a value that is unknown, with what there is.
  public init(_ text: String) throws(NamedLoss.Failure) {
    let parts: NameWithSettings
    do { parts = try NameWithSettings(text) } catch { throw NamedLoss.Failure(error.description) }
    guard let form = LossForm(named: parts.name) else {
      throw NamedLoss.Failure("expected one of \(LossForm.names), got \"\(parts.name.prefix(60))\"")
    }
    self.init(form)
    for (name, text) in parts.settings { try set(name, to: text) }
  }

  /// Sets one parameter by its name.
  package mutating func set(_ name: String, to text: String) throws(NamedLoss.Failure) {
    guard let index = form.parameters.firstIndex(where: { $0.name == name }) else {
      let known = form.parameters.map(\.name).joined(separator: ", ")
      throw NamedLoss.Failure("\(form.name) has no parameter \"\(name)\": it has \(known.isEmpty ? "none" : known)")
    }
    let range = form.parameters[index].range
    guard let value = Double(text), range.contains(value) else {
      throw NamedLoss.Failure(
        "expected \(range.expectation()), got \"\(text.prefix(60))\"", parameter: form.parameters[index])
    }
    values[index] = value
  }

  /// The loss itself.
  public var loss: any Loss { form.loss(values) }

  /// Each parameter with its value.
  package var settings: [(parameter: LossParameter, value: Double)] { Array(zip(form.parameters, values)) }
}

/// The parameters of a loss by their keys in logs, next to whatever else is encoded in the same object.
extension NamedLoss: Encodable {
  public func encode(to encoder: any Encoder) throws {
    try Dictionary(uniqueKeysWithValues: settings.map { ($0.parameter.key, $0.value) }).encode(to: encoder)
  }
}

extension NamedLoss {
  /// What is wrong with the text of a loss, and what would be right.
  public struct Failure: FGNError {
    public var code: ErrorCode { .badOption }
    package let message: String
    /// The one whose value is refused, where it is a value.
    package let parameter: LossParameter?

    init(_ message: String, parameter: LossParameter? = nil) {
      (self.message, self.parameter) = (message, parameter)
    }

    public func text(_ words: (Remedy) -> String) -> String { (parameter.map { "\($0.option): " } ?? "") + message }
  }
}
