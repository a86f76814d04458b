import LinearAlgebra
import Models
import Optimization

/// The Kronecker factors of one weight and its bias in a parameter vector: A [in, in] of the inputs, with a one for the
/// bias, and G [out, out] of the cotangents. The curvature of the weight [out, in], row-major, is G x A.
struct KroneckerBlock<Scalar: RealScalar>: Codable, Sendable {
  typealias Workspace = KroneckerFactors<Scalar>.Workspace

  let weight: ParameterLayout.Slice
  let bias: ParameterLayout.Slice?
  /// A and G with their inverses.
  private(set) var factors: KroneckerFactors<Scalar>

  /// Factors of zero.
  init(_ pair: Linearizations.KroneckerPair<Scalar>) {
    (weight, bias) = (pair.weight, pair.bias)
    let (inputs, outputs) = (pair.input.columns + (pair.bias == nil ? 0 : 1), pair.cotangents.columns)
    factors = KroneckerFactors(
      input: KroneckerFactor(Matrix(rows: inputs, columns: inputs)),
      output: KroneckerFactor(Matrix(rows: outputs, columns: outputs)))
  }

  /// The larger of the two orders that the factors of a pair would have.
  static func order(_ pair: Linearizations.KroneckerPair<Scalar>) -> Int {
    max(pair.input.columns + (pair.bias == nil ? 0 : 1), pair.cotangents.columns)
  }

  /// Factors <- decay factors + (1 - decay) those of the pair: A = (1/B) sum w x x^T over examples and positions, G =
  /// (1/(T R)) sum g g^T.
  ///
  /// - Parameters:
  ///   - rows: R, of the batch's outputs.
  ///   - rootWeights: sqrt(w) [R] of the inputs where these are the rows; nil for ones.
  mutating func update(
    with pair: Linearizations.KroneckerPair<Scalar>, rows: Int, rootWeights: [Scalar]?, decay: Double,
    using work: inout Workspace
  ) {
    let (count, positions) = (pair.input.rows, Double(pair.positions))
    if pair.bias == nil {
      work.left.reshape(rows: count, columns: pair.input.columns)
      work.left.assign(pair.input)
    } else {
      KroneckerProducts.append(nil, to: pair.input, into: &work.left)
    }
    if let rootWeights, rootWeights.count == count { RowKernels.scale(&work.left, by: rootWeights) }
    let kept = Scalar(decay)
    KroneckerProducts.addColumnGram(
      work.left.view, alpha: Scalar((1 - decay) * positions / Double(count)), beta: kept,
      to: &factors.input.values)
    KroneckerProducts.addColumnGram(
      pair.cotangents, alpha: Scalar((1 - decay) / (positions * Double(rows))), beta: kept,
      to: &factors.output.values)
  }

  /// Sets the inverses of both factors (see `KroneckerFactors.invert`). Returns false if one of them is not finite.
  mutating func invert(damping: Double, using work: inout Workspace) -> Bool {
    factors.invert(damping: damping, using: &work)
  }

  /// Writes G^-1 [dW db] A^-1 into `direction`, for the gradient of the weight and the bias.
  func precondition(_ gradient: [Scalar], into direction: inout [Scalar], using work: inout Workspace) {
    let (outputs, inputs) = (factors.output.order, factors.input.order)
    let (inputInverse, outputInverse) = (factors.input.inverse, factors.output.inverse)
    let view = MatrixView(gradient, offset: weight.offset, rows: outputs, columns: weight.count / outputs)
    work.right.reshape(rows: outputs, columns: inputs)
    guard let bias else {
      Products.times(view, inputInverse.view, into: &work.right)
      return Products.transposedTimes(outputInverse.view, work.right.view, into: &direction, at: weight.offset)
    }
    let last = MatrixView(gradient, offset: bias.offset, rows: 1, columns: outputs)
    KroneckerProducts.append(last, to: view, into: &work.left)
    Products.times(work.left.view, inputInverse.view, into: &work.right)
    Products.times(outputInverse.view, work.right.view, into: &work.left)
    KroneckerProducts.split(work.left, into: &direction, at: weight.offset, last: bias.offset)
  }
}
