import FastGaussNewton
import Testing

/// The examples in the doc comments of the gradient methods.
@Suite struct GradientMethodExamples {
  let head = LinearHead<Double>(features: 2, classes: 3)
  let batch = Batch<Double>(
    features: Matrix(rows: 4, columns: 2, elements: [1, 0, 0, 1, 1, 1, 0.9, 0.1]), labels: [0, 2, 1, 0])

  @Test func gradientStep() {
    var parameters = Parameters<Double>(layout: head.layout)
    var gradient = GradientStep(Objective(head), options: GradientOptions(learningRate: LearningRate(0.1)))
    let report = gradient.evaluate(
      at: parameters, on: batch, at: Schedule.Progress(step: 0, total: 10), path: "descent")
    let isTaken = report.outcome == .accepted && gradient.move(&parameters, along: gradient.values)
    #expect(isTaken && parameters.values == gradient.values.map { -0.1 * $0 })
  }

  @Test func momentum() {
    var parameters = Parameters<Double>(layout: head.layout)
    let rate = LearningRate(0.05, schedule: .cosine)
    var sgd = SGD(
      Objective(head), options: SGDOptions(gradient: GradientOptions(learningRate: rate), momentum: 0.9, nesterov: true)
    )
    let report = sgd.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    #expect(report.outcome == .accepted && report.stepLength == 0.05 && parameters.values.norm > 0)
  }

  @Test func adamW() {
    var parameters = Parameters<Double>(layout: head.layout)
    let gentle = GradientOptions(learningRate: LearningRate(1e-3, schedule: .cosine, warmUp: 0.05), weightDecay: 0.01)
    var adamW = Adam(Objective(head), options: AdamOptions(gradient: gentle))
    let report = adamW.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    #expect(report.outcome == .accepted && adamW.explanation == "AdamW" && adamW.state.steps == 1)
  }

  @Test func lbfgs() throws {
    let data = try Dataset<Double>(features: batch.inputs.dense, labels: batch.labels, classNames: ["a", "b", "c"])
    var parameters = Parameters<Double>(layout: head.layout)
    var lbfgs = LBFGS(Objective(head, l2: 1e-3))
    for step in 0..<20 { _ = lbfgs.step(&parameters, on: data.batch, at: Schedule.Progress(step: step, total: 20)) }
    let last = lbfgs.step(&parameters, on: data.batch, at: Schedule.Progress(step: 19, total: 20))
    #expect(last.outcome == .accepted && last.objective < 0.4)
  }

  @Test func gradientAgreement() {
    var parameters = Parameters<Double>(layout: head.layout)
    let fgn = GaussNewtonOptimizer(Objective(head))
    var filtered = GradientAgreement(fgn, options: GradientAgreementOptions(microBatches: 4))
    let report = filtered.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    #expect(report.outcome == .accepted && report.path.hasSuffix(" of 4 agree") && parameters.values.norm > 0)
  }
}
