import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

/// Rows drawn from the model's own distribution: mean zero, and the curvature as their covariance.
@Suite struct SampledDescentTests {
  static func rows(_ loss: any Loss, seed: UInt64, batch: Int, outputs: Int) -> any LossRows<Double> {
    var generator = SeededGenerator(seed: seed)
    var rows = loss.makeRows(as: Double.self)
    rows.rows = generator.matrix(batch, outputs)
    let weights = (0..<batch).map { _ in 0.5 + generator.uniform() }
    let targets: Targets<Double>
    switch loss {
    case is CrossEntropy: targets = .classes(generator.labels(batch, classes: outputs))
    case is SelectedSquaredLoss:
      targets = .selected(generator.labels(batch, classes: outputs), generator.vector(batch))
    default: targets = .values(Matrix(rows: batch, columns: outputs, elements: generator.vector(batch * outputs)))
    }
    rows.evaluate(targets, weights: weights)
    return rows
  }

  static let losses: [any Loss] = [
    CrossEntropy(), SquaredLoss(), try! HuberLoss(delta: 0.5), PoissonLoss(), SelectedSquaredLoss(),
  ]

  @Test(arguments: 0..<losses.count)
  func momentsAreThoseOfTheCurvature(_ number: Int) {
    let (batch, outputs, draws) = (3, 4, 4000)
    let rows = Self.rows(Self.losses[number], seed: 3, batch: batch, outputs: outputs)
    var generator = SeededGenerator(seed: 17)
    var sample = Matrix<Double>(rows: 0, columns: 0)
    var means = [Double](repeating: 0, count: batch * outputs)
    var moments = [Double](repeating: 0, count: batch * outputs * outputs)
    for _ in 0..<draws {
      rows.sampledDescent(using: &generator, into: &sample)
      for i in 0..<batch {
        for k in 0..<outputs {
          means[i * outputs + k] += sample[i, k] / Double(draws)
          for l in 0..<outputs {
            moments[(i * outputs + k) * outputs + l] += sample[i, k] * sample[i, l] / Double(draws)
          }
        }
      }
    }
    // w H, column by column.
    var expected = [Double](repeating: 0, count: moments.count)
    for l in 0..<outputs {
      var unit = Matrix<Double>(rows: batch, columns: outputs)
      for i in 0..<batch { unit[i, l] = 1 }
      rows.apply(.ggn, to: &unit)
      for i in 0..<batch {
        for k in 0..<outputs { expected[(i * outputs + k) * outputs + l] = unit[i, k] }
      }
    }
    let name = Self.losses[number].name
    #expect(relativeError(moments, to: expected) < 0.06, "\(name): \(draws) draws, seeds 3 and 17")
    #expect(means.norm / expected.norm < 0.06, "\(name)")
  }

  /// Cross-entropy draws classes: a row is sqrt(w) (e_c - p).
  @Test func classesAreDrawn() {
    let rows = Self.rows(CrossEntropy(), seed: 5, batch: 6, outputs: 5)
    var (sample, p) = (Matrix<Double>(rows: 0, columns: 0), rows.rows)
    guard let margins = rows as? MarginRows<Double> else { return #expect(Bool(false)) }
    RowKernels.probabilities(&p, labels: margins.labels, residual: margins.residual)
    var generator = SeededGenerator(seed: 1)
    margins.sampledDescent(using: &generator, into: &sample)
    for i in 0..<6 {
      let root = margins.weights![i].squareRoot()
      let drawn = (0..<5).filter { abs(sample[i, $0] / root + p[i, $0] - 1) < 1e-14 }
      let rest = (0..<5).filter { abs(sample[i, $0] / root + p[i, $0]) < 1e-14 }
      #expect(drawn.count == 1 && rest.count == 4)
    }
  }

  /// Empirical rows: w v^2 a a^T.
  @Test func observedRowsAreGradients() {
    let rows = Self.rows(SquaredLoss(), seed: 6, batch: 4, outputs: 3)
    var (observed, descent) = (Matrix<Double>(rows: 0, columns: 0), Matrix<Double>(rows: 0, columns: 0))
    rows.observedDescent(into: &observed)
    rows.descent(into: &descent)
    for i in 0..<4 {
      for k in 0..<3 { #expect(abs(observed[i, k] * rows.weights![i].squareRoot() - descent[i, k]) < 1e-14) }
    }
  }
}
