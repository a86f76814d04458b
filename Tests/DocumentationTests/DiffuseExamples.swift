import Experiments
import FastGaussNewton
import Testing

/// The blocks of `SyntheticClasses` and `FGNPreconditioner`.
@Suite struct DiffuseExamples {
  @Test func syntheticClasses() throws {
    let near = SyntheticClasses(classes: 100, features: 32, separation: 1)
    let split = try near.split(training: 8000, held: 1000, seed: 0)
    #expect(split.training.count == 8000 && split.validation.classCount == 100)
  }

  @Test func preconditioner() {
    let head = LinearHead<Double>(features: 2, classes: 3)
    let parameters = Parameters<Double>(layout: head.layout)
    let batch = Batch(features: Matrix<Double>(rows: 1, columns: 2, elements: [1, -1]), labels: [2])
    let x = [Double](repeating: 1, count: 9)
    var y = x
    var root = FGNPreconditioner(Objective(head), at: parameters, batch: batch, damping: 0.1)
    root.apply(x, into: &y)  // y = (F + 0.1)^-1/2 x
    #expect(y.reduce(0) { $0 + $1 * $1 } <= 9 / 0.1 * (1 + 1e-12))
  }
}
