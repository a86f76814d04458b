import Losses
import Optimization

/// One row of the table of losses that the command line and model files know by name.
package struct LossForm: Sendable {
  package let name: String
  /// What the loss wants of files.
  package let targetKind: DataFiles.TargetKind
  package let parameters: [LossParameter]
  /// The loss with these values of its parameters, in their order.
  let loss: @Sendable ([Double]) -> any Loss
  /// The values of a loss's parameters; nil for a loss that is not of this form.
  let values: @Sendable (any Loss) -> [Double]?

  /// - Parameters:
  ///   - prototype: the loss with the default values of its parameters.
  ///   - parameters: each a record, and where its value goes.
  init<L: Loss>(_ prototype: L, _ targetKind: DataFiles.TargetKind, _ parameters: LossPlace<L>...) {
    name = prototype.name
    self.targetKind = targetKind
    self.parameters = parameters.map { place in
      LossParameter(
        loss: prototype.name, name: place.name, meaning: place.meaning, range: place.range,
        defaultValue: prototype[keyPath: place.path])
    }
    loss = { values in
      var result = prototype
      for (place, value) in zip(parameters, values) { result[keyPath: place.path] = value }
      return result
    }
    values = { loss in (loss as? L).map { loss in parameters.map { loss[keyPath: $0.path] } } }
  }

  /// Every loss with a name. A further one is its own file and a row here.
  package static let all: [LossForm] = [
    LossForm(CrossEntropy(), .classes),
    LossForm(SquaredLoss(), .measurements),
    LossForm(
      HuberLoss(), .measurements,
      LossPlace(
        "delta", "Where the Huber loss turns from squared to linear, in units of the targets as they are trained on",
        .above(0), \.delta)),
    LossForm(PoissonLoss(), .numbers),
  ]

  /// For messages.
  package static var names: String { all.map(\.name).joined(separator: ", ") }

  /// Nil for a loss of somebody's own.
  package init?(_ loss: any Loss) {
    guard let form = Self.all.first(where: { $0.values(loss) != nil }) else { return nil }
    self = form
  }

  package init?(named name: String) {
    guard let form = Self.all.first(where: { $0.name == name }) else { return nil }
    self = form
  }

  /// The parameter that the command line calls `option`, such as "huber-delta".
  package static func parameter(_ option: String) -> LossParameter? {
    all.flatMap(\.parameters).first { $0.option == option }
  }

  /// Whether targets are standardised unless somebody says otherwise: no loss of differences minds.
  package var standardizesTargets: Bool { targetKind == .measurements }
}

/// One parameter of a loss: a number above all else. Reading, messages, help, model files and logs follow from it.
package struct LossParameter: Sendable {
  /// The name of its loss.
  package let loss: String
  /// As in the text of a loss: "delta".
  package let name: String
  /// What it is, in a sentence without its full stop.
  package let meaning: String
  package let range: NumberRange
  package let defaultValue: Double

  /// As an option of the command line: "huber-delta".
  package var option: String { "\(loss)-\(name)" }
  /// As a key of the metadata in model files: "huber_delta".
  package var metadataKey: String { String(option.map { $0 == "-" ? "_" : $0 }) }
  /// As a key of logs: "huberDelta".
  package var key: String { NameWithSettings.key(option) }
  /// Meaning and values in a line, for the help of a program.
  package var help: String { "\(meaning): \(range.expectation())." }
}

/// A parameter's record, and where it is in the loss.
struct LossPlace<L: Loss>: Sendable {
  let name: String
  let meaning: String
  let range: NumberRange
  let path: WritableKeyPath<L, Double> & Sendable

  init(
    _ name: String, _ meaning: String, _ range: NumberRange, _ path: WritableKeyPath<L, Double> & Sendable
  ) {
    (self.name, self.meaning, self.range, self.path) = (name, meaning, range, path)
  }
}
