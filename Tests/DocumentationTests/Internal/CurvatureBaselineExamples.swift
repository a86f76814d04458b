import FastGaussNewton
import Testing

/// The examples in doc comments of methods with curvature.
@Suite struct CurvatureBaselineExamples {
  let head = LinearHead<Float>(features: 2, classes: 3)
  let batch = Batch<Float>(features: Matrix(rows: 2, columns: 2, elements: [1, 0, 0, 1]), labels: [0, 2])

  func check(_ report: StepReport, _ parameters: Parameters<Float>) {
    #expect(report.outcome == .accepted)
    #expect(parameters.values.norm > 0 && parameters.values.isFinite)
  }

  @Test func conjugateGradient() {
    var parameters = Parameters<Float>(layout: head.layout)
    var sgn = SGN(Objective(head), options: SGNOptions(damping: 1e-2, iterations: 5))
    let report = sgn.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    check(report, parameters)
  }

  @Test func leastSquares() {
    var parameters = Parameters<Float>(layout: head.layout)
    var sqn = SQN(Objective(head), options: SQNOptions(memory: 5))
    let report = sqn.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    check(report, parameters)
  }

  @Test func kroneckerFactors() {
    var parameters = Parameters<Float>(layout: head.layout)
    var options = KFACOptions(damping: 1e-2, seed: 7)
    options.inverseInterval = 20
    var kfac = KFAC(Objective(head), options: options)
    let report = kfac.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    check(report, parameters)
  }

  @Test func inverseRoots() {
    var parameters = Parameters<Float>(layout: head.layout)
    var shampoo = Shampoo(Objective(head), options: ShampooOptions(interval: 10))
    let report = shampoo.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    check(report, parameters)
  }

  @Test func clippedSteps() {
    var parameters = Parameters<Float>(layout: head.layout)
    let decayed = GradientOptions(learningRate: LearningRate(1e-3, schedule: .cosine), weightDecay: 0.1)
    var sophia = Sophia(Objective(head), options: SophiaOptions(gradient: decayed, seed: 7))
    let report = sophia.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    check(report, parameters)
  }

  @Test func eigenvalues() {
    var eigen = SymmetricEigen<Double>()
    let isFound = eigen.decompose(Matrix(rows: 2, columns: 2, elements: [2, 1, 1, 2]))
    let values = eigen.values  // 1, 3
    #expect(isFound && abs(values[0] - 1) < 1e-15 && abs(values[1] - 3) < 1e-15)
  }
}
