import FastGaussNewton
import Testing

/// The examples of softmax regression to its optimum.
@Suite struct OptimumExamples {
  static func data() throws -> Dataset<Float> {
    var generator = SeededGenerator(seed: 61)
    let labels = (0..<60).map { Int32($0 % 3) }
    let numbers = labels.flatMap { label in (0..<2).map { Float(generator.normal()) + Float($0 * Int(label)) } }
    return try Dataset(
      features: Matrix(rows: 60, columns: 2, elements: numbers), labels: labels, classNames: ["a", "b", "c"])
  }

  @Test func oneFit() throws {
    let data = try Self.data()
    let (x, labels) = (data.features.dense, data.labels)
    let problem = try SoftmaxRegression.Problem(features: .dense(x), labels: labels, classes: 3, l2: 1e-3)
    let fit = try SoftmaxRegression.Solver(problem).fit()
    print(fit.outcome, fit.certificate.objective, fit.certificate.gapBound!)
    #expect(fit.outcome == .converged && fit.values.count == 9)
  }

  @Test func aPathOfPenalties() throws {
    let data = try Self.data()
    let head = LinearHead<Float>(features: data.featureCount, classes: data.classCount)
    var values: [Float]?
    for l2 in [1e-1, 1e-2, 1e-3] {
      let problem = try SoftmaxRegression.Problem(data, l2: l2)
      let options = SoftmaxRegression.Options(tolerance: 1e-5)
      var observer = RecordObserver<SoftmaxRegression.Progress> { step in
        print(step.iteration, step.method.rawValue, step.passes, step.certificate?.relativeGap ?? .nan)
      }
      let fit = try SoftmaxRegression.Solver(problem, options: options).fit(from: values, observer: &observer)
      print(l2, fit.outcome, fit.certificate.objective, fit.outcome.remedy)
      values = fit.values
    }
    let parameters = Parameters(layout: head.layout, values: values!)
    #expect(parameters.values.count == head.layout.count)
  }
}
