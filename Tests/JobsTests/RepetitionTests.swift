import Jobs
import Testing

@testable import Optimum
@testable import Training

/// Whole weights are repeated rows: everywhere, in Double.
@Suite struct RepetitionTests {
  private let weights: [Double]
  private let weighted: Dataset<Double>
  private let repeated: Dataset<Double>
  private let held: (weighted: Dataset<Double>, repeated: Dataset<Double>)

  init() throws {
    func pair(seed: UInt64) throws -> ([Double], Dataset<Double>, Dataset<Double>) {
      var generator = SeededGenerator(seed: seed)
      let labels = (0..<36).map { Int32($0 % 3) }
      let rows = labels.map { label in (0..<4).map { Double(Int(label) == $0 ? 1 : 0) + generator.normal() } }
      let weights = labels.map { _ in Double(generator.index(below: 4)) }
      let index = weights.indices.flatMap { [Int32](repeating: Int32($0), count: Int(weights[$0])) }
      var all = try Dataset(
        features: Matrix(rows: 36, columns: 4, elements: rows.flatMap { $0 }), labels: labels,
        classNames: ["a", "b", "c"])
      let repeated = try all.rows(index)
      try all.setWeights(weights)
      return (weights, all, repeated)
    }
    (weights, weighted, repeated) = try pair(seed: 11)
    let (_, first, second) = try pair(seed: 12)
    held = (first, second)
  }

  private func expectEqual(
    _ a: Double?, _ b: Double?, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      a != nil && abs(a! - b!) <= 1e-9 * max(1, abs(b!)), "\(what): \(a!) and \(b!)", sourceLocation: sourceLocation)
  }

  private func data(_ training: Dataset<Double>, _ held: Dataset<Double>? = nil, balanced: Bool = false) throws
    -> DataPreparation.Result<Double>
  {
    var preparation = DataPreparation("unused.csv")
    preparation.balancesClasses = balanced
    return try preparation.prepare(training, validation: held)
  }

  @Test(arguments: [false, true]) func optimum(balanced: Bool) throws {
    var job = OptimumJob()
    (job.l2, job.options.tolerance) = (1e-2, 1e-13)
    let a = try job.run(on: data(weighted, balanced: balanced))
    let b = try job.run(on: data(repeated, balanced: balanced))
    expectEqual(a.result.certificate.objective, b.result.certificate.objective, "objective")
    expectEqual(a.training.objective, b.training.objective, "evaluated objective")
    expectEqual(a.training.accuracy, b.training.accuracy, "accuracy")
    for (x, y) in zip(a.result.values, b.result.values) { #expect(abs(x - y) < 1e-5) }
  }

  @Test func path() throws {
    var options = SoftmaxRegression.PathOptions()
    (options.values, options.patience, options.optimum.tolerance) = ([1, 0.1, 0.01], nil, 1e-13)
    var job = PathJob()
    job.options = options
    let a = try job.run(on: data(weighted, held.weighted)).path!.points
    let b = try job.run(on: data(repeated, held.repeated)).path!.points
    #expect(a.count == 3 && b.count == 3)
    for (x, y) in zip(a, b) {
      expectEqual(x.certificate.objective, y.certificate.objective, "l2 \(x.l2), objective")
      expectEqual(x.validation.accuracy, y.validation.accuracy, "l2 \(x.l2), validation accuracy")
      #expect(abs(x.validation.loss - y.validation.loss) < 1e-6, "l2 \(x.l2)")
    }
  }

  /// On the same folds: those of the rows, and those of their copies.
  @Test func tuningOnGivenFolds() throws {
    let folds = try Folds(weighted, folds: 3, seed: 5)
    let starts = weights.indices.map { row in Int(weights[..<row].reduce(0, +)) }
    let copies = folds.held.map { rows in
      rows.flatMap { row in (0..<Int32(weights[Int(row)])).map { Int32(starts[Int(row)]) + $0 } }
    }
    for (fold, rows) in copies.enumerated() {
      let others = (0..<Int32(repeated.count)).filter { !rows.contains($0) }
      func score(_ training: Dataset<Double>, _ held: Dataset<Double>) throws -> Evaluation {
        var job = OptimumJob()
        (job.l2, job.options.tolerance) = (0.05, 1e-13)
        return try job.run(on: data(training, held)).validation!
      }
      let a = try score(weighted.rows(folds.training(of: fold)), weighted.rows(folds.held[fold]))
      let b = try score(repeated.rows(others), repeated.rows(rows))
      #expect(abs(a.loss - b.loss) < 1e-6, "fold \(fold)")
      expectEqual(a.accuracy, b.accuracy, "fold \(fold)")
    }
  }

  @Test func fullBatchTrainingEvaluationAndCalibration() throws {
    var job = TrainJob()
    // Gauss-Newton methods choose their damping by the number of rows as well.
    job.method = try TrainingMethod("sgd:learning-rate=0.1")
    (job.epochs, job.batchSize, job.l2) = (6, 1000, 1e-3)
    let a = try job.run(on: data(weighted))
    let b = try job.run(on: data(repeated))
    expectEqual(a.training.objective, b.training.objective, "objective")
    for (x, y) in zip(a.model.parameters.values, b.model.parameters.values) { #expect(abs(x - y) < 1e-9) }

    let model = a.model
    let (x, y) = (try EvaluateJob().run(model, on: held.weighted), try EvaluateJob().run(model, on: held.repeated))
    expectEqual(x.loss, y.loss, "loss")
    expectEqual(x.accuracy, y.accuracy, "accuracy")
    let (p, q) = (try model.calibrate(held.weighted), try model.calibrate(held.repeated))
    expectEqual(p.temperature, q.temperature, "temperature")
    expectEqual(p.after.calibrationError, q.after.calibrationError, "calibration error")
  }

  /// Methods on batches have the same objective: what is reported of the same parameters.
  @Test(arguments: ["fgn", "adam", "sgd", "kfac"]) func reportedObjective(of method: String) throws {
    var job = TrainJob()
    job.method = try TrainingMethod(method)
    (job.epochs, job.batchSize, job.l2) = (2, 8, 1e-3)
    var file = try job.run(on: data(weighted)).model
    let reported = file.objective
    file.l2 = 1e-3
    expectEqual(reported, try file.evaluate(repeated).objective, method)
  }
}
