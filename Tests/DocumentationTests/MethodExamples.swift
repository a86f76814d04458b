import FastGaussNewton
import Testing

/// The examples of docs/methods.md and of the comments of Methods.
@Suite struct MethodExamples {
  let head = LinearHead<Double>(features: 2, classes: 2)

  @Test func method() throws {
    let method = try TrainingMethod("sgd:lr=0.1:momentum=0.9")
    print(method)  // sgd:learning-rate=0.1:momentum=0.9
    #expect("\(method)" == "sgd:learning-rate=0.1:momentum=0.9")
  }

  @Test func make() throws {
    let batch = try ComparisonExamples.data(rows: 6).batch
    var parameters = Parameters<Double>(layout: head.layout)
    var made = try TrainingMethod("adam:lr=0.01").make(Objective(head, l2: 1e-4))
    let report = made.optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    #expect(report.outcome == .accepted)
  }

  @Test func trainer() throws {
    let data = try ComparisonExamples.data(rows: 20)
    let method = try TrainingMethod("sgd:lr=0.1:momentum=0.9")
    var optimizer = method.make(Objective(head, loss: CrossEntropy(), l2: 1e-4)).optimizer
    let result = try Trainer(options: Trainer.Options(epochs: 2)).run(&optimizer, on: data)
    #expect(result.epochs.count == 2)
  }
}
