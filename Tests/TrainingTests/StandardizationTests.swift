import FastGaussNewton
import Foundation
import Testing

@Suite struct StandardizationTests {
  static func problem<S: RealScalar>(_ type: S.Type, shift: Double) -> Matrix<S> {
    var generator = SeededGenerator(seed: 1)
    var features = Matrix<S>(rows: 200, columns: 3)
    for i in 0..<200 {
      features[i, 0] = S(shift + 4 * generator.normal())
      features[i, 1] = S(shift)
      features[i, 2] = S(0.001 * generator.normal())
    }
    return features
  }

  /// Mean and standard deviation, naively in double.
  static func moments<S: RealScalar>(_ x: Matrix<S>, column: Int) -> (mean: Double, deviation: Double) {
    let values = (0..<x.rows).map { Double(x[$0, column]) }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return (mean, variance.squareRoot())
  }

  @Test(arguments: [0.0, -3, 1e4]) func zeroMeanAndUnitDeviation(_ shift: Double) {
    check(Double.self, shift: shift, limit: 1e-11)
    check(Float.self, shift: shift, limit: 2e-4)
  }

  func check<S: RealScalar>(_ type: S.Type, shift: Double, limit: Double) {
    var features = Self.problem(type, shift: shift)
    let standardization = Standardization(fitting: features)
    for column in [0, 2] {
      let expected = Self.moments(features, column: column)
      #expect(abs(standardization.mean[column] - expected.mean) <= 1e-12 * max(1, abs(expected.mean)))
      #expect(abs(standardization.scale[column] / expected.deviation - 1) < 1e-9)
    }
    standardization.apply(to: &features)
    for column in [0, 2] {
      let (mean, deviation) = Self.moments(features, column: column)
      #expect(abs(mean) < limit && abs(deviation - 1) < limit, "\(S.precisionName) \(shift) \(mean) \(deviation)")
    }
  }

  @Test func aConstantColumnBecomesZeros() {
    for shift in [0, 3, 0.1, -1e6] {
      var features = Self.problem(Double.self, shift: shift)
      let standardization = Standardization(fitting: features)
      #expect(standardization.scale[1] == 1, "\(shift): \(standardization.scale[1])")
      standardization.apply(to: &features)
      #expect((0..<200).allSatisfy { abs(features[$0, 1]) <= 1e-9 * max(1, abs(shift)) })
    }
  }

  @Test func oneRow() {
    let standardization = Standardization(fitting: Matrix<Float>(rows: 1, columns: 2, elements: [3, -4]))
    #expect(standardization == Standardization(mean: [3, -4], scale: [1, 1]))
  }
}
