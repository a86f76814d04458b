import FastGaussNewton
import Testing

/// The blocks of docs/architecture.md.
@Suite struct ArchitectureExamples {
  struct GradientDescent: Optimizer {
    struct State: Codable, Sendable {}
    var state = State()
    var explanation: String { "gradient descent" }
    var point: ObjectivePoint<LinearHead<Float>>
    var objective: Objective<LinearHead<Float>> { point.objective }

    mutating func step(
      _ parameters: inout Parameters<Float>, on batch: Batch<Float>, at progress: Schedule.Progress
    ) -> StepReport {
      let value = point.evaluate(at: parameters, batch: batch)
      let gradient = point.gradient()
      point.release()
      parameters.move(by: -0.1, along: gradient)
      return StepReport(outcome: .accepted, objective: value)
    }
  }

  /// Two classes on either side of a line, 64 examples.
  static func data() throws -> Dataset<Float> {
    var generator = SeededGenerator(seed: 1)
    let elements = (0..<128).map { _ in Float(generator.uniform() - 0.5) }
    return try Dataset(
      features: Matrix(rows: 64, columns: 2, elements: elements),
      labels: (0..<64).map { elements[2 * $0] > elements[2 * $0 + 1] ? 1 : 0 }, classNames: ["below", "above"])
  }

  @Test func anOptimizerOfOnesOwn() throws {
    let data = try Self.data()
    let head = LinearHead<Float>(features: 2, classes: 2)
    var optimizer = GradientDescent(point: ObjectivePoint(Objective(head)))
    let result = try Trainer(options: Trainer.Options(epochs: 3, batchSize: 16)).run(&optimizer, on: data)
    #expect(result.epochs.count == 3)
    #expect(result.epochs[2].loss < result.epochs[0].loss)
    #expect(result.explanation == "gradient descent")
  }

  @Test func training() throws {
    let data = try Self.data()
    let path = temporaryPath("model.safetensors")
    let head = LinearHead<Float>(features: data.featureCount, classes: data.classCount)
    var optimizer = GaussNewtonOptimizer(Objective(head))
    let result = try Trainer(options: Trainer.Options(epochs: 2, batchSize: 32)).run(&optimizer, on: data)
    let file = ModelFile(model: head, parameters: result.parameters, classNames: data.classNames)
    try file.write(to: path)
    #expect(result.outcome == .finished)
    let read = try ModelFile<Float>(reading: path)
    #expect(read.parameters == result.parameters)
    #expect(read.classNames == ["below", "above"])
    removeFile(path)
  }
}
