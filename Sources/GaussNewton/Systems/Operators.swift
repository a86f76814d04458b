import LinearAlgebra
import Losses
import Models

/// K = R C R^T without forming it: x -> sigma * M C M^T (sigma * x). One pullback and one product with the rows, of the
/// cotangents that were carried back.
///
/// The parameter vector of the last product is at hand in each iteration, so the direction C R^T u is
/// accumulated on the way and needs no final pullback.
struct RowOperator<LinearizationType: Linearization>: LinearOperator {
  typealias Scalar = LinearizationType.Scalar
  var linearization: LinearizationType
  let root: [Scalar]
  let metric: ParameterLayout.Factors<Scalar>
  var tangent: [Scalar]
  var accumulated: [Scalar]
  var scaled: [Scalar]

  var dimension: Int { root.count }

  mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    scaled.combine(1, x, beta: 0)
    RowArithmetic.multiply(&scaled, by: root)
    image(of: scaled, into: &result)
    RowArithmetic.multiply(&result, by: root)
  }

  /// result = G alpha = M C M^T alpha, leaving C M^T alpha in `tangent`.
  mutating func image(of alpha: [Scalar], into result: inout [Scalar]) {
    linearization.pullback(rowWeights: alpha, alpha: metric, beta: ParameterLayout.Factors(0), into: &tangent)
    linearization.rowProducts(tangent, into: &result)
  }

  mutating func accumulate(_ step: Scalar) { accumulated.combine(step, tangent) }
}

/// K = sigma G sigma from the lower triangle of the row Gram G.
struct GramOperator<Scalar: RealScalar>: LinearOperator {
  let gram: Matrix<Scalar>
  let root: [Scalar]
  var scaled: [Scalar]

  var dimension: Int { root.count }

  mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    scaled.combine(1, x, beta: 0)
    RowArithmetic.multiply(&scaled, by: root)
    Gram.times(gram, scaled, into: &result)
    RowArithmetic.multiply(&result, by: root)
  }
}

/// N (K x I_C) N^T on the B C output rows of the GGN, N_i^T N_i the Hessian of the loss in the outputs, such as
/// N_i = sqrt(w_i) diag(sqrt p_i) (I - 1 p_i^T): symmetric. 2 B^2 C flops a product.
struct DualOperator<Scalar: RealScalar>: LinearOperator {
  let shared: Matrix<Scalar>
  let rows: any LossRows<Scalar>
  var outputs: Matrix<Scalar>
  var product: Matrix<Scalar>

  var dimension: Int { outputs.rows * outputs.columns }

  mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    outputs.assign(x)
    rows.applyRoot(transposed: true, to: &outputs)
    Products.times(shared.view, outputs.view, into: &product)
    rows.applyRoot(transposed: false, to: &product)
    result.combine(1, product.elements, beta: 0)
  }
}
