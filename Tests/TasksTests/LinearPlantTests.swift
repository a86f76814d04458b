import FastGaussNewton
import TestSupport
import Testing

@testable import Tasks

@Suite struct LinearPlantTests {
  @Test(arguments: LinearPlant.examples) func solvesTheRiccatiEquation(_ plant: LinearPlant) throws {
    let golden = try #require(Golden.load().plants[plant.name])
    let value = plant.optimalValue()
    #expect(plant.residual(value) < 1e-13)
    #expect(relativeError(value.elements, to: golden.value.flatMap { $0 }) < 1e-12)
    #expect(relativeError(plant.optimalGain().elements, to: golden.gain.flatMap { $0 }) < 1e-12)
    #expect(relativeError(plant.spectralRadius, to: golden.radius) < 1e-9)
    #expect(relativeError(plant.spectralRadius(with: plant.optimalGain()), to: golden.closedLoop) < 1e-9)
  }

  @Test func plantsAreOfEachKind() {
    let radii = LinearPlant.examples.map(\.spectralRadius)
    #expect(radii.contains { $0 < 1 - 1e-6 } && radii.contains { $0 > 1.2 } && radii.contains { abs($0 - 1) < 1e-9 })
    for plant in LinearPlant.examples { #expect(plant.spectralRadius(with: plant.optimalGain()) < 1, "\(plant.name)") }
  }

  /// x^T P x is the cost of the optimal policy from x.
  @Test func valueIsTheCostToGo() {
    let plant = LinearPlant.unstable
    let (value, gain) = (plant.optimalValue(), plant.optimalGain())
    let start = Matrix<Double>([[1], [-2], [0.5]])
    var (state, cost) = (start, 0.0)
    for _ in 0..<60 {
      var action = gain * state
      action.scale(by: -1)
      cost += plant.cost(state, action)
      state = plant.next(state, action)
    }
    #expect(relativeError(start.elements.dot((value * start).elements), to: cost) < 1e-12)
  }

  /// Triangular, so that the eigenvalues are on the diagonal; a rotation; nothing.
  @Test func spectralRadius() {
    #expect(relativeError(Matrix([[0.5, 100], [0, -0.75]]).spectralRadius, to: 0.75) < 1e-9)
    #expect(relativeError(Matrix([[0, 2], [-2, 0]]).spectralRadius, to: 2) < 1e-9)
    #expect(Matrix([[0, 1], [0, 0]]).spectralRadius == 0)
  }
}

@Suite struct GainLearningTests {
  static func optimizer(_ task: GainLearning, damping: Double = 1e-6) -> GaussNewtonOptimizer<LinearHead<Double>> {
    let options = GaussNewtonOptions(
      descent: DescentOptions(curvature: .ggn, solver: .gram), damping: .fixed(damping),
      trustRegion: GaussNewtonOptions.TrustRegion(radius: .infinity, warmUp: 0), momentum: 0, schedule: .constant)
    return GaussNewtonOptimizer(Objective(task.model, loss: SquaredLoss()), options: options)
  }

  @Test(arguments: LinearPlant.examples, [1, 2] as [UInt64])
  func reachesTheOptimalGain(_ plant: LinearPlant, _ seed: UInt64) {
    var task = GainLearning(plant: plant)
    task.batchSize = 32
    // The error falls by the closed loop's spectral radius squared.
    task.iterations = plant == .graph ? 280 : 100
    var optimizer = Self.optimizer(task)
    let result = task.run(&optimizer, seed: seed)
    #expect(result.rejected == 0)
    #expect(result.errors[0] > 0.9, "the gain is not known from the start")
    let last = result.errors[task.iterations - 1]
    #expect(last < 1e-6, "\(plant.name), seed \(seed)")
    #expect(relativeError(result.gain.elements, to: plant.optimalGain().elements) < 1e-6)
  }

  /// With exact fits this is value iteration.
  @Test func fitsAreStepsOfValueIteration() {
    let plant = LinearPlant.stable
    var task = GainLearning(plant: plant)
    (task.iterations, task.updates) = (3, 4)
    var optimizer = Self.optimizer(task)
    let learned = task.run(&optimizer, seed: 3).gain
    var value = Matrix<Double>(rows: 3, columns: 3)
    for _ in 0..<2 { value = plant.riccati(value) }
    #expect(relativeError(learned.elements, to: plant.gain(for: value).elements) < 1e-10)
  }

  @Test func sameSeedSameBits() {
    var task = GainLearning(plant: .stable)
    task.iterations = 5
    func errors(_ seed: UInt64) -> [Double] {
      var optimizer = Self.optimizer(task)
      return task.run(&optimizer, seed: seed).errors
    }
    #expect(errors(1) == errors(1))
    #expect(errors(1) != errors(2))
  }

  /// z^T H z is the linear model.
  @Test func monomialsAndForm() {
    var generator = SeededGenerator(seed: 5)
    let task = GainLearning(plant: .stable)
    let weights: [Double] = generator.vector(15)
    let form = task.form(weights)
    #expect(form == form.transposed)
    let z: [Double] = generator.vector(5)
    let column = Matrix(rows: 5, columns: 1, elements: z)
    let value = column.elements.dot((form * column).elements)
    #expect(relativeError(GainLearning.monomials(z).dot(weights), to: value) < 1e-13)
  }
}
