import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// Gradient agreement filtering against its definition.
@Suite struct GradientAgreementTests {
  static let model = LinearHead<Double>(features: 3, classes: 4)

  /// Keeps the batch it is given.
  struct Recorder<ModelType: Model<Double>>: Optimizer {
    let objective: Objective<ModelType>
    struct State: Codable, Sendable {}
    var state = State()
    var explanation: String { "recorder" }
    var batch: Batch<Double>?

    mutating func step(
      _ parameters: inout Parameters<Double>, on batch: Batch<Double>, at progress: Schedule.Progress
    ) -> StepReport {
      self.batch = batch
      return StepReport(outcome: .accepted, objective: 0, path: "recorder")
    }

    func check(batchRows: Int) throws(OptimizerError) {
      if batchRows > 100 { throw OptimizerError("expected at most 100 rows, got \(batchRows)") }
    }
  }

  static func filter(_ model: some Model<Double>, _ parts: Int, _ threshold: Double) -> (
    inout Parameters<Double>, Batch<Double>
  ) -> (StepReport, Batch<Double>?) {
    { parameters, batch in
      var filtered = GradientAgreement(
        Recorder(objective: Objective(model)),
        options: GradientAgreementOptions(microBatches: parts, threshold: threshold))
      let report = filtered.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 1))
      return (report, filtered.base.batch)
    }
  }

  /// Which examples are kept, by the definition: gradients of the examples of each part, one at a time.
  @Test(arguments: 0..<12) func keepsWhatAgrees(seed: UInt64) throws {
    var (parameters, batch) = GradientStepTests.problem(Self.model, seed: seed, batch: 11)
    batch.inputs.gram = gram(batch.inputs.dense)
    let threshold = [0.7, 0.97, 1.0, 1.2][Int(seed) % 4]
    let parts = 2 + Int(seed) % 4
    func gradient(_ examples: [Int]) -> [Double] {
      var objective = ObjectivePoint(Objective(Self.model))
      var (sum, one) = ([Double](repeating: 0, count: Self.model.layout.trainableCount), [Double]())
      for i in examples {
        let single = Batch(
          features: Matrix(rows: 1, columns: 3, elements: Array(batch.inputs.dense.row(i))),
          labels: [batch.labels[i]])
        _ = objective.evaluate(at: parameters, batch: single)
        objective.gradient(into: &one)
        sum.combine(batch.weights![i], one)
      }
      return sum
    }
    var kept = Array(0..<11 / parts)
    var agreed = 1
    for part in 1..<parts {
      let range = Array(11 * part / parts..<11 * (part + 1) / parts)
      let (a, b) = (gradient(kept), gradient(range))
      if 1 - a.dot(b) / a.norm / b.norm <= threshold {
        kept += range
        agreed += 1
      }
    }
    let (report, base) = Self.filter(Self.model, parts, threshold)(&parameters, batch)
    #expect(report.outcome == .accepted, "seed \(seed)")
    guard agreed > 1 else {
      #expect(base == nil && report.stepLength == 0 && report.path == "no agreement", "seed \(seed)")
      return
    }
    let taken = try #require(base, "seed \(seed)")
    #expect(taken.labels == kept.map { batch.labels[$0] }, "seed \(seed)")
    #expect(taken.weights == kept.map { batch.weights![$0] })
    #expect(taken.inputs.dense.elements == kept.flatMap { batch.inputs.dense.row($0) })
    let (known, expected) = (try #require(taken.inputs.gram), gram(taken.inputs.dense))
    for i in 0..<taken.count {
      for j in 0...i { #expect(abs(known[i, j] - expected[i, j]) < 1e-14) }
    }
    #expect(report.path == "recorder, \(agreed) of \(parts) agree" && report.modelPasses == 2)
  }

  /// Both outcomes are among the cases above.
  @Test func opposedGradientsDoNotAgree() {
    var parameters = Parameters<Double>(layout: Self.model.layout)
    let x = Matrix<Double>(rows: 2, columns: 3, elements: [1, 0, 0, 1, 0, 0])
    let opposed = Batch(features: x, labels: [0, 1])
    let before = parameters
    let skipped = Self.filter(Self.model, 2, 0.97)(&parameters, opposed)
    #expect(skipped.1 == nil && skipped.0.outcome == .accepted && parameters == before)
    #expect(abs(skipped.0.objective - 1.386294361119890) < 1e-14)
    let same = Self.filter(Self.model, 2, 0.97)(&parameters, Batch(features: x, labels: [1, 1]))
    #expect(same.1?.count == 2)
    // One example has nothing to agree with.
    let one = Batch<Double>(features: Matrix(rows: 1, columns: 3, elements: [1, 2, 3]), labels: [2])
    #expect(Self.filter(Self.model, 2, 0.97)(&parameters, one).1?.count == 1)
  }

  /// Positions: an example's labelled rows go with it.
  @Test func positions() throws {
    let model = try Network<Double>(
      Architecture(input: [3, 2], layers: [Layers.Positions(), Layers.Dense(4)]))
    #expect(model.rowsPerExample == 3)
    var generator = SeededGenerator(seed: 4)
    var parameters = model.initialParameters(using: &generator)
    // Examples 0 and 2 are the same, and 1 is the same with other labels.
    let x: [Double] = [1, 2, 3, 4, 5, 6]
    var inputs = Inputs(Matrix<Double>(rows: 3, columns: 6, elements: x + x + x))
    inputs.rows = [0, 2, 3, 5, 6, 8]
    let labels: [Int32] = [1, 1, 2, 2, 1, 1]
    let batch = Batch(inputs: inputs, labels: labels, weights: [1, 2, 1, 2, 1, 2])
    let (report, base) = Self.filter(model, 3, 0.97)(&parameters, batch)
    #expect(report.path == "recorder, 2 of 3 agree")
    #expect(base?.labels == [1, 1, 1, 1] && base?.weights == [1, 2, 1, 2])
    #expect(base?.inputs.rows == [0, 2, 3, 5] && base?.inputs.dense.elements == x + x)
  }

  func gram(_ x: Matrix<Double>) -> Matrix<Double> {
    var result = Matrix<Double>(rows: x.rows, columns: x.rows)
    for i in 0..<x.rows {
      for j in 0...i { result[i, j] = Array(x.row(i)).dot(Array(x.row(j))) }
    }
    return result
  }

  /// What is too large for the base is too large.
  @Test func asksTheBase() {
    let filtered = GradientAgreement(Recorder(objective: Objective(Self.model)))
    #expect(throws: Never.self) { try filtered.check(batchRows: 100) }
    #expect(throws: OptimizerError("expected at most 100 rows, got 101")) { try filtered.check(batchRows: 101) }
  }
}
