import LinearAlgebra
import TestSupport
import Testing
import Training

@testable import Optimum

@Suite struct CrossValidationTests {
  static func options(_ values: [Double]?, folds: Int = 3) -> SoftmaxRegression.CrossValidationOptions {
    var options = SoftmaxRegression.CrossValidationOptions()
    (options.path.values, options.folds) = (values, folds)
    return options
  }

  @Test func foldsHaveEqualShares() throws {
    var generator = SeededGenerator(seed: 21)
    let labels = (0..<103).map { $0 == 50 ? Int32(4) : Int32(generator.index(below: 3)) }
    let data = try Dataset(
      features: Matrix<Float>(rows: 103, columns: 1, elements: generator.vector(103)), labels: labels,
      classNames: ["a", "b", "c", "none", "single"])
    let folds = try Folds(data, folds: 4, seed: 5)
    let all = folds.held.flatMap { $0 }
    #expect(Set(all).count == all.count)
    #expect(Set(all) == Set((0..<103).filter { $0 != 50 }), "the class with one example is never held out")
    for (k, held) in folds.held.enumerated() {
      #expect(held == held.sorted() && (25...26).contains(held.count))
      #expect(Set(folds.training(of: k)) == Set(0..<103).subtracting(held))
      for c in 0..<3 {
        let share = Double(labels.count { $0 == c }) / 4
        #expect(abs(Double(held.count { labels[Int($0)] == c }) - share) < 1, "fold \(k), class \(c)")
      }
    }
    #expect(try Folds(data, folds: 4, seed: 5) == folds)
    #expect(try Folds(data, folds: 4, seed: 6) != folds)
    var weighted = data
    try weighted.setWeights((0..<103).map { $0 < 3 ? 0 : 1 })
    let rest = try Folds(weighted, folds: 4, seed: 5).held.flatMap { $0 }
    #expect(rest.count == 99 && !rest.contains { $0 < 3 }, "rows of weight zero are not held out")
  }

  /// The curve is what fits from zero on each fold give.
  @Test func curveIsTheMeanOverFolds() throws {
    let data: Dataset<Double> = try pathData(seed: 13)
    var options = Self.options([0.3, 0.03, 0.003])
    options.foldTolerance = 1e-9
    options.path.patience = nil
    let validation = try SoftmaxRegression.CrossValidation(data, options: options)
    let result = try validation.run()
    #expect(result.outcome == .finished && result.points.count == 3)
    for point in result.points {
      var losses: [Double] = []
      for fold in 0..<3 {
        let training = try data.rows(validation.folds.training(of: fold))
        let fit = try SoftmaxRegression.Solver(
          SoftmaxRegression.Problem(training, l2: point.l2), options: SoftmaxRegression.Options(tolerance: 1e-9)
        ).fit()
        let fits = PathFits(data, hasIntercept: true, options.path)
        losses.append(try fits.score(fit.values, data.rows(validation.folds.held[fold])).loss)
      }
      #expect(zip(losses, point.foldLosses).allSatisfy { abs($0 - $1) < 1e-5 }, "\(losses) \(point.foldLosses)")
      let mean = losses.reduce(0, +) / 3
      let squares = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      #expect(abs(point.loss - mean) < 1e-5)
      #expect(abs(point.standardError - (squares / 6).squareRoot()) < 1e-5)
    }
    let best = result.points.indices.min { result.points[$0].loss < result.points[$1].loss }!
    #expect(result.bestIndex == best && result.chosenIndex == best)
    let limit = result.points[best].loss + result.points[best].standardError
    #expect(result.oneStandardErrorIndex == result.points.firstIndex { $0.loss <= limit })
    // The final fit is the optimum on all rows.
    let fit = try #require(result.fit)
    let cold = try SoftmaxRegression.Solver(SoftmaxRegression.Problem(data, l2: result.points[best].l2)).fit()
    #expect(fit.outcome == .converged)
    #expect(
      abs(fit.certificate.objective - cold.certificate.objective)
        <= max(fit.certificate.gapBound!, cold.certificate.gapBound!))
  }

  @Test func oneStandardErrorTakesTheGreatest() throws {
    let data: Dataset<Double> = try pathData(seed: 13)
    var options = Self.options([0.05, 0.04, 0.03])
    options.rule = .oneStandardError
    let result = try SoftmaxRegression.CrossValidation(data, options: options).run()
    // So close together that all are within one standard error.
    #expect(result.oneStandardErrorIndex == 0 && result.chosenIndex == 0)
    #expect(result.fit?.outcome == .converged)
    let cold = try SoftmaxRegression.Solver(SoftmaxRegression.Problem(data, l2: 0.05)).fit()
    #expect(abs(result.fit!.certificate.objective - cold.certificate.objective) < 1e-5)
  }

  /// Warm starts and cutting short save passes, and choose the same.
  @Test func savesPasses() throws {
    let data: Dataset<Float> = try pathData(rows: 90, width: 3, noise: 25, seed: 7)
    var options = Self.options([1, 0.3, 0.1, 0.03, 1e-2, 1e-3, 1e-4, 1e-5])
    let early = try SoftmaxRegression.CrossValidation(data, options: options).run()
    options.path.patience = nil
    let warm = try SoftmaxRegression.CrossValidation(data, options: options).run()
    options.path.start = .cold
    let cold = try SoftmaxRegression.CrossValidation(data, options: options).run()
    #expect(early.outcome == .stoppedEarly && warm.outcome == .finished)
    #expect(early.points.contains { $0.isCut } && !warm.points.contains { $0.isCut })
    #expect(early.chosenIndex == warm.chosenIndex && warm.chosenIndex == cold.chosenIndex)
    #expect(early.passes < warm.passes, "\(early.passes), \(warm.passes)")
    #expect(warm.passes < cold.passes, "\(warm.passes), \(cold.passes)")
    #expect(!early.points[early.chosenIndex].isCut)
  }

  @Test func sameBitsForAnyNumberOfThreads() throws {
    let data: Dataset<Float> = try pathData(seed: 2)
    let options = Self.options([0.1, 1e-3])
    let results = try [1, 3].map { count in
      try withThreads(count) { try SoftmaxRegression.CrossValidation(data, options: options).run() }
    }
    #expect(results[0].points == results[1].points)
    #expect(results[0].fit?.values == results[1].fit?.values)
  }

  @Test func refusesTooFewRows() throws {
    let data: Dataset<Float> = try pathData(rows: 12, seed: 1)
    let few = try data.rows([0, 1])
    #expect(
      errorText { _ = try SoftmaxRegression.CrossValidation(few, options: Self.options(nil)) }
        .contains("one row for each of 3 folds, got 2"))
    let singles = try data.rows([0, 1, 2])
    #expect(
      errorText { _ = try SoftmaxRegression.CrossValidation(singles, options: Self.options(nil)) }.contains(
        "two examples"))
    #expect(
      errorText { _ = try SoftmaxRegression.CrossValidation(try data.rows([0, 3, 6, 9]), options: Self.options(nil)) }
        .contains("at least two classes"))
  }

  @Test func interruptionMakesNoChoice() throws {
    let data: Dataset<Float> = try pathData(seed: 4)
    var observer = StoppingObserver<PathIteration> { $0.last?.l2 != 1 }
    let result = try SoftmaxRegression.CrossValidation(data, options: Self.options([1, 0.1])).run(observer: &observer)
    #expect(result.outcome == .interrupted && result.fit == nil && result.points.count == 1)
    #expect(Set(observer.records.dropLast().map(\.fold)).isSubset(of: [0, 1, 2]))
  }

  /// The iterations of the folds and of the final fit, and the points, in the order in which they were made.
  @Test func observersAreToldInOrder() throws {
    struct Order: RunObserver {
      var told: [String] = []
      mutating func partEnded(_ record: some RunRecord) {
        if let iteration = record as? PathIteration {
          let text = "\(iteration.l2) \(iteration.fold.map { "\($0)" } ?? "all")"
          if told.last != text { told.append(text) }
        }
        if let point = record as? SoftmaxRegression.CrossValidationPoint { told.append("\(point.l2)") }
      }
    }
    let data: Dataset<Float> = try pathData(seed: 4)
    var observer = Order()
    let result = try SoftmaxRegression.CrossValidation(data, options: Self.options([1, 0.1])).run(observer: &observer)
    let chosen = result.points[result.chosenIndex].l2
    #expect(
      observer.told == ["1.0 0", "1.0 1", "1.0 2", "1.0", "0.1 0", "0.1 1", "0.1 2", "0.1", "\(chosen) all"])
  }

  /// What an observer throws ends the run.
  @Test func anObserverThatThrowsEndsTheRun() throws {
    struct Full: Error {}
    let data: Dataset<Float> = try pathData(seed: 4)
    var observer = RecordObserver<SoftmaxRegression.CrossValidationPoint> { _ in throw Full() }
    #expect(throws: Full.self) {
      _ = try SoftmaxRegression.CrossValidation(data, options: Self.options([1, 0.1])).run(observer: &observer)
    }
  }
}
