import LinearAlgebra
import Losses
import Models

/// The objective f = weighted mean loss + (l2 / 2) |penalised parameters|^2 of one batch after another: value, gradient
/// and curvature products. What gradient methods and line searches are made of.
///
/// The order of calls: `evaluate`, then as many products as wanted, then `release`, so that changing the parameters
/// copies nothing.
///
/// ```swift
/// let head = LinearHead<Double>(features: 2, classes: 3)
/// var objective = BatchObjective(model: head)
/// let batch = Batch(features: Matrix(rows: 1, columns: 2, elements: [1, -1]), labels: [2])
/// var gradient: [Double] = []
/// let value = objective.evaluate(at: Parameters(layout: head.layout), batch: batch)  // log 3
/// objective.gradient(into: &gradient)
/// ```
public struct BatchObjective<ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  public let model: ModelType
  public let loss: any Loss
  /// At least 0.
  public var l2: Double
  /// The loss on the batch, after `evaluate`.
  public private(set) var rows: any LossRows<Scalar>
  /// Forward passes, pushforwards and pullbacks since it was last set to zero.
  public var modelPasses = 0

  var linearization: ModelType.LinearizationType
  private var parameters: Parameters<Scalar>?
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)

  public init(model: ModelType, loss: any Loss = CrossEntropy(), l2: Double = 0) {
    self.model = model
    self.loss = loss
    self.l2 = l2
    rows = loss.makeRows(as: Scalar.self)
    linearization = model.makeLinearization()
  }

  /// Moves to `parameters` and `batch`, and returns the objective: one forward pass.
  public mutating func evaluate(at parameters: Parameters<Scalar>, batch: Batch<Scalar>) -> Double {
    linearization.releaseCotangents()
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &rows.rows)
    rows.evaluate(batch.targets, weights: batch.weights)
    self.parameters = l2 > 0 ? parameters : nil
    modelPasses += 1
    return rows.meanLoss + (l2 > 0 ? l2 / 2 * Double(parameters.penalisedSquaredNorm) : 0)
  }

  /// result [P] = grad f: one pullback.
  public mutating func gradient(into result: inout [Scalar]) {
    result.resize(to: model.layout.trainableCount)
    rows.descent(into: &outputs)
    pullback(factor: -1, into: &result)
    guard let parameters else { return }
    for slice in model.layout.trainable where slice.isPenalised {
      result.combine(Scalar(l2), parameters.values, range: slice.range)
    }
  }

  /// result [P] = (1/B) J^T cotangents, cotangents [R, C]: one pullback.
  public mutating func pullback(_ cotangents: Matrix<Scalar>, into result: inout [Scalar]) {
    result.resize(to: model.layout.trainableCount)
    outputs.reshape(rows: cotangents.rows, columns: cotangents.columns)
    outputs.assign(cotangents.view)
    pullback(factor: 1, into: &result)
  }

  /// The inputs and cotangents of the weights, of these cotangents [R, C] carried back: one pullback, less the products
  /// with the inputs. Let go of them before anything else is asked for.
  public mutating func kroneckerPairs(of cotangents: Matrix<Scalar>) -> [KroneckerPair<Scalar>] {
    linearization.backpropagate(cotangents)
    modelPasses += 1
    defer { linearization.releaseCotangents() }
    return linearization.kroneckerPairs()
  }

  /// result [P] = (H + l2) tangent with the curvature H of the mean loss: one pushforward and one pullback.
  public mutating func curvatureProduct(
    _ curvature: Curvature = .ggn, _ tangent: [Scalar], into result: inout [Scalar]
  ) {
    result.resize(to: model.layout.trainableCount)
    outputs.reshape(rows: rows.count, columns: model.outputWidth)
    linearization.pushforward(tangent, into: &outputs)
    modelPasses += 1
    rows.apply(curvature, to: &outputs)
    pullback(factor: 1, into: &result)
    for slice in model.layout.trainable where slice.isPenalised && l2 > 0 {
      result.combine(Scalar(l2), tangent, range: slice.range)
    }
  }

  /// Lets go of the batch and the parameters. `evaluate` must come before anything else then.
  public mutating func release() {
    linearization.release()
    parameters = nil
  }

  /// result = factor / B J^T outputs.
  private mutating func pullback(factor: Scalar, into result: inout [Scalar]) {
    linearization.pullback(
      outputs, rowWeights: nil, alpha: SliceFactors(factor / Scalar(rows.count)), beta: SliceFactors(0), into: &result)
    modelPasses += 1
  }
}
