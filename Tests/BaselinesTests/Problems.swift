import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport

/// A model, a loss, where it starts and a batch.
struct Problem<ModelType: Model> {
  typealias Scalar = ModelType.Scalar
  var model: ModelType
  var loss: any Loss
  var parameters: Parameters<Scalar>
  var batch: Batch<Scalar>

  func value(at parameters: Parameters<Scalar>, l2: Double = 0) -> Double {
    var objective = ObjectivePoint(Objective(model, loss: loss, l2: l2))
    return objective.evaluate(at: parameters, batch: batch)
  }

  func gradient(at parameters: Parameters<Scalar>, l2: Double = 0) -> [Scalar] {
    var objective = ObjectivePoint(Objective(model, loss: loss, l2: l2))
    var result: [Scalar] = []
    _ = objective.evaluate(at: parameters, batch: batch)
    objective.gradient(into: &result)
    return result
  }
}

enum Problems {
  static func weights<S: RealScalar>(_ count: Int, _ generator: inout SeededGenerator) -> [S] {
    (0..<count).map { _ in S(0.5 + generator.uniform()) }
  }

  /// A linear model and the squared loss: the objective is a quadratic.
  static func quadratic<S: RealScalar>(
    seed: UInt64, batch: Int = 30, features: Int = 5, outputs: Int = 2, as type: S.Type = S.self
  ) -> Problem<LinearHead<S>> {
    var generator = SeededGenerator(seed: seed)
    let model = LinearHead<S>(features: features, classes: outputs)
    let x: Matrix<S> = generator.matrix(batch, features)
    let y: Matrix<S> = generator.matrix(batch, outputs)
    return Problem(
      model: model, loss: SquaredLoss(), parameters: Parameters(layout: model.layout),
      batch: Batch(inputs: Inputs(x), targets: .values(y), weights: weights(batch, &generator)))
  }

  /// A linear head with cross-entropy, away from zero.
  static func head<S: RealScalar>(
    seed: UInt64, batch: Int = 9, features: Int = 4, classes: Int = 3, as type: S.Type = S.self
  ) -> Problem<LinearHead<S>> {
    var generator = SeededGenerator(seed: seed)
    let model = LinearHead<S>(features: features, classes: classes)
    let values: [S] = generator.vector(model.layout.count, scale: 0.3)
    return Problem(
      model: model, loss: CrossEntropy(), parameters: Parameters(layout: model.layout, values: values),
      batch: Batch(
        inputs: Inputs(generator.matrix(batch, features)),
        targets: .classes(generator.labels(batch, classes: classes)), weights: weights(batch, &generator)))
  }

  /// A perceptron with tanh; labels and numbers that a model can learn.
  static func perceptron<S: RealScalar>(
    _ widths: [Int], seed: UInt64, batch: Int, regression: Bool = false, weighted: Bool = false,
    as type: S.Type = S.self
  ) throws -> Problem<Network<S>> {
    var generator = SeededGenerator(seed: seed)
    let model = try Network<S>(.mlp(widths, activation: Layers.Activation(.tanh), initialization: .glorotUniform))
    let parameters = model.initialParameters(using: &generator)
    let outputs = widths[widths.count - 1]
    let x: Matrix<S> = generator.matrix(batch, widths[0])
    let map: Matrix<S> = generator.matrix(outputs, widths[0])
    var y = Matrix<S>(rows: batch, columns: outputs)
    Products.timesTransposed(x.view, map.view, into: &y)
    let targets: Targets<S> = regression ? .values(y) : .classes(RowKernels.argmax(y))
    return Problem(
      model: model, loss: regression ? SquaredLoss() : CrossEntropy(), parameters: parameters,
      batch: Batch(inputs: Inputs(x), targets: targets, weights: weighted ? weights(batch, &generator) : nil))
  }
}

/// The error of a step, relative to its length.
func stepError(_ a: [Double], _ b: [Double], from start: [Double]) -> Double {
  relativeError(zip(a, start).map { $0 - $1 }, to: zip(b, start).map { $0 - $1 })
}
