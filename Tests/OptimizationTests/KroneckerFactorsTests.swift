import LinearAlgebra
import TestSupport
import Testing

@testable import Optimization

@Suite struct KroneckerFactorsTests {
  /// x^T x / n: symmetric, positive definite.
  private func moment<S: RealScalar>(_ order: Int, seed: UInt64) -> Matrix<S> {
    var generator = SeededGenerator(seed: seed)
    let x: Matrix<S> = generator.matrix(3 * order, order)
    var result = Matrix<S>(rows: order, columns: order)
    KroneckerProducts.addColumnGram(x.view, alpha: S(1 / Double(3 * order)), beta: 0, to: &result)
    return result
  }

  /// The largest difference of (matrix + shift I) inverse from I.
  private func error<S: RealScalar>(_ factor: KroneckerFactor<S>, shift: Double) -> Double {
    let n = factor.order
    var worst = 0.0
    for i in 0..<n {
      for j in 0..<n {
        let sum = (0..<n).reduce(0.0) {
          $0 + (Double(factor.values[i, $1]) + ($1 == i ? shift : 0)) * Double(factor.inverse[$1, j])
        }
        worst = max(worst, abs(sum - (i == j ? 1 : 0)))
      }
    }
    return worst
  }

  private func check<S: RealScalar>(_ type: S.Type) {
    let (a, s): (Matrix<S>, Matrix<S>) = (moment(7, seed: 1), moment(4, seed: 2))
    var factors = KroneckerFactors(input: KroneckerFactor(a), output: KroneckerFactor(s))
    var work = KroneckerFactors<S>.Workspace()
    let damping = 0.04
    #expect(factors.invert(damping: damping, using: &work))
    let meanA = (0..<7).reduce(0.0) { $0 + Double(a[$1, $1]) } / 7
    let meanS = (0..<4).reduce(0.0) { $0 + Double(s[$1, $1]) } / 4
    let pi = (meanA / meanS).squareRoot()
    let limit = tolerance(S.self, double: 1e-12, float: 1e-4)
    #expect(error(factors.input, shift: pi * 0.2) < limit && error(factors.output, shift: 0.2 / pi) < limit)
    #expect(relativeError(factors.meanDiagonal, to: meanA * meanS) < limit)
    // The shifts are balanced: their product is the damping, whatever the scale of a factor.
    factors.input.values.scale(by: 100)
    #expect(factors.invert(damping: damping, using: &work))
    #expect(error(factors.input, shift: 10 * pi * 0.2) < limit && error(factors.output, shift: 0.02 / pi) < limit)
  }

  @Test func inversesAreDampedInBalance() {
    check(Double.self)
    check(Float.self)
  }

  /// A diagonal is the matrix that has it and nothing else.
  @Test func aDiagonalStandsForItsMatrix() {
    let values = [0.5, 2, 0, 7.25]
    var matrix = Matrix<Double>(rows: 4, columns: 4)
    for (k, value) in values.enumerated() { matrix[k, k] = value }
    var (diagonal, full) = (KroneckerFactor(diagonal: values), KroneckerFactor(matrix))
    #expect(diagonal.order == 4 && diagonal.meanDiagonal == full.meanDiagonal)
    var cholesky = Cholesky<Double>()
    #expect(diagonal.invert(shift: 0.25, using: &cholesky) && full.invert(shift: 0.25, using: &cholesky))
    for k in 0..<4 { #expect(relativeError(diagonal.inverse[0, k], to: full.inverse[k, k]) < 1e-14) }
  }

  @Test(arguments: [-1, Double.nan]) func factorsWithoutAnInverse(value: Double) {
    var matrix = Matrix<Double>(rows: 2, columns: 2, elements: [1, 0, 0, value])
    var cholesky = Cholesky<Double>()
    var factor = KroneckerFactor(matrix)
    #expect(!factor.invert(shift: 0.5, using: &cholesky))
    matrix[1, 1] = 1
    factor.values = matrix
    #expect(factor.invert(shift: 0.5, using: &cholesky) && error(factor, shift: 0.5) < 1e-14)
  }
}
