import FastGaussNewton
import Foundation
import Testing

@testable import Training

/// K numbers that depend on D features almost linearly, far from zero and of different sizes.
func measurements<S: RealScalar>(
  _ type: S.Type = S.self, rows: Int, features: Int, targets: Int = 1, noise: Double = 0.3, seed: UInt64 = 5
) throws -> Dataset<S> {
  var generator = SeededGenerator(seed: seed)
  let weights = (0..<targets * features).map { _ in generator.normal() }
  var (x, y): ([S], [S]) = ([], [])
  for _ in 0..<rows {
    let row = (0..<features).map { _ in generator.normal() }
    x += row.map { S($0) }
    for k in 0..<targets {
      let mean = (0..<features).reduce(0.0) { $0 + weights[k * features + $1] * row[$1] }
      y.append(S(100 + 10 * Double(k + 1) * (mean + noise * generator.normal())))
    }
  }
  return try Dataset(
    features: Matrix(rows: rows, columns: features, elements: x),
    values: Matrix(rows: rows, columns: targets, elements: y), targetNames: (0..<targets).map { "t\($0)" },
    source: "measurements")
}

@Suite struct RegressionTests {
  /// Full batches, far enough to be at the optimum.
  static func train<S: RealScalar>(
    _ data: Dataset<S>, loss: any Loss = SquaredLoss(), epochs: Int = 60, l2: Double = 0
  ) throws -> (head: LinearHead<S>, result: Trainer.Result<S>) {
    let head = LinearHead<S>(features: data.featureCount, classes: data.outputCount)
    // The steps of a solver with a tolerance end near the optimum.
    let options = GaussNewtonOptions(descent: .training(solver: .gram))
    var optimizer = GaussNewtonOptimizer(Objective(head, loss: loss, l2: l2), options: options)
    var silent = SilentObserver()
    let training = Trainer.Options(epochs: epochs, batchSize: data.count)
    return (head, try Trainer(options: training).run(&optimizer, on: data, observer: &silent))
  }

  /// w = (X^T X / N + l2)^-1 X^T y / N of centred x and y, two features; b = mean y - w . mean x.
  static func ridge(_ data: Dataset<Double>, output: Int, l2: Double) -> [Double] {
    let (n, x, y) = (Double(data.count), data.features.dense, data.values!)
    func mean(_ f: (Int) -> Double) -> Double { (0..<data.count).reduce(0) { $0 + f($1) } / n }
    let (p, q, t) = (mean { x[$0, 0] }, mean { x[$0, 1] }, mean { y[$0, output] })
    let a = mean { (x[$0, 0] - p) * (x[$0, 0] - p) } + l2
    let b = mean { (x[$0, 0] - p) * (x[$0, 1] - q) }
    let c = mean { (x[$0, 1] - q) * (x[$0, 1] - q) } + l2
    let (u, v) = (mean { (x[$0, 0] - p) * (y[$0, output] - t) }, mean { (x[$0, 1] - q) * (y[$0, output] - t) })
    let w = [(c * u - b * v) / (a * c - b * b), (a * v - b * u) / (a * c - b * b)]
    return w + [t - w[0] * p - w[1] * q]
  }

  @Test(arguments: [1, 2], [0.02, 0.5]) func reachesTheRidgeSolution(_ targets: Int, _ l2: Double) throws {
    var data = try measurements(Double.self, rows: 60, features: 2, targets: targets)
    try data.standardizeTargets(Standardization(fitting: data.values!))
    let (_, result) = try Self.train(data, epochs: 400, l2: l2)
    for k in 0..<targets {
      let expected = Self.ridge(data, output: k, l2: l2)
      let found = [2 * k, 2 * k + 1, 2 * targets + k].map { result.parameters.values[$0] }
      print("ridge \(targets) \(l2): \(largestError(found, expected))")
      for (value, other) in zip(found, expected) { #expect(abs(value - other) < 1e-6, "\(k): \(found) \(expected)") }
    }
  }

  @Test func predictionsAreInTheirOwnUnits() throws {
    let data = try measurements(Double.self, rows: 60, features: 2, targets: 2)
    var standard = data
    try standard.standardizeTargets(Standardization(fitting: data.values!))
    let (head, result) = try Self.train(standard)
    let file = ModelFile(model: head, parameters: result.parameters, loss: SquaredLoss(), trainedOn: standard)
    var predictions: [Double] = []
    try file.forEachBlock(data.features) { outputs, _ in
      file.predict(&outputs)
      predictions += outputs.elements
    }
    let squares = zip(predictions, data.values!.elements).map { ($0 - $1) * ($0 - $1) }
    let rmse = (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    let last = try #require(result.epochs.last?.rmse)
    #expect(try abs(rmse - last) < 1e-9 * rmse && abs(file.evaluate(standard).rmse! - rmse) < 1e-9 * rmse)
    // Noise is 3 and 6.
    #expect(rmse > 3 && rmse < 7)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var loss: any Loss
    var testDescription: String { loss.name }
  }
  static let cases = [Case(loss: SquaredLoss()), Case(loss: try! HuberLoss(delta: 0.7)), Case(loss: PoissonLoss())]

  @Test(arguments: cases, [false, true]) func evaluationAgreesWithTheDefinition(_ item: Case, _ weighted: Bool) throws {
    var data = try measurements(Double.self, rows: 45, features: 3, targets: 2)
    let weights = weighted ? (0..<45).map { Double($0 % 4) } : nil
    try data.setWeights(weights)
    let raw = try #require(data.values)
    // Not those of the data: residuals have a mean.
    let own = Standardization(mean: [90, 120], scale: [20, 30])
    let isStandard = !(item.loss is PoissonLoss)
    if isStandard { try data.standardizeTargets(own) }
    let head = LinearHead<Double>(features: 3, classes: 2)
    let parameters = randomParameters(head)
    var evaluator = Evaluator(Objective(head, loss: item.loss))
    let result = try evaluator.evaluate(parameters, data)

    let function = try #require(item.loss as? any ElementwiseLoss)
    var (loss, total) = (0.0, 0.0)
    var (errors, means, deviations) = ([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])
    for pass in 0..<2 {
      for i in 0..<45 {
        let w = weights?[i] ?? 1
        if pass == 0 { total += w }
        for k in 0..<2 {
          if pass == 0 {
            means[k] += w * raw[i, k]
            let z = (0..<3).reduce(parameters.values[6 + k]) {
              $0 + data.features.dense[i, $1] * parameters.values[3 * k + $1]
            }
            loss += w * function.evaluate(output: z, target: data.values![i, k]).loss
            let prediction = isStandard ? own.mean[k] + own.scale[k] * z : exp(z)
            errors[k] += w * (prediction - raw[i, k]) * (prediction - raw[i, k])
          } else {
            deviations[k] += w * (raw[i, k] - means[k] / total) * (raw[i, k] - means[k] / total)
          }
        }
      }
    }
    func expectEqual(_ a: Double?, _ b: Double, sourceLocation: SourceLocation = #_sourceLocation) {
      #expect(
        a.map { abs($0 - b) < 1e-10 * max(1, abs(b)) } ?? false, "\(a ?? .nan) \(b)", sourceLocation: sourceLocation)
    }
    expectEqual(result.loss, loss / total)
    expectEqual(result.rmse, ((errors[0] + errors[1]) / total / 2).squareRoot())
    expectEqual(result.r2, 1 - (errors[0] + errors[1]) / (deviations[0] + deviations[1]))
    for k in 0..<2 {
      expectEqual(result.outputs?[k].rmse, (errors[k] / total).squareRoot())
      expectEqual(result.outputs?[k].r2, 1 - errors[k] / deviations[k])
    }
    #expect(result.accuracy == nil && result.top5 == nil && result.classes.isEmpty && result.examples == 45)
    #expect(result.outputs?.map(\.name) == ["t0", "t1"])
  }

  @Test func constantTargetsHaveNoRSquared() throws {
    let data = try Dataset(
      features: Matrix<Float>(rows: 3, columns: 1, elements: [1, 2, 3]),
      values: Matrix(rows: 3, columns: 1, elements: [0.1, 0.1, 0.1]), targetNames: ["y"])
    let head = LinearHead<Float>(features: 1, classes: 1)
    var evaluator = Evaluator(Objective(head, loss: SquaredLoss()))
    let result = try evaluator.evaluate(Parameters(layout: head.layout), data)
    #expect(result.r2 == nil && abs(result.rmse! - 0.1) < 1e-6)
  }

  @Test func dataThatALossCannotTake() throws {
    let numbers = try measurements(Double.self, rows: 5, features: 2)
    let classes = try blobs(Double.self, rows: 5, features: 2, classes: 2)
    func run(_ data: Dataset<Double>, _ loss: any Loss) throws -> Trainer.Result<Double> {
      let head = LinearHead<Double>(features: 2, classes: data.outputCount)
      var optimizer = ScriptedOptimizer([nil], Objective(head, loss: loss))
      var silent = SilentObserver()
      return try Trainer(options: Trainer.Options()).run(
        &optimizer, on: data, observer: &silent)
    }
    expectFailure(DataError.self, "measurements: ", "cross-entropy loss wants at least 2 outputs, got 1") {
      try run(numbers, CrossEntropy())
    }
    let two = try measurements(Double.self, rows: 5, features: 2, targets: 2)
    expectFailure(DataError.self, "measurements: ", "wants a class for each row") { try run(two, CrossEntropy()) }
    expectFailure(DataError.self, "blobs: ", "squared loss wants numbers as targets, got classes") {
      try run(classes, SquaredLoss())
    }
    let negative = try Dataset(
      features: numbers.features, values: Matrix(rows: 5, columns: 1, elements: [0, 1, 2, -1, 3]), targetNames: ["n"],
      source: "counts")
    expectFailure(DataError.self, "counts: row 3: ", "count of at least 0, got -1.0") {
      try run(negative, PoissonLoss())
    }
    let head = LinearHead<Double>(features: 2, classes: 3)
    expectFailure(DataError.self, "the model has 3 outputs, the data have 1 targets") { try numbers.checkFit(head) }
  }
}

@Suite struct RegressionDatasetTests {
  static let features = Matrix<Double>(rows: 4, columns: 1, elements: [0, 1, 2, 3])
  static func values(_ elements: [Double], columns: Int = 2) -> Matrix<Double> {
    Matrix(rows: elements.count / columns, columns: columns, elements: elements)
  }
  static func data(_ elements: [Double] = [0, 10, 1, 11, 2, 12, 3, 13]) throws -> Dataset<Double> {
    try Dataset(features: features, values: values(elements), targetNames: ["a", "b"], source: "data")
  }

  @Test func whatItHolds() throws {
    let data = try Self.data()
    #expect(data.outputCount == 2 && data.classCount == 0 && data.classNames.isEmpty && data.labels.isEmpty)
    #expect(data.count == 4 && data.labelCount == 4 && data.labelsPerExample == 1)
    let part = try data.rows([3, 1])
    #expect(part.features.dense.elements == [3, 1] && part.values?.elements == [3, 13, 1, 11] && part.labelCount == 2)
    let (training, held) = try data.split(validationFraction: 0.5, seed: 3)
    #expect(training.count == 2 && held.count == 2)
    for half in [training, held] {
      #expect(half.values?.elements == half.features.dense.elements.flatMap { [$0, $0 + 10] })
    }
    #expect(try blobs(Float.self, rows: 4, features: 1, classes: 2).values == nil)
  }

  @Test func whatIsRefused() throws {
    expectFailure(DataError.self, "data: row 2, target \"b\": expected a finite number, got nan") {
      try Self.data([0, 10, 1, 11, 2, .nan, 3, 13])
    }
    expectFailure(DataError.self, "expected targets for each of the 4 feature rows, got 3 x 2") {
      try Self.data([0, 10, 1, 11, 2, 12])
    }
    expectFailure(DataError.self, "expected 2 names of targets, got 1") {
      try Dataset(features: Self.features, values: Self.values([0, 1, 2, 3, 4, 5, 6, 7]), targetNames: ["a"])
    }
    expectFailure(DataError.self, "data: classes are balanced, and the targets here are numbers") {
      var data = try Self.data()
      return try data.balanceClasses()
    }
    expectFailure(DataError.self, "data: expected one sample weight for each of 4 rows, got 1") {
      var data = try Self.data()
      return try data.setWeights([1])
    }
  }

  @Test func standardizedOnce() throws {
    var data = try Self.data()
    let own = Standardization(fitting: data.values!)
    try data.standardizeTargets(own)
    #expect(data.targetStandardization == own && abs(data.values![0, 1] - data.values![0, 0]) < 1e-12)
    var back = data.values!
    own.revert(&back)
    #expect(zip(back.elements, [0, 10, 1, 11, 2, 12, 3, 13]).allSatisfy { abs($0 - $1) < 1e-12 })
    expectFailure(DataError.self, "not standardised yet") { try data.standardizeTargets(own) }
    #expect(try data.rows([0]).targetStandardization == own)
    var classes = try blobs(Double.self, rows: 4, features: 1, classes: 2)
    expectFailure(DataError.self, "expected numbers to predict") { try classes.standardizeTargets(own) }
  }

  @Test func batchesLeaveOutWhatWeighsNothing() throws {
    var data = try Self.data()
    try data.setWeights([1, 0, 2, 1])
    var batches = Batches(of: data, batchSize: 2, seed: 1)
    batches.shuffle()
    var seen: [Double] = []
    for number in 0..<batches.count {
      let batch = try batches.batch(number, of: data, featureGram: nil)
      guard case .values(let values) = batch.targets else { return #expect(Bool(false)) }
      for i in 0..<batch.count {
        #expect(values[i, 0] == batch.inputs.dense[i, 0] && values[i, 1] == values[i, 0] + 10)
        #expect(batch.weights?[i] == data.weights?[Int(values[i, 0])])
        seen.append(values[i, 0])
      }
    }
    #expect(seen.sorted() == [0, 2, 3])
  }
}
