import Foundation
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// Shampoo against dense Kronecker products and their roots.
@Suite struct ShampooTests {
  /// Two steps on a head: a matrix with both preconditioners, a vector with AdaGrad, momentum and decay.
  @Test(arguments: [1, 2] as [UInt64])
  func stepsAreDenseRoots(_ seed: UInt64) {
    var problem = Problems.head(seed: seed, as: Double.self)
    let (rate, momentum, epsilon, weightDecay) = (0.2, 0.7, 1e-3, 0.1)
    let options = ShampooOptions(
      gradient: GradientOptions(learningRate: LearningRate(rate), weightDecay: weightDecay), momentum: momentum,
      epsilon: epsilon)
    var shampoo = Shampoo(Objective(problem.model), options: options)
    let (rows, columns) = (3, 4)
    var left = SlowMatrix(rows, rows).shifted(by: epsilon)
    var right = SlowMatrix(columns, columns).shifted(by: epsilon)
    var squares = [Double](repeating: epsilon, count: rows)
    var velocity = [Double](repeating: 0, count: 15)
    var findings = Findings("seed \(seed)")
    for step in 0..<3 {
      let before = problem.parameters.values
      var expected = before
      let all = problem.gradient(at: problem.parameters)
      let g = SlowMatrix(rows, columns) { all[$0 * columns + $1] }
      left = SlowMatrix(rows, rows) { left[$0, $1] + (g * g.transposed)[$0, $1] }
      right = SlowMatrix(columns, columns) { right[$0, $1] + (g.transposed * g)[$0, $1] }
      var direction = SlowMatrix.kronecker(left, right).power(-0.25).times(g.elements)
      for i in 0..<rows {
        squares[i] += all[12 + i] * all[12 + i]
        direction.append(all[12 + i] / squares[i].squareRoot())
      }
      for k in 0..<15 {
        velocity[k] = momentum * velocity[k] + direction[k]
        expected[k] = expected[k] * (k < 12 ? 1 - rate * weightDecay : 1) - rate * velocity[k]
      }
      let report = shampoo.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 3))
      #expect(report.outcome == .accepted)
      findings.expect(
        stepError(problem.parameters.values, expected, from: before), atMost: 1e-8, "Shampoo, dense steps")
    }
    findings.report("Shampoo")
    #expect(findings.violations.isEmpty, "\(findings.violations)")
  }

  /// A tensor of four modes, as of a convolution; one of them too large, and sizes of 1.
  @Test(arguments: [([2, 3, 2, 2], 8), ([5, 2, 3], 4), ([2, 1, 3], 8)])
  func tensorsOfMoreModes(_ shape: [Int], limit: Int) {
    let count = shape.reduce(1, *)
    var generator = SeededGenerator(seed: 9)
    let g: [Double] = generator.vector(count + 3)
    var tensor = TensorPreconditioner<Double>(shape: shape, largestSize: limit, epsilon: 0.01)
    tensor.add(g, at: 3)
    var eigen = SymmetricEigen<Double>()
    let isFound = tensor.updateRoots(floor: 0.01, using: &eigen)
    #expect(isFound)
    var (result, buffer) = ([Double](repeating: 0, count: count + 3), [Double](repeating: 0, count: count + 3))
    tensor.apply(to: g, into: &result, range: 3..<count + 3, using: &buffer)
    // The Kronecker product of all modes, with the identity where there is no preconditioner.
    let x = Array(g[3...])
    func coordinate(_ index: Int, _ mode: Int) -> Int {
      index / shape[(mode + 1)...].reduce(1, *) % shape[mode]
    }
    var product = SlowMatrix(1, 1) { _, _ in 1 }
    let used = shape.indices.filter { shape[$0] > 1 && shape[$0] <= limit }
    for mode in shape.indices {
      var moment = SlowMatrix(shape[mode], shape[mode]) { $0 == $1 ? 1 : 0 }
      if used.contains(mode) {
        moment = SlowMatrix(shape[mode], shape[mode]) { i, j in
          var total = i == j ? 0.01 : 0
          for a in 0..<count where coordinate(a, mode) == i {
            for b in 0..<count where coordinate(b, mode) == j {
              let isSame = shape.indices.allSatisfy { $0 == mode || coordinate(a, $0) == coordinate(b, $0) }
              if isSame { total += x[a] * x[b] }
            }
          }
          return total
        }
      }
      product = SlowMatrix.kronecker(product, moment)
    }
    let expected = product.power(-1 / Double(2 * used.count)).times(x)
    #expect(relativeError(Array(result[3...]), to: expected) < 1e-10, "\(shape)")
    #expect(Array(result[..<3]) == [0, 0, 0])
  }

  /// Roots of the step before are used in between.
  @Test func rootsAreKeptForAnInterval() {
    var problem = Problems.head(seed: 3, as: Double.self)
    var shampoo = Shampoo(Objective(problem.model), options: ShampooOptions(interval: 2))
    var roots: [Matrix<Double>] = []
    for step in 0..<5 {
      _ = shampoo.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 4))
      roots.append(shampoo.state.tensors[0].roots[0])
    }
    #expect(roots[0] != roots[1] && roots[1] != roots[2] && roots[2] == roots[3] && roots[3] != roots[4])
  }
}
