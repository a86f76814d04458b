import Foundation
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// K-FAC against dense Kronecker products, from a forward and a backward pass by hand, example by example.
@Suite struct KFACTests {
  /// W1 [4, 3], b1, W2 [2, 4], b2 with tanh between: inputs and cotangents of each layer, row by row.
  struct HandPass {
    var inputs: [[[Double]]] = [[], []]
    var cotangents: [[[Double]]] = [[], []]

    /// - Parameter outputs: of logits and the row's number, the cotangent of the loss there.
    init(_ values: [Double], _ features: Matrix<Double>, outputs: ([Double], Int) -> [Double]) {
      let first = SlowMatrix(4, 4) { values[KFACTests.index(0, $0, $1)] }
      let second = SlowMatrix(2, 5) { values[KFACTests.index(1, $0, $1)] }
      for i in 0..<features.rows {
        let x: [Double] = Array(features.row(i)) + [1]
        let hidden: [Double] = first.times(x).map { tanh($0) }
        let above: [Double] = outputs(second.times(hidden + [1]), i)
        let back: [Double] = second.transposed.times(above)
        inputs[0].append(x)
        inputs[1].append(hidden + [1])
        cotangents[1].append(above)
        cotangents[0].append(zip(hidden, back).map { (1 - $0 * $0) * $1 })
      }
    }
  }

  /// Where [dW db], row-major with the bias last, lies in the parameters.
  static func index(_ layer: Int, _ out: Int, _ column: Int) -> Int {
    let (width, offset, bias) = layer == 0 ? (3, 0, 12) : (4, 16, 24)
    return column == width ? bias + out : offset + out * width + column
  }

  static func moment(_ rows: [[Double]], weights: [Double]) -> SlowMatrix {
    let n = rows[0].count
    var result = SlowMatrix(n, n)
    for (row, weight) in zip(rows, weights) {
      for i in 0..<n {
        for j in 0..<n { result[i, j] += weight * row[i] * row[j] / Double(rows.count) }
      }
    }
    return result
  }

  /// A few steps: running means of the factors, inverses kept in the fourth, damping with L2, KL limit, momentum,
  /// decay.
  @Test(arguments: [1, 2] as [UInt64], FisherEstimate.allCases)
  func stepsAreDenseSolves(_ seed: UInt64, _ fisher: FisherEstimate) throws {
    var problem = try Problems.perceptron([3, 4, 2], seed: seed, batch: 7, weighted: true, as: Double.self)
    let (rate, momentum, damping, l2, weightDecay, limit) = (0.3, 0.6, 0.02, 0.01, 0.05, 0.003)
    var options = KFACOptions(
      gradient: GradientOptions(learningRate: LearningRate(rate), weightDecay: weightDecay),
      momentum: momentum, damping: damping, klLimit: limit, seed: seed)
    options.inverseInterval = 2
    options.fisher = fisher
    var kfac = KFAC(Objective(problem.model, l2: l2), options: options)
    let weights = problem.batch.weights!.map { $0 * 7 / problem.batch.weights!.reduce(0, +) }
    var factors: [(a: SlowMatrix, g: SlowMatrix)] = [
      (SlowMatrix(4, 4), SlowMatrix(4, 4)), (SlowMatrix(5, 5), SlowMatrix(2, 2)),
    ]
    var solved: [SlowMatrix] = []
    var velocity = [Double](repeating: 0, count: 26)
    var findings = Findings("seed \(seed) \(fisher)")
    var shortened = 0
    for step in 0..<4 {
      let before = problem.parameters.values
      var expected = before
      var objective = ObjectivePoint(Objective(problem.model))
      _ = objective.evaluate(at: problem.parameters, batch: problem.batch)
      var sample = Matrix<Double>(rows: 0, columns: 0)
      var generator = SeededGenerator(seed: seed, stream: UInt64(step) << 8 + 0xC5)
      objective.rows.sampledDescent(using: &generator, into: &sample)
      let hand = HandPass(expected, problem.batch.inputs.dense) { logits, i in
        if fisher == .sampled { return Array(sample.row(i)) }
        let p = WideRow(logits: logits.map { Wide($0) }, label: 0).probabilities.map { Double($0) }
        return (0..<2).map { weights[i].squareRoot() * ((Int(problem.batch.labels[i]) == $0 ? 1 : 0) - p[$0]) }
      }
      let decay = min(1 - 1 / Double(step + 1), 0.95)
      for layer in 0..<2 {
        let a = Self.moment(hand.inputs[layer], weights: weights)
        let g = Self.moment(hand.cotangents[layer], weights: weights.map { _ in 1 })
        let old = factors[layer]
        factors[layer].a = SlowMatrix(a.rows, a.rows) { decay * old.a[$0, $1] + (1 - decay) * a[$0, $1] }
        factors[layer].g = SlowMatrix(g.rows, g.rows) { decay * old.g[$0, $1] + (1 - decay) * g[$0, $1] }
      }
      if step < 3 {
        solved = factors.map { a, g in
          let pi = ((a.trace / Double(a.rows)) / (g.trace / Double(g.rows))).squareRoot()
          let root = (damping + l2).squareRoot()
          return SlowMatrix.kronecker(g.shifted(by: root / pi), a.shifted(by: pi * root))
        }
      }
      let gradient = problem.gradient(at: problem.parameters, l2: l2)
      var direction = gradient
      for (layer, width) in [(0, 4), (1, 5)] {
        let count = solved[layer].rows
        let places = (0..<count).map { Self.index(layer, $0 / width, $0 % width) }
        let solution = solved[layer].solve(places.map { gradient[$0] })
        for (place, value) in zip(places, solution) { direction[place] = value }
      }
      let change = rate * rate * zip(direction, gradient).reduce(0) { $0 + $1.0 * $1.1 }
      let shortening = min(1, (limit / change).squareRoot())
      if shortening < 1 { shortened += 1 }
      for slice in problem.model.layout.trainable {
        for k in slice.range {
          velocity[k] = momentum * velocity[k] + shortening * direction[k]
          expected[k] = expected[k] * (slice.isPenalised ? 1 - rate * weightDecay : 1) - rate * velocity[k]
        }
      }
      let report = kfac.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 4))
      #expect(report.outcome == .accepted && abs(report.shortening - shortening) < 1e-10)
      for (layer, block) in kfac.state.blocks.enumerated() {
        findings.expect(
          relativeError(block.factors.input.values.elements, to: factors[layer].a.elements), atMost: 1e-12,
          "factors of inputs")
        findings.expect(
          relativeError(block.factors.output.values.elements, to: factors[layer].g.elements), atMost: 1e-12,
          "factors of cotangents")
      }
      findings.expect(
        stepError(problem.parameters.values, expected, from: before), atMost: 1e-8, "K-FAC, dense steps")
    }
    #expect(shortened > 0)
    findings.report("K-FAC")
    #expect(findings.violations.isEmpty, "\(findings.violations)")
  }

  /// A weight at T positions: A sums over them and G is their mean.
  @Test func positionsAreSummedInOneFactorAndAveragedInTheOther() {
    let (examples, positions) = (4, 3)
    var generator = SeededGenerator(seed: 12)
    let layout = LinearHead<Double>(features: 2, classes: 3).layout
    let x: Matrix<Double> = generator.matrix(examples * positions, 2)
    let g: Matrix<Double> = generator.matrix(examples * positions, 3)
    let pair = Linearizations.KroneckerPair(
      weight: layout.slices[0], bias: layout.slices[1], input: x.view, cotangents: g.view, positions: positions)
    var (block, work) = (KroneckerBlock(pair), KroneckerFactors<Double>.Workspace())
    block.update(with: pair, rows: 5, rootWeights: nil, decay: 0, using: &work)
    let rows = (0..<12).map { Array(x.row($0)) + [1] }
    let ones = [Double](repeating: 1, count: 12)
    let a = Self.moment(rows, weights: ones.map { $0 * Double(positions) })
    // 12 rows in the mean of `moment`, 3 positions of 5 outputs in the factor.
    let b = Self.moment((0..<12).map { Array(g.row($0)) }, weights: ones.map { $0 * 12 / 15 })
    #expect(relativeError(block.factors.input.values.elements, to: a.elements) < 1e-14)
    #expect(relativeError(block.factors.output.values.elements, to: b.elements) < 1e-14)
  }

  /// One linear layer without bias and the squared loss: G is the identity, K-FAC's direction nearly the GGN's.
  @Test func onALinearModelItIsGaussNewton() {
    var problem = Problems.quadratic(seed: 3, batch: 40, features: 5, outputs: 2, as: Double.self)
    problem.batch.weights = nil
    var options = KFACOptions(
      gradient: GradientOptions(learningRate: LearningRate(1)), momentum: 0, damping: 1e-10, klLimit: nil)
    let hessian = SGNTests.hessian(problem)
    let newton = hessian.solve(problem.gradient(at: problem.parameters).map { -$0 })
    // Many samples of the factor of cotangents, at a rate that leaves the parameters where they are.
    options.decay = 0.9995
    options.gradient.learningRate = LearningRate(1e-12)
    options.inverseInterval = 1
    var (kfac, parameters) = (KFAC(Objective(problem.model, loss: problem.loss), options: options), problem.parameters)
    for step in 0..<400 {
      parameters = problem.parameters
      _ = kfac.step(&parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 400))
    }
    let g = kfac.state.blocks[0].factors.output.values
    #expect(largestDifference(g.elements, [1, 0, 0, 1]) < 0.05, "16,000 draws: \(g)")
    let direction = kfac.state.velocity.map { -$0 }
    #expect(relativeError(direction, to: newton) < 0.05)
  }

  /// What has no factors has the diagonal of the same Fisher; nothing is left out.
  @Test func theRestHasADiagonal() throws {
    let layers: [any Layer] = [Layers.Dense(5), Layers.LayerNorm(), Layers.Activation(.relu), Layers.Dense(3)]
    let model = try Network<Double>(Architecture(input: [4], layers: layers))
    var generator = SeededGenerator(seed: 21)
    var parameters = model.initialParameters(using: &generator)
    let batch = Batch<Double>(features: generator.matrix(10, 4), labels: generator.labels(10, classes: 3))
    var options = KFACOptions(momentum: 0, damping: 0.05, klLimit: nil, seed: 3)
    options.largestFactor = 5  // The second weight has 6 inputs with its bias.
    var kfac = KFAC(Objective(model), options: options)
    var objective = ObjectivePoint(Objective(model))
    _ = objective.evaluate(at: parameters, batch: batch)
    var (sample, u, g) = (Matrix<Double>(rows: 0, columns: 0), [Double](), [Double]())
    objective.gradient(into: &g)
    var own = SeededGenerator(seed: 3, stream: 0xC5)
    objective.rows.sampledDescent(using: &own, into: &sample)
    objective.pullback(sample, into: &u)
    let before = parameters.values
    let report = kfac.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 1))
    #expect(report.outcome == .accepted && kfac.state.blocks.count == 1)
    for slice in model.layout.trainable where !slice.name.hasPrefix("0.") {
      let expected = slice.range.map { before[$0] - 0.1 * g[$0] / (10 * u[$0] * u[$0] + 0.05) }
      #expect(relativeError(Array(parameters.values[slice.range]), to: expected) < 1e-12, "\(slice.name)")
    }
  }
}
