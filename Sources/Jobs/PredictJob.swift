/// Answers of a model for examples: classes, probabilities or the highest classes of a classifier, numbers of a
/// regression.
///
/// ```swift
/// let prediction = try PredictJob(.top(3)).run(again, on: DataFiles(.file(table)))
/// try prediction.write(to: answers)
/// ```
public struct PredictJob: Sendable, Equatable {
  /// What is asked for. A regression answers `classes` with its numbers, and refuses the others.
  public enum Form: Sendable, Equatable {
    case classes, probabilities
    /// So many of the highest classes, the highest first, and their probabilities.
    case top(Int)
  }

  public var form: Form

  public init(_ form: Form = .classes) { self.form = form }

  /// Throws if an option is out of its range.
  public func check() throws(OptionError) {
    if case .top(let k) = form { try OptionError.check(k >= 1, "top-k", "1 or more", got: k) }
  }

  /// Throws `OptionError` where the model cannot answer in this form.
  public func check<S>(_ model: ModelFile<S>) throws(OptionError) {
    try check()
    guard model.isClassifier || form == .classes else {
      throw OptionError(
        form == .probabilities ? "probabilities" : "top-k", "is for classes; this model predicts numbers",
        code: .badData)
    }
    let classes = model.model.outputWidth
    guard case .top(let k) = form, k > classes else { return }
    throw OptionError("top-k", "must be at most the model's \(classes) classes, got \(k)", code: .badData)
  }

  /// Answers the examples of files, in their own units. Labels are passed over.
  ///
  /// - Parameter note: is told what a person should know, such as which columns were ignored.
  /// - Throws: `OptionError`, and `FileError` or `DataError` with the place, what was expected and what was got.
  public func run<S: RealScalar>(
    _ model: ModelFile<S>, on files: DataFiles, note: (String) -> Void = { _ in }
  ) throws -> PredictJob.Prediction<S> {
    try check(model)
    try model.check()
    let rows: DataFiles.Rows<S> = try files.adapted(to: model).loadRows(width: model.model.inputWidth)
    for remark in rows.remarks { note("\(files.name): \(remark)") }
    var prediction = try answer(model, rows.features, files.name)
    (prediction.ids, prediction.idName, prediction.unanswered) = (rows.ids, rows.idName, rows.incomplete)
    let count = rows.incomplete.count
    if count > 0 {
      note("\(files.name): \(count) row\(count == 1 ? "" : "s") without an answer, as a value is missing")
    }
    return prediction
  }

  /// Answers examples [N, D] in memory or in a file, in their own units.
  ///
  /// - Parameter source: what errors call them.
  public func run<S: RealScalar>(
    _ model: ModelFile<S>, on features: Features<S>, source: String = ""
  ) throws -> PredictJob.Prediction<S> {
    try check(model)
    try model.check()
    guard features.columns == model.model.inputWidth else {
      throw DataError(
        source, "expected \(model.model.inputWidth) features, as the model has, got \(features.columns)")
    }
    return try answer(model, features, source)
  }

  private func answer<S>(_ model: ModelFile<S>, _ features: Features<S>, _ source: String) throws
    -> PredictJob.Prediction<S>
  {
    func check(_ model: some Model<S>) throws(DataError) { try Dataset.checkFit(features, model, source) }
    try check(model.model)
    var predictor = Predictor(model)
    predictor.source = source
    return try answer(model, predictor, features)
  }

  func answer<S>(
    _ model: ModelFile<S>, _ predictor: Predictor<S>, _ features: Features<S>
  ) throws -> PredictJob.Prediction<S> {
    let answers: PredictJob.Prediction<S>.Answers =
      if !model.isClassifier {
        .numbers(try predictor.numbers(of: features))
      } else {
        switch form {
        case .classes: .classes(try predictor.classes(of: features))
        case .probabilities: .probabilities(try predictor.probabilities(of: features))
        case .top(let k): .top(try predictor.top(k, of: features))
        }
      }
    let positions = model.model.rowsPerExample
    var prediction = PredictJob.Prediction(
      answers: answers, names: model.isClassifier ? model.classNames : model.targetNames,
      shape: positions == 1 ? [features.rows] : [features.rows, positions])
    prediction.classValues = model.classNumbers
    return prediction
  }
}
