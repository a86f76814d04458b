import Foundation
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// L-BFGS on Kronecker factors, against L-BFGS as it is.
@Suite struct LBFGSMetricTests {
  /// Correlated features whose scales span a factor of thirty.
  private func features(_ rows: Int, _ columns: Int, using generator: inout SeededGenerator) -> Matrix<Double> {
    var result: Matrix<Double> = generator.matrix(rows, columns)
    for i in 0..<rows {
      for j in 1..<columns { result[i, j] = 0.8 * result[i, j - 1] + 0.6 * result[i, j] }
      for j in 0..<columns { result[i, j] *= pow(30, Double(j) / Double(columns - 1)) / 10 }
    }
    return result
  }

  private func head(_ seed: UInt64, weighted: Bool = false) -> (LinearHead<Double>, Batch<Double>) {
    var generator = SeededGenerator(seed: seed)
    let features = features(400, 12, using: &generator)
    let labels = (0..<400).map { i in
      let score = features[i, 0] * 3 + features[i, 11] * 0.2 + generator.normal()
      return Int32(score < -1 ? 0 : score < 0 ? 1 : score < 1 ? 2 : 3)
    }
    let weights = weighted ? (0..<400).map { _ in 0.2 + generator.uniform() } : nil
    return (LinearHead(features: 12, classes: 4), Batch(features: features, labels: labels, weights: weights))
  }

  /// Objectives by step, and the last parameters.
  private func run<M: Model>(
    _ model: M, _ batch: Batch<M.Scalar>, _ metric: LBFGSOptions.Metric, loss: any Loss = CrossEntropy(), steps: Int
  ) -> (objectives: [Double], parameters: Parameters<M.Scalar>) {
    var options = LBFGSOptions()
    options.metric = metric
    var optimizer = LBFGS(Objective(model, loss: loss, l2: 1e-3), options: options)
    var generator = SeededGenerator(seed: 9)
    var parameters = model.initialParameters(using: &generator)
    let objectives = (0..<steps).map {
      optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: $0, total: steps)).objective
    }
    return (objectives, parameters)
  }

  /// The same optimum, in less than two thirds of the steps.
  @Test(arguments: [(1, false), (2, true), (3, false)]) func fewerSteps(seed: UInt64, weighted: Bool) throws {
    let (model, batch) = head(seed, weighted: weighted)
    let (plain, metric) = (run(model, batch, .scaled, steps: 250), run(model, batch, .kronecker, steps: 120))
    let best = min(plain.objectives.last!, metric.objectives.last!)
    #expect(abs(plain.objectives.last! - metric.objectives.last!) < 1e-9 * best, "seed \(seed)")
    #expect(relativeError(metric.parameters.values, plain.parameters.values) < 1e-3, "seed \(seed)")
    let steps = [plain, metric].map { run in run.objectives.firstIndex { $0 < best * (1 + 1e-6) } ?? .max }
    #expect(3 * steps[1] < 2 * steps[0], "seed \(seed): \(steps)")
  }

  /// Where the curvature is a Kronecker product, I x X^T X / N, few pairs are left to be learned.
  @Test func leastSquares() throws {
    var generator = SeededGenerator(seed: 4)
    let features = features(2000, 12, using: &generator)
    let values = generator.matrix(2000, 3, as: Double.self)
    let model = LinearHead<Double>(features: 12, classes: 3)
    let batch = Batch<Double>(features: features, values: values)
    let (plain, metric) = (
      run(model, batch, .scaled, loss: SquaredLoss(), steps: 200),
      run(model, batch, .kronecker, loss: SquaredLoss(), steps: 60)
    )
    let best = min(plain.objectives.last!, metric.objectives.last!)
    let steps = [plain, metric].map { run in
      run.objectives.firstIndex { $0 - best < 1e-6 * (run.objectives[0] - best) } ?? .max
    }
    #expect(2 * steps[1] < steps[0], "\(steps)")
  }

  /// Through a network, in Float, with gains that have no factors.
  @Test func network() throws {
    let model = try Network<Float>(
      Architecture(
        input: [12], layers: [Layers.Dense(16), Layers.LayerNorm(), Layers.Activation(.tanh), Layers.Dense(4)]))
    let (_, batch) = head(5)
    let inputs = Batch<Float>(features: batch.inputs.dense.converted(), labels: batch.targets.labels)
    let (plain, metric) = (run(model, inputs, .scaled, steps: 30), run(model, inputs, .kronecker, steps: 30))
    #expect(zip(metric.objectives, metric.objectives.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(metric.objectives[29] < plain.objectives[29])
    #expect(metric.parameters.values.isFinite)
  }
}
