import ArgumentParser
import FastGaussNewton

/// What training makes small, and what it takes labels for.
struct LossArguments: ParsableArguments {
  @Option(
    help: """
      cross-entropy for classes; squared, huber or poisson (of counts, by the logarithm of their rate) for numbers to \
      predict; parameters may follow, such as huber:delta=0.5. As --initial says, or cross-entropy.
      """,
    transform: { text in
      do { return try NamedLoss(text) } catch { throw ValidationError("\(error)") }
    })
  var loss: NamedLoss?

  @Option(.parameter("huber-delta")) var huberDelta: String?

  /// Parameters of losses that have an option of the command too.
  private static let declared: [(option: String, path: KeyPath<LossArguments, String?> & Sendable)] = [
    ("huber-delta", \.huberDelta)
  ]

  @Flag(
    inversion: .prefixedNo,
    help: "Standardise numbers to predict by the training rows; results are in their own units. For squared and huber.")
  var standardizeTargets: Bool?

  @Flag(help: "Whole numbers may be numbers to predict: do not take them for class numbers.")
  var integerTargets = false

  func validate() throws {
    _ = try named()
    guard standardizeTargets != true || loss.map(\.form.standardizesTargets) ?? true else {
      let names = LossForm.all.filter(\.standardizesTargets).map(\.name).joined(separator: " or ")
      throw ValidationError("--standardize-targets goes with --loss \(names).")
    }
    guard !integerTargets || loss?.form.targetKind != .classes else {
      throw ValidationError("--integer-targets is for numbers to predict, and --loss cross-entropy for classes.")
    }
  }

  /// The loss that options name, for a model that starts anew, or for one in a file.
  var chosen: (any Loss)? { try? named()?.loss }

  /// The loss with the parameters that were given.
  func named() throws -> NamedLoss? {
    var result = loss
    for (option, path) in Self.declared {
      guard let value = self[keyPath: path], let parameter = LossForm.parameter(option) else { continue }
      guard loss?.form.name == parameter.loss else {
        throw ValidationError("--\(option) goes with --loss \(parameter.loss).")
      }
      do { try result?.set(parameter.name, to: value) } catch {
        throw ValidationError("--\(option) must be \(parameter.range.expectation()), got \(value).")
      }
    }
    return result
  }

}

extension Option where Value == String? {
  /// A parameter of a loss, declared by its record.
  init(_ parameter: LossParameter) {
    self.init(name: .customLong(parameter.option), help: ArgumentHelp(parameter.help))
  }
}

extension LossParameter {
  /// - Precondition: some loss has it.
  static func parameter(_ option: String) -> LossParameter { LossForm.parameter(option)! }
}
