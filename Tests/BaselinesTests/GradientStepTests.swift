import Foundation
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// What the gradient methods share: refusals, decay, clipping, checkpoints, threads.
@Suite struct GradientStepTests {
  static let model = LinearHead<Float>(features: 4, classes: 5)

  /// A batch with weights, and parameters with some spread.
  static func problem<S: RealScalar>(
    _ model: LinearHead<S>, seed: UInt64, batch: Int = 12
  ) -> (Parameters<S>, Batch<S>) {
    var generator = SeededGenerator(seed: seed)
    let parameters = Parameters<S>(layout: model.layout, values: generator.vector(model.layout.count))
    let features: Matrix<S> = generator.matrix(batch, model.inputWidth)
    let labels = generator.labels(batch, classes: model.outputWidth)
    return (parameters, Batch(features: features, labels: labels, weights: (0..<batch).map { S($0 % 3 + 1) }))
  }

  static func options(decay: Double = 0.1, clipping: Double? = nil) -> GradientOptions {
    GradientOptions(learningRate: LearningRate(0.1), weightDecay: decay, clipping: clipping)
  }

  static func methods<S: RealScalar>(_ model: LinearHead<S>) -> [any Optimizer<LinearHead<S>>] {
    [
      SGD(Objective(model, l2: 0.01), options: SGDOptions(gradient: options())),
      SGD(Objective(model, l2: 0.01), options: SGDOptions(gradient: options(clipping: 0.1), momentum: 0.9)),
      SGD(Objective(model, l2: 0.01), options: SGDOptions(gradient: options(), momentum: 0.9, nesterov: true)),
      Adam(Objective(model, l2: 0.01), options: AdamOptions(gradient: options())),
      LBFGS(Objective(model, l2: 0.01), options: LBFGSOptions(history: 3)),
      GradientAgreement(Adam(Objective(model)), options: GradientAgreementOptions(threshold: 2)),
    ]
  }

  static let defects: [@Sendable (inout Batch<Float>) -> Void] = [
    { $0.inputs.dense[5, 2] = .nan },
    { $0.inputs.dense[0, 0] = .infinity },
    { $0.inputs.dense[11, 3] = -.infinity },
    { $0.inputs.dense.scale(by: 1e38) },
    { $0.inputs.dense[3, 1] = 1e25 },  // a finite loss, a gradient whose norm overflows
  ]

  /// Parameters and what is remembered keep every bit; the next good batch is a step again, as if nothing had been.
  @Test(arguments: 0..<6, 0..<5) func stepsThatAreNotFinite(method: Int, defect: Int) throws {
    func run<O: Optimizer>(_ start: O) throws where O.Scalar == Float {
      var optimizer = start
      var (parameters, batch) = Self.problem(Self.model, seed: 5)
      for step in 0..<2 { _ = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: step, total: 9)) }
      var (twin, undisturbed) = (optimizer, parameters)
      let good = batch
      let before = (bits(parameters.values), try JSONEncoder.sorted.encode(optimizer.state))
      Self.defects[defect](&batch)
      let report = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 2, total: 9))
      #expect(report.outcome == .rejected)
      #expect(bits(parameters.values) == before.0)
      #expect(try JSONEncoder.sorted.encode(optimizer.state) == before.1)
      let next = optimizer.step(&parameters, on: good, at: Schedule.Progress(step: 3, total: 9))
      #expect(next.outcome == .accepted && parameters.values.isFinite && bits(parameters.values) != before.0)
      _ = twin.step(&undisturbed, on: good, at: Schedule.Progress(step: 3, total: 9))
      #expect(bits(parameters.values) == bits(undisturbed.values))
    }
    try run(Self.methods(Self.model)[method])
  }

  /// A checkpoint goes on as if nothing had happened, bit for bit.
  @Test(arguments: 0..<6) func stateSurvives(method: Int) throws {
    func run<O: Optimizer>(_ start: O) throws where O.Scalar == Double {
      let model = LinearHead<Double>(features: 4, classes: 5)
      var (parameters, batch) = Self.problem(model, seed: 7)
      var first = start
      for step in 0..<4 { _ = first.step(&parameters, on: batch, at: Schedule.Progress(step: step, total: 9)) }
      var second = start
      second.state = try JSONDecoder().decode(O.State.self, from: JSONEncoder().encode(first.state))
      var copy = parameters
      batch.weights = nil
      for step in 4..<8 {
        _ = first.step(&parameters, on: batch, at: Schedule.Progress(step: step, total: 9))
        _ = second.step(&copy, on: batch, at: Schedule.Progress(step: step, total: 9))
      }
      #expect(bits(copy.values) == bits(parameters.values))
    }
    try run(Self.methods(LinearHead<Double>(features: 4, classes: 5))[method])
  }

  /// The same bits on 1, 2 and 3 threads, where vectors are long enough to be cut.
  @Test func threads() {
    let model = LinearHead<Float>(features: 3000, classes: 50)
    let (start, batch) = Self.problem(model, seed: 3, batch: 6)
    func run<O: Optimizer>(_ optimizer: O) where O.Scalar == Float {
      let results = onThreads {
        var (optimizer, parameters) = (optimizer, start)
        for step in 0..<3 { _ = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: step, total: 3)) }
        return parameters.values
      }
      #expect(areIdentical(results), "\(optimizer.explanation)")
    }
    for method in Self.methods(model) { run(method) }
  }

  /// A loss of zero slope: targets are the outputs. Then only decay moves parameters, and only the weights.
  @Test(arguments: [0, 2, 3]) func decayIsOfPenalisedSlices(method: Int) {
    let model = LinearHead<Double>(features: 2, classes: 1)
    let gradient = GradientOptions(learningRate: LearningRate(0.5), weightDecay: 0.1)
    func run(_ start: some Optimizer<LinearHead<Double>>) {
      var optimizer = start
      var parameters = Parameters(layout: model.layout, values: [1, 2, 3])
      let batch = Batch<Double>(
        features: Matrix(rows: 1, columns: 2, elements: [1, -1]), values: Matrix(rows: 1, columns: 1, elements: [2]))
      _ = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 1))
      #expect(parameters.values == [0.95, 1.9, 3], "\(optimizer.explanation)")
    }
    let methods: [any Optimizer<LinearHead<Double>>] = [
      SGD(Objective(model, loss: SquaredLoss()), options: SGDOptions(gradient: gradient)),
      SGD(Objective(model, loss: SquaredLoss()), options: SGDOptions(gradient: gradient, momentum: 0.9)),
      SGD(
        Objective(model, loss: SquaredLoss()), options: SGDOptions(gradient: gradient, momentum: 0.9, nesterov: true)),
      Adam(Objective(model, loss: SquaredLoss()), options: AdamOptions(gradient: gradient)),
    ]
    run(methods[method])
  }

  /// Clipping bounds the step by rate * norm and keeps its direction; a short gradient is left alone.
  @Test func clipping() {
    let model = LinearHead<Double>(features: 4, classes: 5)
    let (parameters, batch) = Self.problem(model, seed: 11)
    func gradient(_ clipping: Double?) -> (StepReport, [Double]) {
      var step = GradientStep(Objective(model, l2: 0.01), options: Self.options(clipping: clipping))
      let report = step.evaluate(at: parameters, on: batch, at: Schedule.Progress(step: 0, total: 1), path: "")
      return (report, step.values)
    }
    let (whole, values) = gradient(nil)
    #expect(whole.shortening == 1 && values.norm > 0.2)
    let (clipped, short) = gradient(0.05)
    #expect(abs(short.norm - 0.05) < 1e-6 && short.norm <= 0.05)
    #expect(abs(clipped.shortening - 0.05 / values.norm) < 1e-6)
    #expect(relativeError(short.map { $0 / clipped.shortening }, to: values) < 1e-14)
    let (long, same) = gradient(100)
    #expect(long.shortening == 1 && bits(same) == bits(values))
  }

  /// A direction that is not finite is not taken, and neither is the decay that goes with it.
  @Test(arguments: [Float.nan, .infinity, 1e30]) func directionsThatAreNotFinite(_ defect: Float) {
    var (parameters, batch) = Self.problem(Self.model, seed: 2)
    var step = GradientStep(Objective(Self.model, l2: 0.01), options: Self.options())
    _ = step.evaluate(at: parameters, on: batch, at: Schedule.Progress(step: 0, total: 1), path: "")
    var direction = step.values
    direction[7] = defect
    let before = bits(parameters.values)
    #expect(!step.move(&parameters, along: direction))
    #expect(bits(parameters.values) == before)
    batch.weights = nil
    #expect(step.move(&parameters, along: step.values) && parameters.values.isFinite)
  }
}

extension JSONEncoder {
  /// The same bytes for the same values.
  static var sorted: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return encoder
  }
}
