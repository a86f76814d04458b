import LinearAlgebra
import TestSupport
import Testing
import Training

@testable import Optimum

/// Overlapping classes around random centres, and noise columns to overfit.
func pathData<S: RealScalar>(
  rows: Int = 90, width: Int = 5, noise: Int = 0, classes: Int = 3, seed: UInt64 = 3, as type: S.Type = S.self
) throws -> Dataset<S> {
  var generator = SeededGenerator(seed: seed)
  let centres = generator.vector(classes * width, scale: 0.8, as: Double.self)
  let labels = (0..<rows).map { Int32($0 % classes) }
  var elements: [S] = []
  for label in labels {
    elements += (0..<width).map { S(centres[Int(label) * width + $0] + generator.normal()) }
    elements += (0..<noise).map { _ in S(generator.normal()) }
  }
  return try Dataset(
    features: Matrix(rows: rows, columns: width + noise, elements: elements), labels: labels,
    classNames: (0..<classes).map(String.init))
}

@Suite struct RegularizationPathTests {
  static func options(_ values: [Double]?, tolerance: Double = 1e-6) -> SoftmaxRegression.PathOptions {
    var options = SoftmaxRegression.PathOptions()
    (options.values, options.patience) = (values, nil)
    options.optimum.tolerance = tolerance
    return options
  }

  /// Each point is the optimum that a fit from zero finds, for fewer passes in total.
  @Test func pointsAreColdOptimaForFewerPasses() throws {
    let data: Dataset<Double> = try pathData(seed: 3)
    var generator = SeededGenerator(seed: 1, .split)
    let order = generator.permutation(of: data.count)
    let (training, validation) = (try data.rows(order[27...].sorted()), try data.rows(order[..<27].sorted()))
    let tolerance = 1e-8
    var options = Self.options(nil, tolerance: tolerance)
    (options.points, options.ratio) = (8, 1e-5)
    var observer = StoppingObserver<PathFit<Double>>()
    let path = try SoftmaxRegression.Path(training: training, validation: validation, options: options)
      .run(observer: &observer)
    let fits = observer.records.map { ($0.point, $0.result) }
    #expect(path.points == fits.map(\.0))
    #expect(path.outcome == .finished && path.points.count == 8)
    var coldPasses = 0.0
    for (point, warm) in fits {
      #expect(point.outcome == .converged, "l2 \(point.l2)")
      let problem = try SoftmaxRegression.Problem(training, l2: point.l2)
      let cold = try SoftmaxRegression.Solver(problem, options: options.optimum).fit()
      coldPasses += cold.passes
      let (a, b) = (warm.certificate, cold.certificate)
      let gap = max(a.gapBound!, b.gapBound!)
      #expect(abs(a.objective - b.objective) <= gap, "l2 \(point.l2)")
      // l2-strong convexity: each is at most the root of 2 gap / l2 from the optimum.
      var difference = Array(warm.values.prefix(15))
      difference.combine(-1, Array(cold.values.prefix(15)))
      let distance = difference.squaredNorm(in: 0..<15).squareRoot()
      #expect(distance <= 2 * (2 * gap / point.l2).squareRoot(), "l2 \(point.l2)")
      let loss = point.certificate.objective - point.l2 / 2 * point.weightNorm * point.weightNorm
      #expect(abs(point.training.loss - loss) < 1e-10)
    }
    #expect(path.passes < coldPasses, "\(path.passes) passes of the path, \(coldPasses) of fits from zero")
    // Less penalty: greater weights, less training loss.
    for (a, b) in zip(path.points, path.points.dropFirst()) {
      #expect(a.l2 > b.l2 && a.weightNorm < b.weightNorm && a.training.loss > b.training.loss)
    }
    let least = path.points.map(\.validation.loss).min()
    #expect(path.points[path.bestIndex].validation.loss == least)
    #expect(path.best.values == fits[path.bestIndex].1.values)
  }

  /// The first penalty leaves little to gain over weights of zero.
  @Test(arguments: [true, false]) func largestPenalty(_ hasIntercept: Bool) throws {
    var data: Dataset<Double> = try pathData(seed: 5)
    try data.setWeights((0..<data.count).map { 1 + Double($0 % 3) })
    let problem = try SoftmaxRegression.Problem(data, l2: 0, hasIntercept: hasIntercept)
    let largest = try problem.largestPenalty()
    let shares = hasIntercept ? problem.classShares : [1.0 / 3, 1.0 / 3, 1.0 / 3]
    let x = data.features.dense
    var gradient = [Double](repeating: 0, count: 15)
    var atZero = 0.0
    for i in 0..<data.count {
      let w = problem.weights![i] / Double(data.count)
      let label = Int(data.labels[i])
      atZero -= w * Double(wideLog(Wide(shares[label])))
      for c in 0..<3 {
        for j in 0..<5 { gradient[c * 5 + j] += w * (shares[c] - (c == label ? 1 : 0)) * x[i, j] }
      }
    }
    let square = gradient.reduce(0) { $0 + $1 * $1 }
    #expect(abs(square / (2 * largest) / atZero - 0.01) < 1e-9)
    let fit = try SoftmaxRegression.Solver(SoftmaxRegression.Problem(data, l2: largest, hasIntercept: hasIntercept))
      .fit()
    let gain = (atZero - fit.certificate.objective) / atZero
    #expect(gain > 0.001 && gain <= 0.01, "\(gain)")
  }

  /// With columns of noise, weak penalties are hopeless: the path ends early, and finds the same best point.
  @Test func stopsWhereItIsHopeless() throws {
    let data: Dataset<Float> = try pathData(rows: 80, width: 3, noise: 25, seed: 7)
    let (training, validation) = try data.split(validationFraction: 0.4, seed: 2)
    var options = Self.options(nil, tolerance: 1e-5)
    (options.points, options.ratio) = (10, 1e-6)
    let all = try SoftmaxRegression.Path(training: training, validation: validation, options: options).run()
    options.patience = 2
    let early = try SoftmaxRegression.Path(training: training, validation: validation, options: options).run()
    #expect(all.outcome == .finished && early.outcome == .stoppedEarly)
    #expect(early.points.count < all.points.count && early.passes < all.passes)
    #expect(early.bestIndex == all.bestIndex && early.best.values == all.best.values)
    #expect(early.points.last?.isCut == true, "the last point came after a rise, and was left rough")
    #expect(early.points.dropLast(2) == all.points.prefix(early.points.count - 2))
    #expect(!all.points.contains { $0.isCut })
  }

  @Test func sparseFeaturesAndWeights() throws {
    let data: Dataset<Double> = try pathData(rows: 60, seed: 9)
    let dense = data.features.dense
    let sparse = try Dataset(
      features: .sparse(
        SparseMatrix(
          columns: 5, rowStarts: (0...60).map { $0 * 5 }, columnIndices: (0..<300).map { Int32($0 % 5) },
          values: dense.elements)),
      labels: data.labels, classNames: data.classNames)
    let options = Self.options([1e-1, 1e-2, 1e-3], tolerance: 1e-9)
    let a = try SoftmaxRegression.Path(training: data, validation: data, options: options).run()
    let b = try SoftmaxRegression.Path(training: sparse, validation: sparse, options: options).run()
    for (a, b) in zip(a.points, b.points) {
      #expect(abs(a.validation.loss - b.validation.loss) < 1e-5)
      #expect(abs(a.certificate.objective - b.certificate.objective) < 1e-8)
    }
    // A weight of two is the row twice.
    var weighted = data
    try weighted.setWeights((0..<60).map { $0 < 20 ? 2 : 1 })
    let twice = try data.rows(Array(0..<60) + Array(0..<20))
    let c = try SoftmaxRegression.Path(training: weighted, validation: weighted, options: options).run()
    let d = try SoftmaxRegression.Path(training: twice, validation: twice, options: options).run()
    for (c, d) in zip(c.points, d.points) {
      #expect(abs(c.validation.loss - d.validation.loss) < 1e-5)
      #expect(abs(c.certificate.objective - d.certificate.objective) < 1e-8)
    }
    #expect(abs(a.points[0].validation.loss - c.points[0].validation.loss) > 1e-4)
  }

  @Test func refusesWhatItCannotDo() throws {
    let data: Dataset<Float> = try pathData(rows: 12, seed: 1)
    let numbers = try Dataset(
      features: data.features, values: Matrix(rows: 12, columns: 1, elements: (0..<12).map { Float($0) }),
      targetNames: ["y"])
    let one = try data.rows([0, 3, 6])
    #expect(errorText { _ = try SoftmaxRegression.Path(training: numbers, validation: numbers) }.contains("numbers"))
    #expect(
      errorText { _ = try SoftmaxRegression.Path(training: one, validation: data) }.contains("only those of \"0\""))
    var unweighted = data
    try unweighted.setWeights((0..<12).map { $0 % 3 == 1 ? 1 : 0 })
    #expect(
      errorText { _ = try SoftmaxRegression.Path(training: unweighted, validation: data) }.contains(
        "only those of \"1\""))
    let wide: Dataset<Float> = try pathData(rows: 12, width: 6, seed: 1)
    #expect(errorText { _ = try SoftmaxRegression.Path(training: data, validation: wide) }.contains("features"))
  }

  @Test func interruptionKeepsWhatThereIs() throws {
    let data: Dataset<Float> = try pathData(seed: 4)
    var observer = StoppingObserver<PathIteration> { $0.last?.l2 != 1 }
    let path = try SoftmaxRegression.Path(training: data, validation: data, options: Self.options([1, 0.1, 0.01])).run(
      observer: &observer)
    #expect(path.outcome == .interrupted && path.points.map(\.l2) == [1, 0.1] && path.bestIndex == 0)
    #expect(observer.records.last?.l2 == 0.1 && observer.records.allSatisfy { $0.fold == nil })
  }
}

func errorText(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return "no error"
}
