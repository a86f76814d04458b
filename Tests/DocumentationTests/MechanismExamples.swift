import Experiments
import FastGaussNewton
import Testing

/// The blocks of `AdjustedCrossEntropy`, `PrescribedLogits` and `DirectionMeasure`.
@Suite struct MechanismExamples {
  @Test func adjustedLoss() throws {
    let loss = AdjustedCrossEntropy(offsets: Matrix(rows: 1, columns: 3, elements: [2, 0, 0]), weight: .fisher)
    try loss.check(Targets<Float>.classes([0]), outputs: 3)
    #expect(throws: TargetError.self) { try loss.check(Targets<Float>.classes([0, 1]), outputs: 3) }
  }

  @Test func prescribedLogits() {
    let problem = PrescribedLogits(
      rows: 8, features: 16, classes: 10, probability: 0.5, competitors: .effective(3), seed: 1)
    let measure = problem.measure(damping: 0.01)
    #expect(abs(measure.effectiveCompetitors - 3) < 1e-10)
    #expect(measure.relativeError > 0 && measure.relativeError < 1)
  }
}
