import ArgumentParser
import FastGaussNewton

/// What is made of the examples for training: loss, validation, weights, standardisation.
struct TrainingRowArguments: ParsableArguments {
  enum ClassWeight: String, ExpressibleByArgument, CaseIterable { case balanced }

  @OptionGroup var losses: LossArguments

  @Option(help: "Validation examples: one file of any kind that DATA may be.")
  var validation: String?
  @Option(help: "Fraction of the examples to hold out for validation, between 0 and 1.")
  var validationFraction: Double?
  @Flag(help: "Standardise features by the training rows; the model remembers how.")
  var standardize = false
  @Option(help: "A weight for each example, .npy [N], at least 0.")
  var sampleWeights: String?
  @Option(help: "'balanced' weighs every class the same in total.")
  var classWeight: ClassWeight?

  var hasValidation: Bool { validation != nil || validationFraction != nil }

  func validate() throws {
    try require(validation == nil || validationFraction == nil, "Give --validation or --validation-fraction, not both.")
    try require(
      validationFraction.map { $0 > 0 && $0 < 1 } ?? true,
      "--validation-fraction must be between 0 and 1, got \(validationFraction ?? 0).")
    try require(
      classWeight == nil || losses.loss?.form.targetKind ?? .classes == .classes,
      "--class-weight is for classes, and --loss \(losses.loss?.form.name ?? "") for numbers to predict.")
    try require(
      sampleWeights == nil || validationFraction == nil,
      "--sample-weights has a weight for each training row: give --validation, not --validation-fraction.")
  }

  /// How examples become ready for training.
  ///
  /// - Parameters:
  ///   - fraction: held out for validation where the options do not say.
  ///   - test: a file of examples for testing.
  ///   - seed: of the split.
  func preparation(
    _ arguments: DataArguments, seed: UInt64, fraction: Double? = nil, test: String? = nil
  ) -> DataPreparation {
    var preparation = DataPreparation(arguments.files)
    preparation.loss = (try? losses.named()) ?? nil
    preparation.allowsIntegerTargets = losses.integerTargets
    preparation.standardizesFeatures = standardize
    preparation.standardizesTargets = losses.standardizeTargets
    preparation.validation =
      validation.map { .file($0) } ?? (validationFraction ?? fraction).map { .fraction($0) } ?? .none
    (preparation.sampleWeights, preparation.test, preparation.seed) = (sampleWeights, test, seed)
    preparation.balancesClasses = classWeight == .balanced
    return preparation
  }
}
