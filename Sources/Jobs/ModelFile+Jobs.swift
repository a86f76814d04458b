extension ModelFile {
  /// A model as training leaves it: with the loss, the classes or targets and the standardisations of the data.
  ///
  /// - Throws: `NoModelError` for parameters that are not finite.
  init<M: Model>(
    trained objective: Objective<M>, _ parameters: Parameters<Scalar>, on data: DataPreparation.Result<Scalar>,
    seed: UInt64
  ) throws(NoModelError) where M.Scalar == Scalar {
    guard parameters.values.isFinite else {
      throw NoModelError(
        code: .diverged, source: data.training.source,
        message: "the parameters are not finite; standardise the features")
    }
    self.init(
      model: objective.model, parameters: parameters, loss: objective.loss, trainedOn: data.training)
    (standardization, indexBase, producer) = (data.standardization, data.indexBase, Producer.name)
    (l2, self.seed) = (objective.l2, seed)
    table = data.table
    if isClassifier { labelKind = ClassLabels(classNames).kind }
  }

  /// The examples of files with labels, as this model wants them: checked against it and standardised.
  ///
  /// - Parameter note: is told what a person should know, such as which columns were ignored.
  /// - Throws: `FileError` or `DataError` with the place, what was expected and what was got.
  public func examples(in files: DataFiles, note: (String) -> Void = { _ in }) throws -> Dataset<Scalar> {
    try check()
    var data: Dataset<Scalar> = try files.adapted(to: self).load(for: self, note: note)
    try prepare(&data)
    return data
  }

  /// Checks labelled examples in their own units against the model, and standardises them.
  func prepare(_ data: inout Dataset<Scalar>) throws(DataError) {
    try check()
    try data.check(loss)
    guard data.featureCount == model.inputWidth else {
      throw DataError(data.source, "expected \(model.inputWidth) features, as the model has, got \(data.featureCount)")
    }
    try data.checkFit(model)
    try standardize(&data)
  }
}

extension DataFiles {
  /// The files as a model reads them: with its number of features, its targets and its index base.
  public func adapted<S>(to file: ModelFile<S>) -> DataFiles {
    var files = self
    files.featureCount = file.model.inputWidth
    if let base = file.indexBase { files.indexBase = base }
    files.targetKind = file.isClassifier ? .classes : .numbers
    files.targetNames = file.targetNames
    (files.table, files.followsModel) = (file.table, true)
    files.labelsPerExample = file.model.rowsPerExample
    let takesSparse = file.model.takesSparseFeatures && file.standardization?.isScaling ?? true
    files.sparseBelow = takesSparse ? DataFiles.sparseDensity : 0
    return files
  }
}
