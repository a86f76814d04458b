import FastGaussNewton
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The examples in doc comments.
@Suite struct CommentExamples {
  @Test func matrix() {
    var x = Matrix<Float>(rows: 2, columns: 3)  // zeros
    x[1, 2] = 4
    #expect(x.elements == [0, 0, 0, 0, 0, 4])
  }

  @Test func parameters() {
    let head = LinearHead<Float>(features: 2, classes: 3)
    var parameters = Parameters<Float>(layout: head.layout)  // zeros: weight [3, 2], then bias [3]
    let bias = head.layout["bias"]!
    parameters.values[bias.offset] = 1
    #expect(parameters.values == [0, 0, 0, 0, 0, 0, 1, 0, 0])
    #expect(parameters.penalisedSquaredNorm == 0)
  }

  @Test func descentOptions() {
    let exact = DescentOptions(curvature: .fgn, solver: .gram)
    let compared = DescentOptions(curvature: .ggn, solver: .dual, tolerance: 1e-6, maximumIterations: 500)
    #expect(exact.weightFloor == 0 && compared.expectedIterations == 15)
    let head = LinearHead<Double>(features: 1, classes: 2)
    let batch = Batch(features: Matrix<Double>(rows: 2, columns: 1, elements: [1, -2]), labels: [0, 1])
    let directions = [exact, compared].map { options in
      var descent = Descent(Objective(head), options: options)
      return descent.direction(at: Parameters(layout: head.layout), batch: batch, damping: 0.5).direction
    }
    // Two classes: FGN is the GGN.
    #expect(zip(directions[0], directions[1]).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func direction() {
    let head = LinearHead<Double>(features: 2, classes: 3)
    var descent = Descent(Objective(head))
    let batch = Batch(features: Matrix(rows: 1, columns: 2, elements: [1, -1]), labels: [2])
    let (d, report) = descent.direction(at: Parameters(layout: head.layout), batch: batch, damping: 0.1)
    #expect(d.count == 9 && d.allSatisfy(\.isFinite))
    #expect(report.solve.outcome == .converged)
  }

  @Test func optimizer() {
    let head = LinearHead<Float>(features: 2, classes: 3)
    var parameters = Parameters<Float>(layout: head.layout)
    var optimizer = GaussNewtonOptimizer(Objective(head))
    let batch = Batch<Float>(features: Matrix(rows: 2, columns: 2, elements: [1, 0, 0, 1]), labels: [0, 2])
    let report = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
    #expect(report.outcome == .accepted)
    #expect(parameters.values.contains { $0 != 0 })
  }

  @Test func dataset() throws {
    let data = try Dataset(
      features: Matrix<Float>(rows: 2, columns: 2, elements: [0, 1, 1, 0]), labels: [0, 1], classNames: ["no", "yes"])
    let houses = try Dataset(
      features: Matrix<Float>(rows: 2, columns: 1, elements: [60, 90]),
      values: Matrix(rows: 2, columns: 1, elements: [180.5, 310]), targetNames: ["price"])
    #expect(data.count == 2 && data.featureCount == 2 && data.classCount == 2)
    #expect(houses.outputCount == 1 && houses.values?.elements == [180.5, 310])
  }
}
