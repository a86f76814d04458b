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
    func check(_ condition: Bool, _ message: String) throws { if !condition { throw ValidationError(message) } }
    try check(validation == nil || validationFraction == nil, "Give --validation or --validation-fraction, not both.")
    try check(
      validationFraction.map { $0 > 0 && $0 < 1 } ?? true,
      "--validation-fraction must be between 0 and 1, got \(validationFraction ?? 0).")
    try check(
      classWeight == nil || losses.loss?.form.targetKind ?? .classes == .classes,
      "--class-weight is for classes, and --loss \(losses.loss?.form.name ?? "") for numbers to predict.")
    try check(
      sampleWeights == nil || validationFraction == nil,
      "--sample-weights has a weight for each training row: give --validation, not --validation-fraction.")
  }

  /// Data for `network`, or for a linear head; weighted and standardised as the options and `initial` say.
  ///
  /// - Parameters:
  ///   - fraction: held out for validation where the options do not say.
  ///   - test: a file of examples for testing.
  ///   - seed: of the split.
  func load<S: RealScalar>(
    _ arguments: DataArguments, for network: Network<S>?, _ initial: ModelFile<S>?, seed: UInt64,
    fraction: Double? = nil, test: String? = nil
  ) throws -> TrainingData<S> {
    let loss = losses.chosen ?? initial?.loss ?? CrossEntropy()
    let width = network?.inputWidth ?? initial?.model.inputWidth
    var files = arguments.files(
      featureCount: width, indexBase: initial?.indexBase, losses.targetKind(of: loss))
    files.targetNames = initial?.targetNames ?? []
    files.labelsPerExample = network?.rowsPerExample ?? 1
    let takesSparse = network == nil && initial?.model.takesSparseFeatures ?? true
    files.sparseBelow = takesSparse && initial?.standardization?.isScaling ?? true ? DataFiles.sparseDensity : 0
    let loaded: DataFiles.Loaded<S> = try files.load()
    files.sparseBelow = loaded.data.features.isSparse ? .infinity : 0
    if let remark = loaded.remark { logger.info("\(loaded.data.source): \(remark)") }
    try loaded.data.check(loss)
    var data = TrainingData(training: loaded.data, loss: loss, indexBase: loaded.indexBase)
    files.featureCount = loaded.data.featureCount
    files.indexBase = loaded.indexBase ?? .automatic
    data.test = try test.map { try more($0, files, for: loaded.data, loss) }
    if let validation {
      data.held = try more(validation, files, for: loaded.data, loss)
    } else if let fraction = validationFraction ?? fraction {
      let parts = try loaded.data.split(validationFraction: fraction, seed: seed)
      (data.training, data.held) = (parts.training, parts.validation)
    }
    if let sampleWeights {
      do {
        try data.training.setWeights(NPY.vector(sampleWeights))
      } catch let error as DataError {
        throw DataError(sampleWeights, error.message)
      }
    }
    if classWeight == .balanced { try data.training.balanceClasses() }
    data.standardization =
      try initial?.standardization ?? (standardize ? try Standardization(fitting: data.training.features) : nil)
    if let entries = data.training.features.entryCount {
      let centred = data.standardization == nil ? "" : "; they are scaled, not centred, which would fill them"
      let share = Double(entries) / (Double(data.training.count) * Double(data.training.featureCount))
      logger.info("sparse features, \(NumberText.percent(share)) of them not zero\(centred)")
    }
    if let standardization = data.standardization {
      try data.update { (part) throws(DataError) in try part.standardize(standardization) }
    }
    if let targets = losses.targetStandardization(of: data.training, loss, initial) {
      try data.update { (part) throws(DataError) in try part.standardizeTargets(targets) }
    }
    return data
  }

  /// Further examples, with the classes or the targets of the training set.
  private func more<S>(
    _ path: String, _ files: DataFiles, for training: Dataset<S>, _ loss: any Loss
  ) throws -> Dataset<S> {
    var files = files
    files.location = .file(path)
    if training.classCount > 0 { return try files.load(classNames: training.classNames) }
    // What the training set's numbers are has been settled.
    (files.targetKind, files.targetNames) = (.numbers, training.targetNames)
    let data: Dataset<S> = try files.load().data
    try data.check(loss)
    return data
  }
}

/// What files and options make of the data.
struct TrainingData<S: RealScalar> {
  var training: Dataset<S>
  var held: Dataset<S>?
  var test: Dataset<S>?
  var loss: any Loss
  var standardization: Standardization?
  var indexBase: LIBSVM.IndexBase?

  mutating func update(_ body: (inout Dataset<S>) throws(DataError) -> Void) throws(DataError) {
    try body(&training)
    if held != nil { try body(&held!) }
    if test != nil { try body(&test!) }
  }

  /// For people: "26 classes".
  var targetText: String {
    let (classes, targets) = (training.classCount, training.outputCount)
    return classes > 0 ? "\(classes) classes" : "\(targets) target\(targets == 1 ? "" : "s"), \(loss.name) loss"
  }
}
