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

  /// Fewer and more rows than parameters, two classes, one row, and classes on both sides of the thin kernels' 8 and
  /// 32.
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

/// A model at a point, a batch, and how the dense reference knows its outputs and Jacobian.
struct Problem<ModelType: Model>: Sendable {
  typealias Scalar = ModelType.Scalar
  var model: ModelType
  var parameters: Parameters<Scalar>
  var batch: Batch<Scalar>
  var l2: Double
  var name: String
  var oracle: @Sendable (Parameters<Scalar>, Inputs<Scalar>) -> WideOutputs
  /// How much more rounding than a head's: what limits are multiplied by.
  var slack = 1.0
  /// Whether the examples can be put in another order (not with dropout masks, which go by place).
  var isExchangeable = true
  /// Whether it can be differentiated along any line, without kinks.
  var isSmooth = true

  var objective: Objective<ModelType> { Objective(model, l2: l2) }

  /// The same problem on other examples.
  func with(_ batch: Batch<Scalar>) -> Problem {
    var result = self
    result.batch = batch
    return result
  }

  /// The same problem with a model that should do the same; the reference stays.
  func with<Other: Model>(_ wrap: (ModelType) -> Other) -> Problem<Other> where Other.Scalar == Scalar {
    Problem<Other>(
      model: wrap(model), parameters: parameters, batch: batch, l2: l2, name: name, oracle: oracle, slack: slack,
      isExchangeable: isExchangeable, isSmooth: isSmooth)
  }

  /// The examples in `list`, in that order, each as often as it is there. `weights` are for each example; nil keeps the
  /// weights of the rows.
  func examples(_ list: [Int], weights: [Scalar]? = nil) -> Batch<Scalar> {
    let perExample = model.rowsPerExample
    let all = batch.inputs.rows ?? (0..<Int32(batch.inputs.features.rows * perExample)).map { $0 }
    var features = Matrix<Scalar>(rows: 0, columns: 0)
    RowKernels.gather(batch.inputs.dense.view, list.map { Int32($0) }, into: &features)
    var (rows, labels, rowWeights): ([Int32], [Int32], [Scalar]) = ([], [], [])
    for (place, example) in list.enumerated() {
      for (k, row) in all.enumerated() where Int(row) / perExample == example {
        rows.append(Int32(place * perExample + Int(row) % perExample))
        labels.append(batch.labels[k])
        rowWeights.append((weights?[place] ?? 1) * (weights == nil ? batch.weights?[k] ?? 1 : 1))
      }
    }
    var inputs = Inputs(features)
    inputs.dropoutSeed = batch.inputs.dropoutSeed
    if batch.inputs.rows != nil { inputs.rows = rows }
    return Batch(inputs: inputs, labels: labels, weights: weights == nil && batch.weights == nil ? nil : rowWeights)
  }
}

typealias HeadProblem<S: RealScalar> = Problem<LinearHead<S>>

extension Problem {
  /// A random head, its parameters and a batch.
  init<S: RealScalar>(_ shape: Shape, seed: UInt64) where ModelType == LinearHead<S> {
    var generator = SeededGenerator(seed: seed)
    let head = LinearHead<S>(features: shape.features, classes: shape.classes, intercept: shape.intercept)
    let parameters = Parameters<S>(
      layout: head.layout, values: generator.vector(head.layout.count, scale: shape.spread))
    // Integer weights with some zeros.
    let labels = generator.labels(shape.batch, classes: shape.classes)
    let features: Matrix<S> = generator.matrix(shape.batch, shape.features)
    var weights: [S]?
    if shape.weighted { weights = (0..<shape.batch).map { $0 == 0 ? 2 : S(generator.index(below: 4)) } }
    self.init(
      model: head, parameters: parameters, batch: Batch(features: features, labels: labels, weights: weights),
      l2: shape.l2, name: "seed \(seed) \(S.precisionName) \(shape)",
      oracle: { WideOutputs(head, $0, $1) })
  }
}
