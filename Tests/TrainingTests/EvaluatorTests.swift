import FastGaussNewton
import Foundation
import Testing

@testable import Training

@Suite struct EvaluatorTests {
  /// The definition, one row at a time in double.
  static func naive<S: RealScalar>(
    _ head: LinearHead<S>, _ parameters: Parameters<S>, _ data: Dataset<S>, l2: Double
  ) -> Evaluation {
    let (classes, width) = (head.outputWidth, head.inputWidth)
    let values = parameters.values.map { Double($0) }
    var counts = data.classNames.map { Evaluation.ClassCount(name: $0, examples: 0, correct: 0) }
    var (loss, weight, near, right) = (0.0, 0.0, 0.0, 0.0)
    for i in 0..<data.count {
      let logits = (0..<classes).map { c in
        (0..<width).reduce(head.hasIntercept ? values[classes * width + c] : 0) {
          $0 + Double(data.features.dense[i, $1]) * values[c * width + $1]
        }
      }
      let label = Int(data.labels[i])
      let above = logits.indices.count { $0 != label && logits[$0] >= logits[label] }
      counts[label].examples += 1
      counts[label].correct += above == 0 ? 1 : 0
      let top = logits.max()!
      let w = data.weights.map { Double($0[i]) } ?? 1
      right += above == 0 ? w : 0
      near += above < 5 ? w : 0
      loss += w * (top + log(logits.reduce(0) { $0 + exp($1 - top) }) - logits[label])
      weight += w
    }
    let penalty = values.prefix(classes * width).reduce(0) { $0 + $1 * $1 }
    return Evaluation(
      objective: loss / weight + l2 / 2 * penalty, loss: loss / weight,
      accuracy: right / weight, top5: classes > 5 ? near / weight : nil, examples: data.count, classes: counts)
  }

  func check<S: RealScalar>(_ type: S.Type, _ data: Dataset<S>, intercept: Bool = true, l2: Double, limit: Double)
    throws
  {
    let head = LinearHead<S>(features: data.featureCount, classes: data.classCount, intercept: intercept)
    let parameters = randomParameters(head)
    var evaluator = Evaluator(Objective(head, l2: l2))
    let result = try evaluator.evaluate(parameters, data)
    var expected = Self.naive(head, parameters, data, l2: l2)
    #expect(abs(result.objective - expected.objective) < limit * abs(expected.objective))
    #expect(abs(result.loss - expected.loss) < limit * abs(expected.loss))
    // All the rest is counted.
    (expected.objective, expected.loss) = (result.objective, result.loss)
    #expect(result == expected)
  }

  @Test(arguments: [2, 5, 6, 9], [true, false]) func agreesWithTheDefinition(_ classes: Int, _ intercept: Bool) throws {
    for l2 in [0, 0.03] {
      try check(
        Double.self, try blobs(rows: 150, features: 4, classes: classes), intercept: intercept, l2: l2, limit: 1e-12)
      try check(
        Float.self, try blobs(rows: 150, features: 4, classes: classes), intercept: intercept, l2: l2, limit: 1e-5)
    }
  }

  @Test func weightsCountInLossAndAccuracy() throws {
    var data = try blobs(Double.self, rows: 60, features: 3, classes: 7)
    try data.setWeights((0..<60).map { Double($0 % 4) })
    try check(Double.self, data, l2: 0.1, limit: 1e-12)
  }

  @Test func manyBlocksAreOneAnswer() throws {
    // Sixteen rows are the smallest block, as wide as these are.
    var data = try blobs(Double.self, rows: 37, features: 40_000, classes: 3, spread: 0.01)
    try data.setWeights((0..<37).map { Double($0 % 5) })
    var evaluator = Evaluator(Objective(LinearHead<Double>(features: 40_000, classes: 3)))
    var starts: [Int] = []
    var rows = 0
    try evaluator.forEachBlock(randomParameters(LinearHead(features: 40_000, classes: 3)), data.features) {
      logits, start in
      starts.append(start)
      rows += logits.rows
      #expect(logits.columns == 3)
    }
    #expect(starts == [0, 16, 32] && rows == 37)
    try check(Double.self, data, l2: 1e-4, limit: 1e-10)
  }

  @Test func tiesAreWrong() throws {
    let head = LinearHead<Float>(features: 1, classes: 6)
    let data = try Dataset(
      features: Matrix<Float>(rows: 2, columns: 1, elements: [1, 2]), labels: [0, 5],
      classNames: ["a", "b", "c", "d", "e", "f"])
    var evaluator = Evaluator(Objective(head))
    let tied = try evaluator.evaluate(Parameters(layout: head.layout), data)
    #expect(tied.accuracy == 0 && tied.top5 == 0)
    #expect(abs(tied.loss - log(6)) < 1e-6)
    // One class less in the tie: the true one is among the five highest.
    var parameters = Parameters<Float>(layout: head.layout)
    parameters.values[1] = -1
    let fewer = try evaluator.evaluate(parameters, data)
    #expect(fewer.accuracy == 0 && fewer.top5 == 1)
  }

  @Test func doesNotDependOnTheOrderOfCalls() throws {
    let (small, large) = (
      try blobs(Float.self, rows: 5, features: 3, classes: 3), try blobs(Float.self, rows: 80, features: 3, classes: 3)
    )
    let head = LinearHead<Float>(features: 3, classes: 3)
    let parameters = randomParameters(head)
    var evaluator = Evaluator(Objective(head))
    let first = try evaluator.evaluate(parameters, small)
    _ = try evaluator.evaluate(parameters, large)
    #expect(try evaluator.evaluate(parameters, small) == first)
  }
}
