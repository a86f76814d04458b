import LinearAlgebra
import Losses
import Models
import Optimization

extension ModelFile {
  /// Applies the standardisations to data of their own units.
  public func standardize(_ data: inout Dataset<Scalar>) throws(DataError) {
    if let standardization { try data.standardize(standardization) }
    if let targetStandardization { try data.standardizeTargets(targetStandardization) }
  }

  /// How good it is on `data`, which have been standardised as the model wants them: see `Evaluator`.
  public func evaluate(_ data: Dataset<Scalar>, l2: Double = 0) throws -> Evaluation {
    func run(_ model: some Model<Scalar>) throws -> Evaluation {
      var evaluator = Evaluator(Objective(model, loss: loss, l2: l2))
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
  public func load<Scalar>(for file: ModelFile<Scalar>) throws -> Dataset<Scalar> {
    targetKind == .classes ? try load(classNames: file.classNames) : try load().data
  }
}
