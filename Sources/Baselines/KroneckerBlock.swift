import LinearAlgebra
import Models

/// The Kronecker factors of one weight and its bias: A [in, in] of the inputs, with a one for the bias, and G [out, out]
/// of the cotangents. The curvature of the weight [out, in], row-major, is G x A.
struct KroneckerBlock<Scalar: RealScalar>: Codable, Sendable {
  let weight: ParameterSlice
  let bias: ParameterSlice?
  private(set) var input: Matrix<Scalar>
  private(set) var output: Matrix<Scalar>
  private(set) var inputInverse = Matrix<Scalar>(rows: 0, columns: 0)
  private(set) var outputInverse = Matrix<Scalar>(rows: 0, columns: 0)

  /// Work areas that all blocks share.
  struct Workspace: Sendable {
    var left = Matrix<Scalar>(rows: 0, columns: 0)
    var right = Matrix<Scalar>(rows: 0, columns: 0)
    var cholesky = Cholesky<Scalar>()
  }

  init(_ pair: KroneckerPair<Scalar>) {
    (weight, bias) = (pair.weight, pair.bias)
    let width = pair.input.columns + (pair.bias == nil ? 0 : 1)
    input = Matrix(rows: width, columns: width)
    output = Matrix(rows: pair.cotangents.columns, columns: pair.cotangents.columns)
  }

  /// The larger of the two orders that the factors of a pair would have.
  static func order(_ pair: KroneckerPair<Scalar>) -> Int {
    max(pair.input.columns + (pair.bias == nil ? 0 : 1), pair.cotangents.columns)
  }

  /// Factors <- decay factors + (1 - decay) those of the pair: A = (1/B) sum w x x^T over examples and positions, G =
  /// (1/(T R)) sum g g^T.
  ///
  /// - Parameters:
  ///   - rows: R, of the batch's outputs.
  ///   - rootWeights: sqrt(w) [R] of the inputs where these are the rows; nil for ones.
  mutating func update(
    with pair: KroneckerPair<Scalar>, rows: Int, rootWeights: [Scalar]?, decay: Double, using work: inout Workspace
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
      work.left.view, alpha: Scalar((1 - decay) * positions / Double(count)), beta: kept, to: &input)
    KroneckerProducts.addColumnGram(
      pair.cotangents, alpha: Scalar((1 - decay) / (positions * Double(rows))), beta: kept, to: &output)
  }

  /// (A + pi sqrt(damping) I)^-1 and (G + sqrt(damping) / pi I)^-1, pi^2 the mean of A's diagonal over that of G's: the
  /// factored Tikhonov damping of the source. Returns false if one of them is not finite.
  mutating func invert(damping: Double, using work: inout Workspace) -> Bool {
    let (a, g) = (Self.meanDiagonal(input), Self.meanDiagonal(output))
    let ratio = (a / g).squareRoot()
    let pi = ratio.isFinite && ratio > 0 ? ratio : 1
    let root = damping.squareRoot()
    return Self.invert(input, shift: Scalar(pi * root), into: &inputInverse, using: &work)
      && Self.invert(output, shift: Scalar(root / pi), into: &outputInverse, using: &work)
  }

  /// Of A times that of G: of their product's diagonal.
  var meanDiagonal: Double { Self.meanDiagonal(input) * Self.meanDiagonal(output) }

  private static func invert(
    _ factor: Matrix<Scalar>, shift: Scalar, into result: inout Matrix<Scalar>, using work: inout Workspace
  ) -> Bool {
    let failure = work.cholesky.refactor(order: factor.rows) { matrix in
      matrix.assign(factor.view)
      for i in 0..<factor.rows { matrix[i, i] += shift }
    }
    return failure == nil && work.cholesky.inverse(into: &result)
  }

  private static func meanDiagonal(_ factor: Matrix<Scalar>) -> Double {
    (0..<factor.rows).reduce(0.0) { $0 + Double(factor[$1, $1]) } / Double(factor.rows)
  }

  /// Writes G^-1 [dW db] A^-1 into `direction`, for the gradient of the weight and the bias.
  func precondition(_ gradient: [Scalar], into direction: inout [Scalar], using work: inout Workspace) {
    let (outputs, inputs) = (output.rows, input.rows)
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
