import Foundation
import LinearAlgebra
import TestSupport
import Testing
import Training

@testable import Optimum

/// letter.json, which Golden/generate.py wrote: the optimum that scikit-learn finds.
private struct Golden: Decodable {
  let rows: Int
  let l2: Double
  let objective: Double
  let weight: [Double]
  let bias: [Double]
}

/// The optimum of letter recognition: 16,000 rows, 16 features, 26 classes.
@Suite struct LetterTests {
  private let golden: Golden

  init() throws {
    let url = try #require(Bundle.module.url(forResource: "Golden/letter", withExtension: "json"))
    golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
  }

  private func problem<S: RealScalar>(_ type: S.Type) throws -> SoftmaxRegression.Problem<S> {
    let path = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../Examples/letter-recognition.csv")
    let data = try DataFiles(.file(path.path)).load(as: Double.self).data
    let labels = Array(data.labels.prefix(golden.rows))
    var numbers = Array(data.features.dense.elements.prefix(golden.rows * data.features.columns))
    let width = numbers.count / labels.count
    for d in 0..<width {
      var (sum, squares) = (0.0, 0.0)
      for k in stride(from: d, to: numbers.count, by: width) { sum += numbers[k] }
      let mean = sum / Double(labels.count)
      for k in stride(from: d, to: numbers.count, by: width) {
        numbers[k] -= mean
        squares += numbers[k] * numbers[k]
      }
      let deviation = (squares / Double(labels.count)).squareRoot()
      for k in stride(from: d, to: numbers.count, by: width) { numbers[k] /= deviation }
    }
    let x = Matrix<S>(rows: labels.count, columns: width, elements: numbers.map { S($0) })
    return try SoftmaxRegression.Problem(features: .dense(x), labels: labels, classes: 26, l2: golden.l2)
  }

  /// Of weights, and of biases up to a common constant.
  private func largestError<S: RealScalar>(_ values: [S]) -> Double {
    let weights = zip(values, golden.weight).map { (Double($0) - $1).magnitude }
    let bias = values.suffix(26).map { Double($0) }
    let mean = bias.reduce(0, +) / 26
    return max(weights.max()!, zip(bias, golden.bias).map { ($0 - mean - $1).magnitude }.max()!)
  }

  @Test(arguments: SoftmaxRegression.Method.allCases) func theOptimumOfScikitLearn(method: SoftmaxRegression.Method)
    throws
  {
    let problem = try problem(Double.self)
    let options = SoftmaxRegression.Options(tolerance: 1e-11, method: method)
    let fit = try SoftmaxRegression.Solver(problem, options: options).fit()
    #expect(fit.outcome == .converged)
    #expect(relativeError(fit.certificate.objective, to: golden.objective) < 1e-11)
    #expect(relativeError(golden.objective, to: 0.8681940483208476) < 1e-9)
    #expect(largestError(fit.values) < 1e-5, "\(largestError(fit.values))")
  }

  /// Passes do not grow, at loose and at tight tolerances: 6.5, 9.5 and 22 were seen for dual ascent, where no more than
  /// 8, 11 and 24 are allowed.
  @Test func passesToTheOptimumInFloat() throws {
    let problem = try problem(Float.self)
    for (tolerance, most) in [(1e-2, 8.0), (1e-3, 11), (1e-6, 24)] {
      let fit = try SoftmaxRegression.Solver(problem, options: .init(tolerance: tolerance)).fit()
      #expect(fit.method == .dual && fit.outcome == .converged && fit.passes <= most, "\(fit.passes) to \(tolerance)")
      let gap = fit.certificate.objective / golden.objective - 1
      #expect(gap < tolerance && gap > -1e-6, "gap \(gap)")
    }
    for (method, most) in [(SoftmaxRegression.Method.dual, 24.0), (.quasiNewton, 145)] {
      let options = SoftmaxRegression.Options(tolerance: 1e-6, method: method)
      let fit = try SoftmaxRegression.Solver(problem, options: options).fit()
      let gap = fit.certificate.objective / golden.objective - 1
      #expect(fit.outcome == .converged && gap < 1e-6 && gap > -1e-8, "\(method): gap \(gap)")
      #expect(fit.passes <= most, "\(fit.passes) passes, \(method)")
    }
  }
}
