import LinearAlgebra
import Losses
import Models
import Optimization

extension ModelFile {
  /// Whether outputs are logits of classes, and not numbers.
  public var isClassifier: Bool { loss is CrossEntropy }

  /// Throws where parameters, names, standardisations or temperature are not as the model wants them, as may be after
  /// they were set by hand. What is read from a file has been checked.
  public func check() throws(DataError) {
    func check(_ isValid: Bool, _ message: @autoclosure () -> String) throws(DataError) {
      if !isValid { throw DataError("", "the model: \(message())") }
    }
    let (width, outputs) = (model.inputWidth, model.outputWidth)
    try check(parameters.layout == model.layout, "expected parameters of its own layout")
    let names = isClassifier ? classNames : targetNames
    try check(names.count == outputs, "expected names of \(outputs) outputs, got \(names.count)")
    for (part, count) in [(standardization, width), (targetStandardization, outputs)] {
      guard let part else { continue }
      let isValid = part.mean.allSatisfy(\.isFinite) && part.scale.allSatisfy { $0 > 0 && $0.isFinite }
      try check(
        part.mean.count == count && part.scale.count == count && isValid,
        "expected a standardisation of \(count) finite means and scales above 0")
    }
    if let temperature {
      try check(Self.temperatures.contains(temperature), "expected a temperature from 1e-6 to 1e6, got \(temperature)")
    }
  }

  /// Applies the standardisations to data of their own units.
  public func standardize(_ data: inout Dataset<Scalar>) throws(DataError) {
    if let standardization { try data.standardize(standardization) }
    if let targetStandardization { try data.standardizeTargets(targetStandardization) }
  }

  /// How good it is on `data`, which have been standardised as the model wants them: see `Evaluator`.
  /// The objective is the one it was trained on, with its penalty `l2`.
  public func evaluate(_ data: Dataset<Scalar>) throws -> Evaluation {
    func run(_ model: some Model<Scalar>) throws -> Evaluation {
      var evaluator = Evaluator(Objective(model, loss: loss, l2: l2 ?? 0))
      return try evaluator.evaluate(parameters, data)
    }
    return try run(model)
  }

  /// Calls `body` with the outputs of each block of rows of standardised features, and the number of its first row: see
  /// `Evaluator`.
  public func forEachBlock(
    _ features: Features<Scalar>, _ body: (inout Matrix<Scalar>, Int) throws -> Void
  ) throws {
    func run(_ model: some Model<Scalar>) throws {
      var evaluator = Evaluator(Objective(model, loss: loss))
      try evaluator.forEachBlock(parameters, features, body)
    }
    try run(model)
  }

  /// Turns outputs [b, K] of a regression into predictions of the targets, in their own units.
  public func predict(_ outputs: inout Matrix<Scalar>) {
    if let function = loss as? any ElementwiseLoss {
      outputs.assign(outputs.elements.map { Scalar(function.prediction(of: Double($0))) })
    }
    targetStandardization?.revert(&outputs)
  }
}

extension DataFiles {
  /// Data to be used with a model, in their own units.
  ///
  /// - Parameter note: is told what a person should know, such as which columns were ignored.
  public func load<Scalar>(
    for file: ModelFile<Scalar>, note: (String) -> Void = { _ in }
  ) throws -> Dataset<Scalar> {
    if targetKind == .classes { return try load(classNames: file.classNames, note: note) }
    let loaded: Loaded<Scalar> = try load()
    for remark in loaded.remarks { note("\(name): \(remark)") }
    return loaded.data
  }
}
