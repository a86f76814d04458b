import FastGaussNewton
import Testing

/// The block of the README, and that it prints what the README says.
@Suite struct ReadmeExamples {
  @Test func fifteenLines() throws {
    // Three blobs on a circle, 100 points each.
    var generator = SeededGenerator(seed: 1)
    let labels = (0..<300).map { Int32($0 % 3) }
    let points = labels.flatMap { label in
      [[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]][Int(label)].map { Float($0 + 0.8 * generator.normal()) }
    }
    let data = try Dataset(
      features: Matrix(rows: 300, columns: 2, elements: points), labels: labels, classNames: ["east", "north", "south"])

    let head = LinearHead<Float>(features: 2, classes: 3)
    var optimizer = GaussNewtonOptimizer(model: head)
    var observer = SilentObserver()
    let result = try Trainer(model: head, options: TrainingOptions(epochs: 10, batchSize: 32))
      .run(&optimizer, on: data, observer: &observer)
    let last = result.epochs.last!
    print("objective \(NumberText.fixed(last.objective, 3)), accuracy \(NumberText.percent(last.accuracy))")

    let shown = "objective \(NumberText.fixed(last.objective, 3)), accuracy \(NumberText.percent(last.accuracy))"
    #expect(try Repository.text("README.md").contains("\n\(shown)\n"), "\(shown)")
  }
}
