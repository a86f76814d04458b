/// How examples become ready for training: where they come from, what is held out, how they are weighted and
/// standardised, and for which loss.
///
/// ```swift
/// var preparation = DataPreparation(table)
/// preparation.standardizesFeatures = true
/// preparation.validation = .fraction(0.2)
/// let data = try preparation.load(as: Float.self)
/// ```
public struct DataPreparation: Sendable, Equatable {
  /// What is held out.
  public enum Validation: Sendable, Equatable {
    case none
    /// Files of any kind that the examples may be in: one, or features and labels.
    case files(DataFiles.Location)
    /// A seeded part of the examples, above 0 and below 1.
    case fraction(Double)

    /// One file of any kind that the examples may be in.
    public static func file(_ path: String) -> Validation { .files(.file(path)) }
  }

  /// Where examples are, which column holds the labels, and when features stay in their file. What the loss and the
  /// model settle, such as `targetKind` or `featureCount`, is set in loading.
  public var files: DataFiles
  /// What training makes small. Nil is the loss of the model that training goes on from, or cross-entropy.
  public var loss: NamedLoss?
  /// Whether whole numbers may be numbers to predict, and are not taken for class numbers.
  public var allowsIntegerTargets = false
  /// Whether features are standardised by the training rows. A model that training goes on from has its own way.
  public var standardizesFeatures = false
  /// Whether numbers to predict are; nil for where the loss is one of differences.
  public var standardizesTargets: Bool?
  public var validation = Validation.none
  /// Examples on which nothing is chosen: one file, or features and labels.
  public var test: DataFiles.Location?
  /// A file of weights of the examples: npy [N], each at least 0. Those of a part that is held out go with it. A column
  /// of a table is `DataFiles.weightColumn`.
  public var sampleWeights: String?
  /// Whether every class weighs the same in total.
  public var balancesClasses = false
  /// Weights of classes by name, by which those of their examples are multiplied; classes that are not named weigh 1.
  public var classWeights: [String: Double] = [:]
  /// A file of the names of the classes, in their order: a name a line, or a JSON array. Labels are names, or their
  /// numbers from 0.
  public var classNames: String?
  /// Of the part that is held out.
  public var seed: UInt64 = 0

  /// Of files that are described in full.
  public init(_ files: DataFiles) { self.files = files }

  /// Of a .csv, .npz, .svm or .libsvm file. Features above half of the machine's memory stay in their file.
  public init(_ path: String) {
    files = DataFiles(.file(path))
    files.memoryLimit = MemoryLimit.standard
  }

  /// Throws if an option is out of its range or does not go with another.
  public func check() throws(OptionError) {
    if case .fraction(let fraction) = validation {
      try OptionError.check(fraction > 0 && fraction < 1, "validation-fraction", "between 0 and 1", got: fraction)
    }
    guard !balancesClasses || classWeights.isEmpty else {
      throw OptionError("class-weight", "is either balanced or weights by name")
    }
    guard sampleWeights == nil || files.weightColumn == nil else {
      throw OptionError("sample-weights", "or a column of weights, not both")
    }
    guard let loss else { return }
    guard !balancesClasses && classWeights.isEmpty || loss.form.targetKind == .classes else {
      throw OptionError("class-weight", "is for classes, and the \(loss.form.name) loss for numbers to predict")
    }
    guard standardizesTargets != true || loss.form.standardizesTargets else {
      throw OptionError("standardize-targets", "goes with the squared or the huber loss, got \(loss.form.name)")
    }
    guard !allowsIntegerTargets || loss.form.targetKind != .classes else {
      throw OptionError("integer-targets", "is for numbers to predict, and cross-entropy for classes")
    }
  }

  /// The loss for what is trained.
  func loss<S>(for model: ModelSpecification<S>) -> any Loss {
    loss?.loss ?? model.initial?.loss ?? CrossEntropy()
  }

  /// The files that are read beside the training set.
  private var otherLocations: [DataFiles.Location] {
    var locations = [test].compactMap { $0 }
    if case .files(let location) = validation { locations.append(location) }
    return locations
  }

  private func targetKind(of loss: any Loss) -> DataFiles.TargetKind {
    let kind = LossForm(loss)?.targetKind ?? .numbers
    return allowsIntegerTargets && kind == .measurements ? .numbers : kind
  }

  /// Reads and prepares the examples for what is trained.
  ///
  /// - Parameters:
  ///   - model: settles the number of features, and how they are standardised where training goes on from it.
  ///   - note: is told what a person should know, such as which column holds the labels.
  /// - Throws: `OptionError`, and `FileError` or `DataError` with the place, what was expected and what was got.
  public func load<S: RealScalar>(
    as type: S.Type = S.self, for model: ModelSpecification<S> = ModelSpecification(),
    note: (String) -> Void = { _ in }
  ) throws -> DataPreparation.Result<S> {
    try check()
    try model.initial?.check()
    let loss = loss(for: model)
    var files = files
    files.featureCount = model.inputWidth
    if let base = model.initial?.indexBase { files.indexBase = base }
    files.targetKind = targetKind(of: loss)
    files.targetNames = model.initial?.targetNames ?? []
    if let initial = model.initial {
      (files.table, files.followsModel) = (initial.table, true)
    }
    files.labelsPerExample = model.network?.rowsPerExample ?? 1
    files.known = model.knownClasses(isCertain: self.loss != nil)
    files.classNames = try classNames.map { path throws(FileError) in try LabelFile.read(path).all }
    files.sparseBelow = model.takesSparseFeatures ? DataFiles.sparseDensity : 0
    // What is wanted of tables may be wanted of those alone that are held out.
    let isOfOthers = try otherLocations.contains { try files.isTable($0) }
    let loaded: DataFiles.Loaded<S> = try (isOfOthers ? files.elsewhere(files.location) : files).load()
    files.sparseBelow = loaded.data.features.isSparse ? .infinity : 0
    for remark in loaded.remarks { note("\(loaded.data.source): \(remark)") }
    try loaded.data.check(loss)
    if model.network == nil { try checkHead(loaded.data) }
    files.featureCount = loaded.data.featureCount
    files.indexBase = loaded.indexBase ?? .automatic
    (files.table, files.followsModel) = (loaded.table, true)
    (files.columns, files.droppedColumns) = ([], [])
    if loaded.table?.isNamed == true { files.weightColumn = nil }
    // Other tables have these columns by name, wherever they are.
    if loaded.table?.isNamed == true { (files.labelColumn, files.targetColumns) = (nil, []) }
    var data = DataPreparation.Result(training: loaded.data, loss: loss, indexBase: loaded.indexBase)
    (data.memoryLimit, data.table) = (files.memoryLimit, loaded.table)
    data.test = try test.map { try more($0, files, for: loaded.data, loss, note) }
    if case .files(let held) = validation { data.validation = try more(held, files, for: loaded.data, loss, note) }
    try arrange(&data, model, note)
    return data
  }

  /// Throws where a linear head for `data` needs more memory than there is, before any of it is asked for.
  private func checkHead<S>(_ data: Dataset<S>) throws(DataError) {
    let (outputs, width) = (data.outputCount, data.featureCount)
    // Parameters, a gradient, a direction and the one before.
    let bytes = 4 * Double(MemoryLayout<S>.stride) * Double(outputs) * Double(width)
    let most = 2 * Double(MemoryLimit.standard)
    guard bytes > most else { return }
    throw DataError(
      data.source,
      "a linear head of \(width) features and \(outputs) outputs needs \(NumberText.significant(bytes * 1e-9)) GB, and "
        + "there are \(NumberText.significant(most * 1e-9)) GB")
  }

  /// Prepares examples that are in memory already; `files` and `test` play no part.
  ///
  /// - Parameter validation: takes the place of a part that is held out.
  /// - Throws: `OptionError`, `FileError` for sample weights that cannot be read, and `DataError`.
  public func prepare<S: RealScalar>(
    _ training: Dataset<S>, validation: Dataset<S>? = nil, for model: ModelSpecification<S> = ModelSpecification(),
    note: (String) -> Void = { _ in }
  ) throws -> DataPreparation.Result<S> {
    try check()
    try model.initial?.check()
    let names = model.initial?.isClassifier == true ? model.initial!.classNames : []
    let (training, validation) = (training.joining(names), validation?.joining(names))
    var data = DataPreparation.Result(training: training, validation: validation, loss: loss(for: model))
    for part in data.parts { try part.check(data.loss) }
    try arrange(&data, model, note)
    return data
  }

  /// Splits, weighs and standardises.
  private func arrange<S>(
    _ data: inout DataPreparation.Result<S>, _ model: ModelSpecification<S>, _ note: (String) -> Void
  ) throws {
    if let sampleWeights {
      do {
        try data.training.setWeights(SampleWeights.converted(NPY.vector(sampleWeights)))
      } catch let error as DataError {
        throw error.of(sampleWeights)
      }
    }
    if data.validation == nil, case .fraction(let fraction) = validation {
      let parts = try data.training.split(validationFraction: fraction, seed: seed)
      (data.training, data.validation) = (parts.training, parts.validation)
    }
    if balancesClasses { try data.training.balanceClasses() }
    if !classWeights.isEmpty { try data.training.weighClasses(classWeights) }
    let fitted = standardizesFeatures && model.initial?.standardization == nil
    data.standardization =
      try fitted ? Standardization(fitting: data.training.features) : model.initial?.standardization
    if let far = data.standardization?.columnsTooFarFromZero(in: S.self), let first = far.first {
      let more = far.count == 1 ? "" : " and \(far.count - 1) more"
      note(
        "feature \(first)\(more): the mean is so far above the deviation that numbers in \(S.precisionName) keep few digits "
          + "of what tells examples apart")
    }
    if let entries = data.training.features.entryCount {
      let centred = data.standardization == nil ? "" : "; they are scaled, not centred, which would fill them"
      let share = Double(entries) / (Double(data.training.count) * Double(data.training.featureCount))
      note("sparse features, \(NumberText.percent(share)) of them not zero\(centred)")
    }
    if let standardization = data.standardization {
      try data.update { (part) throws(DataError) in try part.standardize(standardization) }
    }
    if let targets = targetStandardization(of: data, model.initial) {
      try data.update { (part) throws(DataError) in try part.standardizeTargets(targets) }
    }
  }

  /// How to standardise targets; nil for not at all. A model that training goes on from has its own units.
  private func targetStandardization<S>(of data: DataPreparation.Result<S>, _ initial: ModelFile<S>?)
    -> Standardization?
  {
    let isDefault = initial == nil && LossForm(data.loss)?.standardizesTargets == true
    let isWanted = standardizesTargets ?? (isDefault || initial?.targetStandardization != nil)
    guard let values = data.training.values, isWanted else { return nil }
    return initial?.targetStandardization ?? Standardization(fitting: values)
  }

  /// Further examples, with the classes or the targets of the training set.
  private func more<S>(
    _ location: DataFiles.Location, _ files: DataFiles, for training: Dataset<S>, _ loss: any Loss,
    _ note: (String) -> Void
  ) throws -> Dataset<S> {
    var files = try files.elsewhere(location)
    try files.checkHoldsLabels("a second file, which holds them")
    if training.classCount > 0 { return try files.load(classNames: training.classNames, note: note) }
    // What the training set's numbers are has been settled.
    (files.targetKind, files.targetNames) = (.numbers, training.targetNames)
    let loaded: DataFiles.Loaded<S> = try files.load()
    for remark in loaded.remarks { note("\(files.name): \(remark)") }
    try loaded.data.check(loss)
    return loaded.data
  }
}
