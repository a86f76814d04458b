import FastGaussNewton
import Testing

/// The examples of several penalties.
@Suite struct PathExamples {
  static func data() throws -> Dataset<Float> {
    var generator = SeededGenerator(seed: 1)
    let labels = (0..<60).map { Int32($0 % 2) }
    let elements = labels.flatMap { label in (0..<3).map { _ in Float(generator.normal()) + 0.8 * Float(label) } }
    return try Dataset(
      features: Matrix(rows: 60, columns: 3, elements: elements), labels: labels, classNames: ["no", "yes"])
  }

  @Test func path() throws {
    let (training, validation) = try Self.data().split(validationFraction: 0.3, seed: 2)
    var options = SoftmaxRegression.PathOptions()
    options.points = 8
    let path = try SoftmaxRegression.Path(training: training, validation: validation, options: options).run()
    print(path.points[path.bestIndex].l2, path.best.certificate.objective)
    #expect(path.best.outcome == .converged)
  }

  @Test func crossValidation() throws {
    let data = try Self.data()
    var choice = SoftmaxRegression.CrossValidationOptions()
    choice.folds = 4
    let tuned = try SoftmaxRegression.CrossValidation(data, options: choice).run()
    for point in tuned.points { print(point.l2, point.loss, point.standardError) }
    print(tuned.points[tuned.chosenIndex].l2, tuned.fit!.outcome)
    #expect(tuned.fit?.outcome == .converged)
  }
}
