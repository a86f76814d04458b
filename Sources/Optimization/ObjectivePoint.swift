import LinearAlgebra
import Losses
import Models

/// An objective at parameters on a batch: value, gradient and curvature products. What every method is made of.
///
/// The order of calls: `evaluate`, then as many products as wanted, then `release`, so that changing the parameters
/// copies nothing. Work areas are kept from batch to batch.
///
/// ```swift
/// let head = LinearHead<Double>(features: 2, classes: 3)
/// var point = ObjectivePoint(Objective(head))
/// let batch = Batch(features: Matrix(rows: 1, columns: 2, elements: [1, -1]), labels: [2])
/// var gradient: [Double] = []
/// let value = point.evaluate(at: Parameters(layout: head.layout), batch: batch)  // log 3
/// point.gradient(into: &gradient)
/// ```
public struct ObjectivePoint<ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  public let objective: Objective<ModelType>
  /// The loss on the batch, after `evaluate`.
  public private(set) var rows: any LossRows<Scalar>
  /// f on the batch, after `evaluate`.
  public private(set) var value = Double.nan
  /// Passes through the model since this was last set to zero.
  package var counts = PassCounts()

  /// What systems ask for the products that are theirs alone, on `rows` that were carried back.
  package var linearization: ModelType.LinearizationType
  /// Where the batch was evaluated, until `release`.
  package private(set) var place: (parameters: Parameters<Scalar>, inputs: Inputs<Scalar>)?
  /// Whether the linearisation holds the loss's cotangents, carried back.
  private var isCarriedBack = false
  /// P; with C, and where the penalised parameters are, kept so that a product allocates nothing.
  public let dimension: Int
  private let outputWidth: Int
  private let penalised: [Range<Int>]
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)
  private var norms: [Scalar] = []

  public init(_ objective: Objective<ModelType>) {
    self.objective = objective
    rows = objective.loss.makeRows(as: Scalar.self)
    linearization = objective.model.makeLinearization()
    let layout = objective.model.layout
    dimension = layout.trainableCount
    outputWidth = objective.model.outputWidth
    penalised = layout.trainable.filter(\.isPenalised).map(\.range)
  }

  /// Moves to `parameters` and `batch`, and returns the objective: one forward pass and one pass over the outputs.
  /// Shapes and labels that do not fit the model are a programmer's error.
  @discardableResult public mutating func evaluate(
    at parameters: Parameters<Scalar>, batch: Batch<Scalar>
  ) -> Double {
    linearization.releaseCotangents()
    isCarriedBack = false
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &rows.rows)
    counts.forward += 1
    rows.evaluate(batch.targets, weights: batch.weights)
    place = (parameters, batch.inputs)
    value = objective.value(meanLoss: rows.meanLoss, at: parameters)
    return value
  }

  /// The standard error of the value: what the choice of the batch alone does to it.
  public var standardError: Double { rows.lossStandardError }

  /// result [P] = grad f: one pullback.
  public mutating func gradient(into result: inout [Scalar]) {
    result.resize(to: dimension)
    if isCarriedBack {
      let weighted = rows.weights.map { zip($0, rows.residual).map { $0 * $1 } } ?? rows.residual
      linearization.pullback(
        rowWeights: weighted, alpha: ParameterLayout.Factors(-1 / Scalar(rows.count)), beta: ParameterLayout.Factors(0),
        into: &result)
      counts.pullback += 1
    } else {
      rows.descent(into: &outputs)
      pullbackOutputs(factor: -1, into: &result)
    }
    guard objective.l2 > 0, let (parameters, _) = place else { return }
    addPenalty(of: parameters.values, to: &result)
  }

  /// The gradient [P].
  public mutating func gradient() -> [Scalar] {
    var result: [Scalar] = []
    gradient(into: &result)
    return result
  }

  /// result [P] = (1/B) J^T cotangents, cotangents [R, C]: one pullback.
  public mutating func pullback(_ cotangents: Matrix<Scalar>, into result: inout [Scalar]) {
    result.resize(to: dimension)
    pullback(
      cotangents, alpha: ParameterLayout.Factors(1 / Scalar(rows.count)), beta: ParameterLayout.Factors(0),
      into: &result)
  }

  /// result [R, C] = J tangent: one pushforward.
  public mutating func pushforward(_ tangent: [Scalar], into result: inout Matrix<Scalar>) {
    result.reshape(rows: rows.count, columns: outputWidth)
    linearization.pushforward(tangent, into: &result)
    counts.pushforward += 1
  }

  /// The inputs and cotangents of the weights, of these cotangents [R, C] carried back: one pullback, less the products
  /// with the inputs. Let go of them before anything else is asked for.
  public mutating func kroneckerPairs(of cotangents: Matrix<Scalar>) -> [Linearizations.KroneckerPair<Scalar>] {
    linearization.backpropagate(cotangents)
    isCarriedBack = false
    counts.pullback += 1
    defer { linearization.releaseCotangents() }
    return linearization.kroneckerPairs()
  }

  /// result [P] = (GGN + l2) tangent, with the full Gauss-Newton matrix of the mean loss: one pushforward and one
  /// pullback.
  public mutating func curvatureProduct(_ tangent: [Scalar], into result: inout [Scalar]) {
    pushOutputs(tangent)
    rows.applyHessian(to: &outputs)
    pullCurved(tangent, into: &result)
  }

  /// The same product with another curvature, whose `weights` are those of this batch.
  public mutating func curvatureProduct(
    _ weights: Curvature.Weights<Scalar>, _ tangent: [Scalar], into result: inout [Scalar]
  ) {
    pushOutputs(tangent)
    rows.apply(weights, to: &outputs)
    pullCurved(tangent, into: &result)
  }

  /// The slope grad f . t and the curvature t . (F + l2) t along a direction t [P], F the curvature of `weights`: one
  /// pushforward.
  public mutating func along(
    _ tangent: [Scalar], _ weights: Curvature.Weights<Scalar>
  ) -> (slope: Double, curvature: Double) {
    var change = Matrix<Scalar>(rows: rows.count, columns: outputWidth)
    pushforward(tangent, into: &change)
    rows.descent(into: &outputs)
    var slope = -Double(change.elements.dot(outputs.elements)) / Double(rows.count)
    outputs.assign(change.elements)
    rows.apply(weights, to: &outputs)
    var curvature = Double(change.elements.dot(outputs.elements)) / Double(rows.count)
    guard objective.l2 > 0, let (parameters, _) = place else { return (slope, curvature) }
    for range in penalised {
      slope += objective.l2 * Double(parameters.values.dot(tangent, range: range))
      curvature += objective.l2 * Double(tangent.dot(tangent, range: range))
    }
    return (slope, curvature)
  }

  /// Lets go of the batch and the parameters. `evaluate` must come before anything else then.
  public mutating func release() {
    linearization.release()
    isCarriedBack = false
    place = nil
  }

  /// Lets go of the parameters alone, for a step that changes them in place.
  package mutating func forgetPlace() { place = nil }

  /// outputs = J tangent.
  private mutating func pushOutputs(_ tangent: [Scalar]) {
    outputs.reshape(rows: rows.count, columns: outputWidth)
    linearization.pushforward(tangent, into: &outputs)
    counts.pushforward += 1
  }

  /// result = (1/B) J^T outputs + l2 tangent.
  private mutating func pullCurved(_ tangent: [Scalar], into result: inout [Scalar]) {
    result.resize(to: dimension)
    pullbackOutputs(factor: 1, into: &result)
    addPenalty(of: tangent, to: &result)
  }

  /// result += l2 x on the penalised parameters.
  private func addPenalty(of x: [Scalar], to result: inout [Scalar]) {
    guard objective.l2 > 0 else { return }
    for i in 0..<penalised.count { result.combine(Scalar(objective.l2), x, range: penalised[i]) }
  }

  /// result = factor / B J^T outputs.
  private mutating func pullbackOutputs(factor: Scalar, into result: inout [Scalar]) {
    linearization.pullback(
      outputs, rowWeights: nil, alpha: ParameterLayout.Factors(factor / Scalar(rows.count)),
      beta: ParameterLayout.Factors(0),
      into: &result)
    isCarriedBack = false
    counts.pullback += 1
  }
}

/// As an operator in parameter space it is the GGN with the penalty: what conjugate gradient solves with.
extension ObjectivePoint: LinearOperator {
  public mutating func apply(_ x: [Scalar], into result: inout [Scalar]) { curvatureProduct(x, into: &result) }
}

/// The rows M = J_i^T a_i of the loss's cotangents, carried back once a batch: what systems of one row an example use.
extension ObjectivePoint {
  /// Carries the cotangents back through the model, once a batch: half of a pullback, and not counted as a pass.
  package mutating func carryBack() {
    guard !isCarriedBack else { return }
    linearization.backpropagate(rows.rows)
    isCarriedBack = true
  }

  /// result [R] = M tangent.
  package mutating func rowProducts(_ tangent: [Scalar], into result: inout [Scalar]) {
    carryBack()
    linearization.rowProducts(tangent, into: &result)
    counts.pushforward += 1
  }

  /// result = alpha * M^T rowWeights + beta * result.
  package mutating func rowPullback(
    _ rowWeights: [Scalar], alpha: ParameterLayout.Factors<Scalar>, beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar]
  ) {
    carryBack()
    linearization.pullback(rowWeights: rowWeights, alpha: alpha, beta: beta, into: &result)
    counts.pullback += 1
  }

  /// result = alpha * J^T cotangents + beta * result, over the whole batch.
  package mutating func pullback(
    _ cotangents: Matrix<Scalar>, alpha: ParameterLayout.Factors<Scalar>, beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar]
  ) {
    linearization.pullback(cotangents, rowWeights: nil, alpha: alpha, beta: beta, into: &result)
    isCarriedBack = false
    counts.pullback += 1
  }

  /// The row Gram M M^T, in its two parts.
  package mutating func rowGram(into gram: inout Linearizations.RowGram<Scalar>) {
    carryBack()
    linearization.rowGram(into: &gram)
    counts.rowGrams += 1
  }

  /// Whether single rows' norms cost more than some pullbacks, as where positions of a trained trunk are rows.
  package var hasCostlyNorms: Bool { linearization.costs.rowSquaredNorms > 4 * linearization.costs.rowPullback }

  /// (1/B) sum_i roots_i^2 |M_i|^2, the trace of the curvature whose rows are roots_i M_i: two passes over the rows.
  /// Where norms are costly it is estimated by one pullback: |M^T (roots * signs)|^2 / B, with random signs drawn from
  /// `seed` (Hutchinson 1990).
  package mutating func meanRowCurvature(_ roots: [Scalar], seed: UInt64) -> Double {
    carryBack()
    if hasCostlyNorms {
      var tangent: [Scalar] = []
      return signedPullback(roots, seed: seed, into: &tangent) / Double(rows.count)
    }
    norms.resize(to: rows.count)
    linearization.rowSquaredNorms(into: &norms)
    return Self.meanRowCurvature(roots, squaredNorms: norms)
  }

  /// The same where the squared norms |M_i|^2 are known.
  package static func meanRowCurvature(_ roots: [Scalar], squaredNorms: [Scalar]) -> Double {
    PointLoops.meanSquares(roots, squaredNorms)
  }

  /// |M^T (weights * signs)|^2 with seeded random signs, whose mean is sum_i weights_i^2 |M_i|^2: one pullback, left in
  /// `tangent`.
  package mutating func signedPullback(_ weights: [Scalar], seed: UInt64, into tangent: inout [Scalar]) -> Double {
    var generator = SeededGenerator(seed: seed, .traceSigns)
    tangent.resize(to: dimension)
    let signed = weights.map { generator.next() & 1 == 0 ? $0 : -$0 }
    rowPullback(signed, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), into: &tangent)
    return Double(tangent.dot(tangent))
  }
}

/// Passes through a model: what a step costs, counted.
package struct PassCounts: Sendable, Equatable {
  package var forward = 0
  /// J t, and M t.
  package var pushforward = 0
  /// J^T u, and M^T w.
  package var pullback = 0
  /// M M^T, which is no pass.
  package var rowGrams = 0

  package init() {}

  /// All that are passes.
  package var passes: Int { forward + pushforward + pullback }
}

private enum PointLoops {
  /// (1/B) sum roots^2 norms.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func meanSquares<S: RealScalar>(_ roots: [S], _ norms: [S]) -> Double {
    var total = 0.0
    for i in 0..<roots.count { total += Double(roots[i] * roots[i]) * Double(norms[i]) }
    return total / Double(roots.count)
  }
}
