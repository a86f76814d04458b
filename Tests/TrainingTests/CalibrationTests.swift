import FastGaussNewton
import Foundation
import Testing

/// Temperatures against grids and definitions in Double.
@Suite struct CalibrationTests {
  /// A model whose logits are its features, times `factor`.
  private func identity<S: RealScalar>(_ classes: Int, times factor: S = 1) -> ModelFile<S> {
    let head = LinearHead<S>(features: classes, classes: classes, intercept: false)
    var parameters = Parameters<S>(layout: head.layout)
    for c in 0..<classes { parameters.values[c * classes + c] = factor }
    return ModelFile(model: head, parameters: parameters, classNames: (0..<classes).map(String.init))
  }

  /// Logits with labels drawn from softmax(z / truth).
  private func drawn<S: RealScalar>(
    _ type: S.Type, rows: Int, classes: Int, truth: Double, weighted: Bool = false, seed: UInt64 = 8
  ) throws -> Dataset<S> {
    var generator = SeededGenerator(seed: seed)
    let z: [S] = (0..<rows * classes).map { _ in S(2 * generator.normal()) }
    let labels = (0..<rows).map { i in
      let p = (0..<classes).map { exp(Double(z[i * classes + $0]) / truth) }
      var left = generator.uniform() * p.reduce(0, +)
      let label = p.firstIndex {
        left -= $0
        return left < 0
      }
      return Int32(label ?? classes - 1)
    }
    return try Dataset(
      features: Matrix(rows: rows, columns: classes, elements: z), labels: labels,
      classNames: (0..<classes).map(String.init), weights: weighted ? (0..<rows).map { S($0 % 3) } : nil)
  }

  /// Loss and ECE by their definitions.
  private func naive<S>(_ data: Dataset<S>, temperature: Double) -> (loss: Double, error: Double) {
    var (loss, total) = (0.0, 0.0)
    var bins = [(weight: Double, confidence: Double, accuracy: Double)](repeating: (0, 0, 0), count: 15)
    for i in 0..<data.count {
      let w = data.weights.map { Double($0[i]) } ?? 1
      let z = data.features.dense.row(i).map { Double($0) / temperature }
      let sum = z.reduce(0) { $0 + exp($1 - z.max()!) }
      loss += w * (z.max()! + log(sum) - z[Int(data.labels[i])])
      total += w
      let bin = (0..<15).first { 1 / sum <= Double($0 + 1) / 15 }!
      bins[bin].weight += w
      bins[bin].confidence += w / sum
      bins[bin].accuracy += z.firstIndex(of: z.max()!) == Int(data.labels[i]) ? w : 0
    }
    return (loss / total, bins.reduce(0) { $0 + abs($1.accuracy - $1.confidence) } / total)
  }

  @Test(arguments: [false, true]) func minimisesTheLoss(weighted: Bool) throws {
    let data = try drawn(Double.self, rows: 300, classes: 5, truth: 3, weighted: weighted)
    let result = try identity(5).calibrate(data)
    #expect(result.outcome == .converged && result.outcome.remedy.isEmpty && result.examples == (weighted ? 200 : 300))
    let (before, after) = (naive(data, temperature: 1), naive(data, temperature: result.temperature))
    #expect(abs(result.before.loss - before.loss) < 1e-12 && abs(result.after.loss - after.loss) < 1e-12)
    #expect(abs(result.before.calibrationError - before.error) < 1e-12)
    #expect(abs(result.after.calibrationError - after.error) < 1e-12)
    #expect(result.after.loss < result.before.loss - 0.1 && result.after.calibrationError < 0.1)
    #expect(abs(result.after.bins.reduce(0) { $0 + $1.share } - 1) < 1e-12)
    // The best of a fine grid around it is itself, to the curvature of the loss.
    for step in -200...200 where step != 0 {
      let other = naive(data, temperature: result.temperature * (1 + Double(step) * 1e-3))
      #expect(other.loss > after.loss, "at \(step)")
    }
    #expect(abs(naive(data, temperature: result.temperature + 1e-4).loss - after.loss) < 1e-8)
  }

  @Test(arguments: [0.01, 0.2, 1, 7, 500]) func recoversTheFactorOfLogits(factor: Double) throws {
    let data = try drawn(Double.self, rows: 200, classes: 4, truth: 1.5)
    let plain = try identity(4).calibrate(data)
    let scaled = try identity(4, times: factor).calibrate(data)
    #expect(abs(scaled.temperature / (plain.temperature * factor) - 1) < 1e-10)
    let single = try identity(4, times: Float(factor)).calibrate(drawn(Float.self, rows: 200, classes: 4, truth: 1.5))
    #expect(abs(single.temperature / (plain.temperature * factor) - 1) < 1e-4, "\(single.temperature)")
  }

  @Test func dataWithoutAMinimiser() throws {
    let right = try Dataset(
      features: Matrix<Double>(rows: 3, columns: 3, elements: [2, 0, 0, 0, 1, 0, 0, 0, 3]), labels: [0, 1, 2],
      classNames: ["a", "b", "c"])
    let separable = try identity(3).calibrate(right)
    #expect(separable.outcome == .separable && separable.temperature == 1 && separable.after == separable.before)
    // A tie with the highest is no mistake either.
    let tied = try Dataset(
      features: Matrix<Double>(rows: 2, columns: 2, elements: [1, 1, 0, 4]), labels: [1, 1], classNames: ["a", "b"])
    #expect(try identity(2).calibrate(tied).outcome == .separable)
    let wrong = try Dataset(
      features: right.features.dense, labels: [1, 2, 0], classNames: ["a", "b", "c"])
    let useless = try identity(3).calibrate(wrong)
    #expect(useless.outcome == .uninformative && useless.temperature == 1)
    #expect(!separable.outcome.remedy.isEmpty && !useless.outcome.remedy.isEmpty)
  }

  @Test func whatWeighsNothingCountsForNothing() throws {
    let data = try drawn(Double.self, rows: 60, classes: 3, truth: 2)
    var weighted = data
    try weighted.setWeights((0..<60).map { $0 < 40 ? 1 : 0 })
    let part = try Dataset(
      features: Matrix(rows: 40, columns: 3, elements: Array(data.features.dense.elements[..<120])),
      labels: Array(data.labels[..<40]), classNames: data.classNames)
    let (whole, alone) = try (identity(3).calibrate(weighted), identity(3).calibrate(part))
    #expect(abs(whole.temperature - alone.temperature) < 1e-12 && whole.examples == 40)
  }

  @Test func refuses() throws {
    let data = try drawn(Float.self, rows: 20, classes: 3, truth: 1)
    expectFailure(DataError.self, "the logits overflow float32") { try identity(3, times: Float(3e38)).calibrate(data) }
    let numbers = try Dataset(
      features: Matrix<Float>(rows: 1, columns: 3), values: Matrix(rows: 1, columns: 1), targetNames: ["y"])
    expectFailure(DataError.self, "a temperature is for classes") { try identity(3).calibrate(numbers) }
  }
}
