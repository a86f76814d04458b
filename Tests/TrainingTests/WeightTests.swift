import FastGaussNewton
import LinearAlgebra
import Testing

@testable import Training

/// Weights of examples and classes, and splits by class.
@Suite struct WeightTests {
  static func data<S: RealScalar>(
    _ labels: [Int32], classes: Int = 3, weights: [S]? = nil, as type: S.Type = S.self
  ) throws -> Dataset<S> {
    try Dataset(
      features: Matrix(rows: labels.count, columns: 1, elements: labels.indices.map { S($0) }), labels: labels,
      classNames: (0..<classes).map { "class \($0)" }, weights: weights, source: "file")
  }

  /// Every class weighs the same, whatever its examples weigh; what weighs nothing is no class.
  @Test func balanceIsOfWeights() throws {
    var data: Dataset<Double> = try Self.data([0, 0, 0, 1, 2], weights: [1, 2, 3, 4, 0])
    try data.balanceClasses()
    // W = 10, C' = 2: factors 10 / 12 and 10 / 8.
    #expect(data.weights!.elementsEqual([10 / 12.0, 20 / 12.0, 30 / 12.0, 5, 0]) { abs($0 - $1) < 1e-15 })
    var plain: Dataset<Double> = try Self.data([0, 0, 0, 1, 2])
    try plain.balanceClasses()
    #expect(plain.classWeightSums.allSatisfy { abs($0 - 5 / 3.0) < 1e-15 })
  }

  @Test func weightsOfClasses() throws {
    var data: Dataset<Double> = try Self.data([0, 1, 2, 1], weights: [1, 2, 3, 4])
    try data.weighClasses(["class 1": 0.5, "class 2": 0])
    #expect(data.weights == [1, 1, 0, 2])
    expectFailure(DataError.self, "file: expected class weights of the classes class 0, class 1", "\"other\"") {
      try data.weighClasses(["other": 1])
    }
    expectFailure(DataError.self, "file: class \"class 1\": expected a finite weight of at least 0, got -1.0") {
      try data.weighClasses(["class 1": -1])
    }
  }

  /// Every door refuses what is no weight, with its row and value.
  @Test(arguments: [(Double.nan, "nan"), (.infinity, "inf"), (-1, "-1.0")])
  func noWeights(_ number: Double, _ text: String) throws {
    let weight = Float(number)
    var data: Dataset<Float> = try Self.data([0, 1, 2])
    expectFailure(DataError.self, "file: row 1: expected a finite sample weight", "got \(text)") {
      try data.setWeights([1, weight, 1])
    }
    expectFailure(DataError.self, "row 1: expected a finite sample weight", "got \(text)") {
      try SoftmaxRegression.Problem(
        features: data.features, labels: [0, 1, 2], classes: 3, weights: [1, weight, 1], l2: 1)
    }
  }

  @Test func weightsThatThisPrecisionDoesNotHave() throws {
    var data: Dataset<Float> = try Self.data([0, 1, 2])
    let subnormal = Float.leastNormalMagnitude / 2
    expectFailure(DataError.self, "file: row 2: expected 0 or a sample weight of at least 1.1754944e-38, got 5.87") {
      try data.setWeights([1, 1, subnormal])
    }
    expectFailure(DataError.self, "row 0: expected 0 or a sample weight of at least") {
      try SoftmaxRegression.Problem(
        features: data.features, labels: [0, 1, 2], classes: 3, weights: [subnormal, subnormal, subnormal], l2: 1)
    }
    expectFailure(DataError.self, "row 1: expected 0 or a sample weight of at least", "got 1e-50") {
      try SampleWeights.converted([1, 1e-50], to: Float.self)
    }
    expectFailure(DataError.self, "row 0: expected a finite sample weight", "got 1e+50") {
      try SampleWeights.converted([1e50], to: Float.self)
    }
    expectFailure(DataError.self, "whose sum is finite in float32") {
      try SampleWeights.converted([3e38, 3e38], to: Float.self)
    }
    #expect(try SampleWeights.converted([1e-50, 2], to: Double.self) == [1e-50, 2])
    // Only ratios matter: what is small and normal is as good as ones.
    let problem = try SoftmaxRegression.Problem<Float>(
      features: .dense(Matrix(rows: 3, columns: 1, elements: [1, 2, 3])), labels: [0, 1, 0], classes: 2,
      weights: [2e-38, 2e-38, 2e-38], l2: 1)
    #expect(problem.weights!.allSatisfy { abs($0 - 1) < 1e-6 })
  }

  /// A share of each class; never its only example, nor a row of weight zero.
  @Test func splitsByClass() throws {
    var generator = SeededGenerator(seed: 4)
    for seed in UInt64(0)..<20 {
      let labels = (0..<57).map { _ in Int32(min(3, generator.index(below: 8))) } + [4]
      let weights = labels.indices.map { _ in Double(generator.index(below: 4)) }.dropLast() + [1]
      let data: Dataset<Double> = try Self.data(labels, classes: 5, weights: Array(weights))
      let (training, held) = try data.split(validationFraction: 0.25, seed: seed)
      let again = try data.split(validationFraction: 0.25, seed: seed)
      #expect(again.validation.features.dense == held.features.dense, "seed \(seed)")
      #expect(training.count + held.count == 58 && held.weights!.allSatisfy { $0 > 0 }, "seed \(seed)")
      for k in 0..<5 {
        let used = zip(labels, weights).count { $0 == Int32(k) && $1 > 0 }
        let count = held.labels.count { $0 == Int32(k) }
        #expect(abs(Double(count) - 0.25 * Double(used)) <= 1, "seed \(seed), class \(k): \(count) of \(used)")
        let left = zip(training.labels, training.weights!).count { $0 == Int32(k) && $1 > 0 }
        #expect(used == 0 || left > 0, "seed \(seed), class \(k)")
      }
      // Rows keep their weights: a feature is the number of the row.
      for part in [training, held] {
        for i in 0..<part.count { #expect(part.weights![i] == weights[Int(part.features.dense[i, 0])]) }
      }
    }
    expectFailure(DataError.self, "with an example of each class left to train on, got 0.5") {
      try Self.data([0, 1, 2], as: Double.self).split(validationFraction: 0.5, seed: 0)
    }
  }

  /// In double before rounding: far from zero, and where the inverse of the deviation is not finite in Float.
  @Test func standardisationInDouble() throws {
    let tiny = Matrix<Float>(
      rows: 4, columns: 1, elements: [1e-40, 3e-40, 1e-40, 3e-40].map { (x: Double) in Float(x) })
    var result = tiny
    Standardization(fitting: tiny).apply(to: &result)
    #expect(zip(result.elements, [-1, 1, -1, 1]).allSatisfy { abs($0 - $1) < 1e-4 })
    let far = Matrix<Float>(rows: 3, columns: 1, elements: [1_000_000, 1_000_001, 1_000_005])
    let standardization = Standardization(fitting: far)
    result = far
    standardization.apply(to: &result)
    // -2, -1 and 3 over the root of 14 / 3.
    let expected = [-2.0, -1, 3].map { Float($0 / (14.0 / 3).squareRoot()) }
    #expect(zip(result.elements, expected).allSatisfy { abs($0 - $1) <= $1.magnitude.ulp })
    #expect(standardization.columnsTooFarFromZero(in: Float.self) == [0])
    #expect(standardization.columnsTooFarFromZero(in: Double.self).isEmpty)
    standardization.revert(&result)
    #expect(result.elements == far.elements)
  }
}
