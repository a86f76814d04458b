import Experiments
import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import Testing

@Suite("FGN as a preconditioner")
struct FGNPreconditionerTests {
  /// A batch of six examples with weights, and parameters away from zero.
  private static func problem<M: Model>(
    _ model: M, seed: UInt64
  ) -> (parameters: Parameters<M.Scalar>, batch: Batch<M.Scalar>) {
    var generator = SeededGenerator(seed: seed, stream: 7)
    let x = Matrix<M.Scalar>(
      rows: 6, columns: model.inputWidth,
      elements: (0..<6 * model.inputWidth).map { _ in M.Scalar(generator.normal()) })
    let labels = (0..<6).map { _ in Int32(generator.index(below: model.outputWidth)) }
    let weights = (0..<6).map { M.Scalar(0.5 + Double($0) / 4) }
    let values = (0..<model.layout.count).map { _ in M.Scalar(generator.normal()) }
    return (Parameters(layout: model.layout, values: values), Batch(features: x, labels: labels, weights: weights))
  }

  /// Largest difference from the power of the dense matrix, relative to its largest element.
  private static func error<M: Model>(_ model: M, damping: Double, exponent: Double, seed: UInt64) -> Double {
    let (parameters, batch) = problem(model, seed: seed)
    var fgn = CurvatureOperator(.fgn, of: Objective(model), at: parameters, batch: batch)
    var dense = fgn.dense()
    for i in 0..<dense.rows { dense[i, i] += M.Scalar(damping) }
    var eigen = SymmetricEigen<M.Scalar>()
    guard eigen.decompose(dense) else { return .nan }
    var expected = dense
    eigen.power(exponent, floor: M.Scalar(damping / 2), into: &expected)
    var closed = FGNPreconditioner(Objective(model), at: parameters, batch: batch, damping: damping, exponent: exponent)
    var difference = closed.dense()
    difference.combine(-1, expected)
    return Double(difference.elements.maximumMagnitude / expected.elements.maximumMagnitude)
  }

  @Test("The closed form is the power of the dense matrix", arguments: [0, 1, 2] as [UInt64])
  func closedForm(seed: UInt64) throws {
    for damping in [1e-4, 1e-2, 1] {
      for exponent in [-0.5, -1, 0.5, 1] {
        let head = Self.error(
          LinearHead<Double>(features: 3, classes: 4), damping: damping, exponent: exponent, seed: seed)
        #expect(head < 1e-9, "head, seed \(seed), damping \(damping), exponent \(exponent): \(head)")
        let network = try Network<Double>(.mlp([3, 4, 5], activation: Layers.Activation(.tanh)))
        let deep = Self.error(network, damping: damping, exponent: exponent, seed: seed)
        #expect(deep < 1e-9, "network, seed \(seed), damping \(damping), exponent \(exponent): \(deep)")
      }
    }
    let float = Self.error(LinearHead<Float>(features: 3, classes: 4), damping: 0.1, exponent: -0.5, seed: seed)
    #expect(float < 1e-4, "float, seed \(seed): \(float)")
  }

  private static func eigenvalues(_ matrix: Matrix<Double>) -> [Double] {
    var eigen = SymmetricEigen<Double>()
    return eigen.decompose(matrix) ? eigen.values : []
  }

  @Test("The preconditioned GGN lies between 1 and 1 + |E| / lambda", arguments: [3, 4] as [UInt64])
  func spectrum(seed: UInt64) {
    let head = LinearHead<Double>(features: 3, classes: 5)
    let (parameters, batch) = Self.problem(head, seed: seed)
    var error = CurvatureOperator(.competitor, of: Objective(head), at: parameters, batch: batch)
    let norm = Self.eigenvalues(error.dense()).last ?? .nan
    for damping in [1e-3, 1e-1, 1] {
      let ggn = CurvatureOperator(.ggn, of: Objective(head), at: parameters, batch: batch)
      let root = FGNPreconditioner(Objective(head), at: parameters, batch: batch, damping: damping)
      var matrix = PreconditionedGGN(ggn, root: root, damping: damping)
      let values = Self.eigenvalues(matrix.dense())
      let (least, most) = (values.first ?? .nan, values.last ?? .nan)
      #expect(least > 1 - 1e-10 && most < (1 + norm / damping) * (1 + 1e-10), "seed \(seed), damping \(damping)")
      // Not empty: the GGN is more than FGN here.
      #expect(most > 1 + 0.05 * norm / damping, "seed \(seed), damping \(damping): \(most)")
    }
  }

  @Test("Iterations are counted in parameter space, and are fewer with FGN", arguments: [5, 6] as [UInt64])
  func iterations(seed: UInt64) throws {
    let head = LinearHead<Double>(features: 4, classes: 3)
    let (parameters, batch) = Self.problem(head, seed: seed)
    let ggn = CurvatureOperator(.ggn, of: Objective(head), at: parameters, batch: batch)
    var objective = ObjectivePoint(Objective(head))
    var gradient: [Double] = []
    _ = objective.evaluate(at: parameters, batch: batch)
    objective.gradient(into: &gradient)
    func count(_ root: FGNPreconditioner<LinearHead<Double>>?) throws -> Int {
      var matrix = PreconditionedGGN(ggn, root: root, damping: 1e-3)
      let cut = matrix.iterations(gradient, tolerance: 1e-6, limit: 1)
      #expect(cut == nil)
      let found = matrix.iterations(gradient, tolerance: 1e-6, limit: 500)
      let count = try #require(found)
      #expect(matrix.residuals[count - 1] <= 1e-6 * gradient.norm)
      return count
    }
    let (plain, better) = (
      try count(nil), try count(FGNPreconditioner(Objective(head), at: parameters, batch: batch, damping: 1e-3))
    )
    #expect(better < plain, "seed \(seed): \(better) against \(plain)")
  }
}
