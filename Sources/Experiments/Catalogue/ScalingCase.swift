import Baselines
import GaussNewton
import LinearAlgebra
import Models
import Optimization
import Training

/// The methods at one shape, step by step in turns: a linear head on normal features, in Float.
///
/// All step from the same parameters, so little that these stay what they are. Turns start with another method in each
/// round, so that nobody always finds the other's caches.
struct ScalingCase {
  let shape: Scaling.Shape
  let seed: UInt64
  private let head: LinearHead<Float>
  private var parameters: Parameters<Float>
  private let batch: Batch<Float>
  let products: Linearizations.Costs
  private(set) var contestants: [Contestant]
  private(set) var rate = ProductRate()

  struct Contestant {
    let method: Scaling.Method
    var optimizer: any Optimizer<LinearHead<Float>>
    let flops: Double
    /// By the flops, never by the clock, so that two runs do the same.
    let repetitions: Int
    var wall: [Double] = []
    var cpu: [Double] = []
    var report = StepReport(outcome: .rejected, objective: 0)
  }

  /// Steps before the first that counts: work areas have their size after two.
  private static let warmUp = 2

  init(_ shape: Scaling.Shape, methods: [Scaling.Method], seed: UInt64) {
    self.shape = shape
    self.seed = seed
    head = LinearHead(features: shape.features, classes: shape.classes)
    var generator = SeededGenerator(seed: seed, .scaling)
    let spread = (12 / Float(shape.features)).squareRoot()
    let values = (0..<head.layout.count).map { _ in spread * (Float(generator.uniform()) - 0.5) }
    parameters = Parameters(layout: head.layout, values: values)
    let features = (0..<shape.batch * shape.features).map { _ in Float(generator.normal()) }
    batch = Batch(
      features: Matrix(rows: shape.batch, columns: shape.features, elements: features),
      labels: (0..<shape.batch).map { _ in Int32(generator.index(below: shape.classes)) })
    var linearization = head.makeLinearization()
    var outputs = Matrix<Float>(rows: 0, columns: 0)
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &outputs)
    let products = linearization.costs
    self.products = products
    let head = head
    contestants = methods.map { method in
      let flops = Scaling.flops(method, shape, products)
      return Contestant(
        method: method, optimizer: Self.optimizer(method, head, shape), flops: flops,
        repetitions: max(3, min(60, Int(2e9 / flops))))
    }
  }

  /// Fixed damping, low enough that conjugate gradient uses all of its iterations; the trust region shortens steps to
  /// nearly nothing, after all of the work is done.
  private static func optimizer(
    _ method: Scaling.Method, _ head: LinearHead<Float>, _ shape: Scaling.Shape
  ) -> any Optimizer<LinearHead<Float>> {
    guard let (curvature, solver) = method.system else {
      return SGD(Objective(head), options: SGDOptions(gradient: GradientOptions(learningRate: LearningRate(1e-9))))
    }
    let descent = DescentOptions(
      curvature: curvature, solver: solver, tolerance: .leastNormalMagnitude, maximumIterations: shape.iterations)
    let damping = 1e-3 * Double(shape.features) / Double(shape.unknowns)
    let options = GaussNewtonOptions(
      descent: descent, damping: .fixed(damping), trustRegion: GaussNewtonOptions.TrustRegion(radius: 1e-12, warmUp: 0),
      momentum: 0,
      schedule: .constant)
    return GaussNewtonOptimizer(Objective(head), options: options)
  }

  consuming func rows() -> [Row] {
    let rounds = contestants.map(\.repetitions).max() ?? 0
    for round in -Self.warmUp..<rounds {
      if round >= 0 && round < 9 { rate.measure() }
      for turn in contestants.indices {
        let index = (turn + round + Self.warmUp) % contestants.count
        if round < contestants[index].repetitions { step(index, isCounted: round >= 0) }
      }
    }
    return contestants.map(row)
  }

  private mutating func step(_ index: Int, isCounted: Bool) {
    let clock = RunClock(limit: nil)
    let report = contestants[index].optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 1000))
    let (wall, cpu) = (clock.wallSeconds, clock.cpuSeconds)
    contestants[index].report = report
    guard isCounted else { return }
    contestants[index].wall.append(wall)
    contestants[index].cpu.append(cpu)
  }
}
