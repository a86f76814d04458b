import ArgumentParser
import FastGaussNewton

extension LossName: ExpressibleByArgument {}

/// What training makes small, and what it takes labels for.
struct LossArguments: ParsableArguments {
  @Option(
    help: """
      cross-entropy for classes; squared, huber or poisson (of counts, by the logarithm of their rate) for numbers to \
      predict. As --initial says, or cross-entropy.
      """)
  var loss: LossName?

  @Option(help: "Where the Huber loss turns from squared to linear, in units of the targets as they are trained on.")
  var huberDelta: Double?

  @Flag(
    inversion: .prefixedNo,
    help: "Standardise numbers to predict by the training rows; results are in their own units. For squared and huber.")
  var standardizeTargets: Bool?

  @Flag(help: "Whole numbers may be numbers to predict: do not take them for class numbers.")
  var integerTargets = false

  func validate() throws {
    guard huberDelta == nil || loss == .huber else { throw ValidationError("--huber-delta goes with --loss huber.") }
    guard huberDelta.map({ $0 > 0 && $0.isFinite }) ?? true else {
      throw ValidationError("--huber-delta must be above 0, got \(huberDelta ?? 0).")
    }
    guard standardizeTargets != true || loss.map(\.standardizesTargets) ?? true else {
      throw ValidationError("--standardize-targets goes with --loss squared or huber.")
    }
    guard !integerTargets || loss != .crossEntropy else {
      throw ValidationError("--integer-targets is for numbers to predict, and --loss cross-entropy for classes.")
    }
  }

  /// The loss that options name, for a model that starts anew, or for one in a file.
  var chosen: (any Loss)? { loss?.loss(huberDelta: huberDelta ?? 1) }
}
