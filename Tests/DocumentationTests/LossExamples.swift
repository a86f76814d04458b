import FastGaussNewton
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// A loss of one's own: all it takes.
struct LogCosh: ElementwiseLoss {
  var name: String { "log-cosh" }
  func evaluate(output z: Double, target t: Double) -> (loss: Double, slope: Double, curvature: Double) {
    let slope = tanh(z - t)
    return (loss: log(cosh(z - t)), slope: slope, curvature: 1 - slope * slope)
  }
}

/// The examples of losses, objectives, rates and factorisations in doc comments.
@Suite struct LossExamples {
  @Test func ownLossTrains() {
    let head = LinearHead<Double>(features: 1, classes: 1)
    var parameters = Parameters<Double>(layout: head.layout)
    var optimizer = GaussNewtonOptimizer(Objective(head, loss: LogCosh()), options: .egnAsPublished(momentum: 0))
    let x = Matrix<Double>(rows: 3, columns: 1, elements: [-1, 0, 1])
    let batch = Batch(features: x, values: Matrix(rows: 3, columns: 1, elements: [-1, 1, 3]))
    for step in 0..<60 { _ = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: step, total: 60)) }
    #expect(abs(parameters.values[0] - 2) < 1e-3 && abs(parameters.values[1] - 1) < 1e-3, "\(parameters.values)")
  }

  @Test func objective() {
    let objective = Objective(LinearHead<Float>(features: 2, classes: 3), l2: 1e-4)
    #expect(objective.l2 == 1e-4 && objective.loss is CrossEntropy)
  }

  @Test func curvatureOfOnesOwn() {
    let unit = Curvature("unit") { _ in 1 }  // a a^T itself
    #expect(unit.isSolvable && DescentOptions.Solver.available(for: unit).contains(.gram))
  }

  @Test func objectivePoint() {
    let head = LinearHead<Double>(features: 2, classes: 3)
    var point = ObjectivePoint(Objective(head))
    let batch = Batch(features: Matrix(rows: 1, columns: 2, elements: [1, -1]), labels: [2])
    var gradient: [Double] = []
    let value = point.evaluate(at: Parameters(layout: head.layout), batch: batch)  // log 3
    point.gradient(into: &gradient)
    #expect(abs(value - log(3)) < 1e-15)
    #expect(abs(gradient[0] - 1.0 / 3) < 1e-15 && abs(gradient[8] + 2.0 / 3) < 1e-15)
  }
}
