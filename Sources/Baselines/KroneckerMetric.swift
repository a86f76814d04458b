import LinearAlgebra
import Losses
import Models
import Optimization

/// Kronecker factors of the full Gauss-Newton matrix of a batch as an inverse curvature: what L-BFGS starts from.
///
/// For a weight with inputs x and cotangents g its curvature is about (mean of g g^T) x (mean of x x^T) + l2; the
/// cotangents are of targets drawn from the model. For a softmax head that is (mean of diag(p) - p p^T) x (X^T X / N),
/// but for the drawing. Cost: two column Grams, two Cholesky factors and their inverses; a product with the inverse is
/// 2 (in + out) flops for each parameter. Weights without factors keep a multiple of the identity.
struct KroneckerMetric<Scalar: RealScalar>: Codable, Sendable {
  private var blocks: [KroneckerBlock<Scalar>] = []
  /// Updates so far: each draws targets of its own.
  private(set) var updates = 0

  var isEmpty: Bool { blocks.isEmpty }

  /// Takes the factors anew from the batch that `point` was evaluated on: one pullback. It is empty after it if they
  /// are not finite.
  mutating func update<ModelType: Model>(
    _ point: inout ObjectivePoint<ModelType>, using work: inout KroneckerFactors<Scalar>.Workspace
  ) where ModelType.Scalar == Scalar {
    let rows = point.rows
    var sample = Matrix<Scalar>(rows: 0, columns: 0)
    FisherEstimate.sampled.rows(of: rows, seed: 0, step: updates, into: &sample)
    updates += 1
    let rootWeights = rows.weights?.map { $0.squareRoot() }
    blocks = []
    for pair in point.kroneckerPairs(of: sample)
    where KroneckerBlock.order(pair) <= KroneckerFactors<Scalar>.largestOrder {
      var block = KroneckerBlock(pair)
      block.update(with: pair, rows: rows.count, rootWeights: rootWeights, decay: 0, using: &work)
      let damping = point.objective.l2 + KroneckerFactors<Scalar>.relativeDamping * block.factors.meanDiagonal
      guard block.invert(damping: damping, using: &work) else {
        blocks = []
        return
      }
      blocks.append(block)
    }
  }

  /// result <- H0 vector [P]; `scale` times it outside of the blocks.
  func apply(
    _ vector: [Scalar], scale: Scalar, into result: inout [Scalar],
    using work: inout KroneckerFactors<Scalar>.Workspace
  ) {
    result.resize(to: vector.count)
    result.combine(scale, vector, beta: 0)
    for block in blocks { block.precondition(vector, into: &result, using: &work) }
  }
}
