import LinearAlgebra
import Losses
import Models
import Optimization

/// A curvature matrix in parameter space, (1/B) J^T H J + l2 on the penalised parameters, known by its products.
///
/// A product is one pushforward, one pass over the rows and one pullback: 4 B C D flops for a linear head.
public struct CurvatureOperator<ModelType: Model>: LinearOperator, Sendable {
  public typealias Scalar = ModelType.Scalar
  public let curvature: Curvature
  public let dimension: Int
  let penalised: [Range<Int>]
  let rows: any LossRows<Scalar>
  let l2: Scalar
  var linearization: ModelType.LinearizationType
  private var outputs: Matrix<Scalar>

  /// The curvature of `model` at `parameters` on `batch`, with the penalty `l2`, at least 0: one forward pass.
  public init(
    _ curvature: Curvature, model: ModelType, loss: some Loss = CrossEntropy(), parameters: Parameters<Scalar>,
    batch: Batch<Scalar>, l2: Scalar = 0
  ) {
    var linearization = model.makeLinearization()
    var rows = loss.makeRows(as: Scalar.self)
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &rows.rows)
    rows.evaluate(batch.targets, weights: batch.weights)
    self.init(curvature, layout: model.layout, linearization: linearization, rows: rows, l2: l2)
  }

  init(
    _ curvature: Curvature, layout: ParameterLayout, linearization: ModelType.LinearizationType,
    rows: any LossRows<Scalar>, l2: Scalar
  ) {
    self.curvature = curvature
    dimension = layout.trainableCount
    penalised = layout.trainable.filter(\.isPenalised).map(\.range)
    self.linearization = linearization
    self.rows = rows
    self.l2 = l2
    outputs = Matrix(rows: rows.rows.rows, columns: rows.rows.columns)
  }

  public mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    linearization.pushforward(x, into: &outputs)
    rows.apply(curvature, to: &outputs)
    linearization.pullback(
      outputs, rowWeights: nil, alpha: SliceFactors(1 / Scalar(rows.count)), beta: SliceFactors(0), into: &result)
    guard l2 != 0 else { return }
    for i in 0..<penalised.count { result.combine(l2, x, range: penalised[i]) }
  }

  /// The trace of the matrix without its L2 part, at least 0.
  ///
  /// Where J J^T is a multiple of the identity in each row (a linear head) this takes two passes over the rows; a
  /// curvature of one row an example takes their norms; the GGN elsewhere takes C row norms, of N = H^(1/2).
  public mutating func trace() -> Double {
    let count = rows.count
    var squares = [Scalar](repeating: 0, count: count)
    let weights = rows.weights ?? [Scalar](repeating: 1, count: count)
    func total(_ squares: [Scalar], _ factor: (Int) -> Double) -> Double {
      (0..<count).reduce(0.0) { $0 + Double(weights[$1]) * factor($1) * Double(squares[$1]) } / Double(count)
    }
    let curvature = curvature
    if linearization.isIsotropic {
      var lengths = squares
      linearization.rowSquaredNorms(of: rows.rows, into: &squares)
      RowKernels.dots(rows.rows.view, rows.rows.view, into: &lengths)
      let traces = rows.traces(curvature)
      return total(squares) { traces[$0] / Double(lengths[$0]) }
    }
    if curvature == .fgn || curvature == .fisher {
      linearization.rowSquaredNorms(of: rows.rows, into: &squares)
      let coefficients = curvature == .fgn ? rows.rootWeight : rows.residual
      return total(squares) { Double(coefficients[$0]) * Double(coefficients[$0]) }
    }
    var sum = 0.0
    for k in 0..<rows.rows.columns {
      var cotangents = Matrix<Scalar>(rows: count, columns: rows.rows.columns)
      for i in 0..<count { cotangents[i, k] = 1 }
      rows.applyRoot(transposed: true, to: &cotangents)
      linearization.rowSquaredNorms(of: cotangents, into: &squares)
      sum += squares.sum / Double(count)
    }
    guard curvature == .competitor else { return sum }
    linearization.rowSquaredNorms(of: rows.rows, into: &squares)
    return max(0, sum - total(squares) { Double(rows.rootWeight[$0]) * Double(rows.rootWeight[$0]) })
  }
}
