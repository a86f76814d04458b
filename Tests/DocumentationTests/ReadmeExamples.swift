import FastGaussNewton
import Testing

/// The blocks of the README, and that they print what the README says. `Scale` is in ModelExamples.swift.
@Suite struct ReadmeExamples {
  typealias Scale = ModelExamples.Scale

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
    var optimizer = GaussNewtonOptimizer(Objective(head))
    let result = try Trainer(options: Trainer.Options(epochs: 10, batchSize: 32)).run(&optimizer, on: data)
    print(result.epochs.last!)

    let network = try Network<Float>(
      Architecture(input: [2], layers: [Scale(), Layers.Dense(16), Layers.Activation(.tanh), Layers.Dense(3)]))
    let start = network.initialParameters(using: &generator)
    let verdicts = checkLinearization(network, at: start, inputs: Inputs(data.features))
    print(verdicts.passed ? "every product is right" : verdicts.description)

    var method = GaussNewtonOptimizer(Objective(network))
    let trained = try Trainer(options: Trainer.Options(epochs: 10, batchSize: 32)).run(&method, from: start, on: data)
    print(trained.epochs.last!)

    #expect(verdicts.passed, "\(verdicts)")
    #expect(try Repository.text("README.md").contains("every product is right\n\(trained.epochs.last!)\n"))
    #expect(try Repository.text("README.md").contains("\n\(result.epochs.last!)\n"))
  }
}
