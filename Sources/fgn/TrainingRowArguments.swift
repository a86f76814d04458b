import ArgumentParser
import FastGaussNewton

/// What is made of the examples for training: loss, validation, weights, standardisation.
struct TrainingRowArguments: ParsableArguments {

  @OptionGroup var losses: LossArguments

  @Option(
    parsing: .upToNextOption,
    help: "Validation examples: one file of any kind that DATA may be, or two, features and their labels.")
  var validation: [String] = []
  @Option(help: "Fraction of the examples to hold out for validation, between 0 and 1.")
  var validationFraction: Double?
  @Flag(help: "Standardise features by the training rows; the model remembers how.")
  var standardize = false
  @Option(help: "A weight for each example, .npy [N], at least 0.")
  var sampleWeights: String?
  @Option(
    help: """
      'balanced' weighs every class the same in total; a=2,b=1 multiplies the weights of examples by those of their \
      classes, 1 for those not named; or a file of such weights, .json {"a": 2} or .csv.
      """)
  var classWeight: String?
  @Option(
    help: """
      The names of the classes, in order: a name a line, or .json. Labels are names, or their numbers from 0.
      """)
  var classNames: String?

  var hasValidation: Bool { !validation.isEmpty || validationFraction != nil }

  func validate() throws {
    try require(
      validation.isEmpty || validationFraction == nil, "Give --validation or --validation-fraction, not both.")
    try require(
      validationFraction.map { $0 > 0 && $0 < 1 } ?? true,
      "--validation-fraction must be between 0 and 1, got \(validationFraction ?? 0).")
    try require(
      classWeight == nil || losses.loss?.form.targetKind ?? .classes == .classes,
      "--class-weight is for classes, and --loss \(losses.loss?.form.name ?? "") for numbers to predict.")
    try require(
      classWeight.map { $0 == "balanced" || isFile($0) || ClassWeights.parse($0) != nil } ?? true,
      "--class-weight must be balanced, weights by name such as a=2,b=1, or a .json or .csv file, got \(classWeight ?? "")."
    )
  }

  private func isFile(_ text: String) -> Bool { [".json", ".csv"].contains(where: FileContent.name(text).hasSuffix) }

  /// How examples become ready for training.
  ///
  /// - Parameters:
  ///   - fraction: held out for validation where the options do not say.
  ///   - test: one file of examples for testing, or features and labels.
  ///   - seed: of the split.
  func preparation(
    _ arguments: DataArguments, seed: UInt64, fraction: Double? = nil, test: [String] = []
  ) throws -> DataPreparation {
    var preparation = DataPreparation(arguments.files)
    preparation.loss = (try? losses.named()) ?? nil
    preparation.allowsIntegerTargets = losses.integerTargets
    preparation.standardizesFeatures = standardize
    preparation.standardizesTargets = losses.standardizeTargets
    preparation.validation =
      DataFiles.Location(validation).map { .files($0) } ?? (validationFraction ?? fraction).map { .fraction($0) }
      ?? .none
    preparation.test = DataFiles.Location(test)
    (preparation.sampleWeights, preparation.seed) = (sampleWeights, seed)
    preparation.balancesClasses = classWeight == "balanced"
    preparation.classNames = classNames
    if let classWeight, classWeight != "balanced" {
      preparation.classWeights =
        try isFile(classWeight) ? ClassWeights.read(classWeight) : ClassWeights.parse(classWeight)!
    }
    return preparation
  }
}
