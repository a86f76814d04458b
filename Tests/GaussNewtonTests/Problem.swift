import GaussNewton
import LinearAlgebra
import Models
import Optimization
import TestSupport

/// The shape of a random problem.
struct Shape: Sendable, CustomStringConvertible {
  var batch: Int
  var features: Int
  var classes: Int
  var intercept = true
  var weighted = false
  var l2 = 0.0
  /// Standard deviation of the parameters: 0 is the start of a run, 3 has confident and hard rows.
  var spread = 0.7

  var description: String {
    "B \(batch) D \(features) C \(classes)\(intercept ? "" : " no intercept")\(weighted ? " weighted" : "") l2 \(l2) spread \(spread)"
  }

  var parameters: Int { classes * (features + (intercept ? 1 : 0)) }

  /// Fewer and more rows than parameters, two classes, one row, and classes on both sides of the thin kernels' 8 and 32.
  static let all: [Shape] = [
    Shape(batch: 1, features: 5, classes: 4),
    Shape(batch: 16, features: 5, classes: 4, l2: 0.02),
    Shape(batch: 12, features: 3, classes: 2),
    Shape(batch: 30, features: 4, classes: 2, intercept: false, weighted: true, l2: 0.1),
    Shape(batch: 40, features: 3, classes: 5, weighted: true),
    Shape(batch: 7, features: 17, classes: 7, l2: 0.3, spread: 0),
    Shape(batch: 6, features: 9, classes: 12, weighted: true, l2: 0.01),
    Shape(batch: 9, features: 4, classes: 3, intercept: false),
    Shape(batch: 5, features: 5, classes: 33, weighted: true, l2: 0.05),
    Shape(batch: 20, features: 6, classes: 9, intercept: false, spread: 2),
    Shape(batch: 33, features: 2, classes: 32, l2: 1e-3),
  ]
}

/// A random head, its parameters and a batch.
struct Problem<S: RealScalar>: Sendable {
  var head: LinearHead<S>
  var parameters: Parameters<S>
  var batch: Batch<S>
  var l2: Double
  var name: String

  init(_ shape: Shape, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    head = LinearHead(features: shape.features, classes: shape.classes, intercept: shape.intercept)
    parameters = Parameters(
      layout: head.layout, values: generator.vector(head.layout.count, scale: shape.spread))
    // Integer weights with some zeros.
    let labels = generator.labels(shape.batch, classes: shape.classes)
    let features: Matrix<S> = generator.matrix(shape.batch, shape.features)
    var weights: [S]?
    if shape.weighted { weights = (0..<shape.batch).map { $0 == 0 ? 2 : S(generator.index(below: 4)) } }
    batch = Batch(features: features, labels: labels, weights: weights)
    l2 = shape.l2
    name = "seed \(seed) \(S.precisionName) \(shape)"
  }

  /// The same problem on other examples.
  func with(_ batch: Batch<S>) -> Problem {
    var result = self
    result.batch = batch
    return result
  }

  /// The examples in `rows`, in that order, with weights of their own if wanted.
  func examples(_ rows: [Int], weights: [S]? = nil) -> Batch<S> {
    var features = Matrix<S>(rows: 0, columns: 0)
    RowKernels.gather(batch.inputs.features.view, rows.map { Int32($0) }, into: &features)
    return Batch(
      features: features, labels: rows.map { batch.labels[$0] },
      weights: weights ?? batch.weights.map { all in rows.map { all[$0] } })
  }
}
