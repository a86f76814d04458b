import LinearAlgebra
import Losses
import Models
import Optimization

/// How good a model is on a data set.
public struct Evaluation: Sendable, Codable, Equatable {
  /// The objective: weighted mean loss and penalty.
  public var objective: Double
  /// Weighted mean loss: of cross-entropy in nats, of a regression in the units of the targets as they are trained on.
  public var loss: Double
  /// Fraction whose true class has the highest logit, by weight; ties count as wrong, and so do examples of classes that
  /// the model does not have. Nil for a regression.
  public var accuracy: Double?
  /// Fraction whose true class is among the five highest, by weight; nil below six classes.
  public var top5: Double?
  /// Root of the weighted mean squared error of the predictions over examples and outputs, in the targets' own units,
  /// standardised or not; nil for classes.
  public var rmse: Double?
  /// R^2 = 1 - SSE / SST: squared errors, and squared deviations from the targets' weighted mean on this data set, both
  /// weighted and summed over outputs. Nil for classes, and where all targets are the same.
  public var r2: Double?
  /// Of probabilities softmax(z / T), where the model has a temperature T; `loss` is that of T = 1.
  public var calibrated: Calibrated?
  /// How many there are: examples, or their labelled positions where positions are classified.
  public var examples: Int
  /// Examples of classes that the model does not have, by label. `loss` and `examples` are without them: a class that
  /// has no probability has no finite loss. Nil where there are none.
  public var unknownLabels: [String: Int]?
  /// For each class: examples and how many were right. Empty for a regression.
  public var classes: [ClassCount] = []
  /// For each number that is predicted: its own errors. Nil for classes.
  public var outputs: [OutputFit]?

  public struct Calibrated: Sendable, Codable, Equatable {
    public var temperature: Double
    public var loss: Double
    /// The expected calibration error: see `Calibration`.
    public var calibrationError: Double

    public init(temperature: Double, quality: Calibration.Quality) {
      self.temperature = temperature
      (loss, calibrationError) = (quality.loss, quality.calibrationError)
    }
  }

  public struct ClassCount: Sendable, Codable, Equatable {
    public var name: String
    public var examples: Int
    public var correct: Int
  }

  public struct OutputFit: Sendable, Codable, Equatable {
    public var name: String
    public var rmse: Double
    public var r2: Double?
  }
}

/// Evaluates models a block of examples at a time: memory does not grow with the data set.
package struct Evaluator<ModelType: Model>: Sendable {
  package typealias Scalar = ModelType.Scalar
  let objective: Objective<ModelType>
  private var linearization: ModelType.LinearizationType
  private var rows: any LossRows<Scalar>
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)
  private var features = Features<Scalar>.none

  package init(_ objective: Objective<ModelType>) {
    self.objective = objective
    linearization = objective.model.makeLinearization()
    rows = objective.loss.makeRows(as: Scalar.self)
  }

  private var model: ModelType { objective.model }

  /// Examples that make about four megabytes of activations. A linear head keeps none for sparse features, but may
  /// transpose its weight for each block: as many rows as have the entries that pay for it many times.
  private func blockSize(_ features: Features<Scalar>) -> Int {
    let size = max(16, (4 << 20) / MemoryLayout<Scalar>.stride / model.activationsPerExample)
    guard let entries = features.entryCount else { return size }
    let outputs = max(16, (4 << 20) / MemoryLayout<Scalar>.stride / model.outputWidth)
    let packing = 8 * SparseProducts.packedEntries(features.columns) * features.rows / max(1, entries)
    return max(size, min(outputs, packing))
  }

  /// Calls `body` with the outputs [b, C] of each block of rows and the number of its first row. Where positions are
  /// classified, the rows are all positions of all examples. Throws what `body` does, and where features are in a file
  /// that cannot be read any more.
  package mutating func forEachBlock(
    _ parameters: Parameters<Scalar>, _ data: Features<Scalar>, _ body: (inout Matrix<Scalar>, Int) throws -> Void
  ) throws {
    let blockSize = blockSize(data)
    for start in stride(from: 0, to: data.rows, by: blockSize) {
      let range = start..<min(data.rows, start + blockSize)
      try data.read(range, into: &features)
      linearization.linearize(at: parameters, inputs: Inputs(features), outputs: &outputs)
      linearization.release()
      try body(&outputs, start * model.rowsPerExample)
    }
  }

  /// Loss, and accuracy with class counts or the errors of predictions, over the rows that have targets. One forward
  /// pass over the data, whose targets must be what the loss wants. Throws where features are in a file that cannot be
  /// read any more.
  package mutating func evaluate(_ parameters: Parameters<Scalar>, _ data: Dataset<Scalar>) throws -> Evaluation {
    let blockSize = blockSize(data.features)
    var hits = data.classCount > 0 ? Hits(data) : nil
    var errors = SquaredErrors(data, objective.loss)
    var (total, weight) = (0.0, 0.0)
    for start in stride(from: 0, to: data.count, by: blockSize) {
      let range = start..<min(data.count, start + blockSize)
      try data.features.read(range, into: &features)
      let batch = data.batch(Inputs(features), of: range)
      if batch.count == 0 { continue }
      linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &rows.rows)
      linearization.release()
      hits?.add(rows.rows, batch.labels, batch.weights)
      errors?.add(rows.rows, batch)
      // Without weights: those of one block may all be zero.
      rows.evaluate(batch.targets, weights: nil)
      for (i, value) in rows.loss.enumerated() {
        let w = batch.weights.map { Double($0[i]) } ?? 1
        total += w * Double(value)
        weight += w
      }
    }
    let mean = total / weight
    var result = Evaluation(
      objective: objective.value(meanLoss: mean, at: parameters), loss: mean, examples: data.labelCount)
    hits?.report(&result)
    errors?.report(&result, weight: weight)
    return result
  }
}

/// How many true classes come first, or among the first five.
private struct Hits {
  private var counts: [Evaluation.ClassCount]
  /// By weight.
  private var (correct, near, total) = (0.0, 0.0, 0.0)
  private let unknown: [String: Int]

  init<S>(_ data: Dataset<S>) {
    counts = data.classNames.map { Evaluation.ClassCount(name: $0, examples: 0, correct: 0) }
    unknown = data.unknownLabels
    total = data.unknownWeight
  }

  mutating func add<S: RealScalar>(_ logits: Matrix<S>, _ labels: [Int32], _ weights: [S]?) {
    for (i, (label, rank)) in zip(labels, RowKernels.ranks(logits, labels: labels)).enumerated() {
      let weight = weights.map { Double($0[i]) } ?? 1
      counts[Int(label)].examples += 1
      counts[Int(label)].correct += rank == 0 ? 1 : 0
      correct += rank == 0 ? weight : 0
      near += rank < 5 ? weight : 0
      total += weight
    }
  }

  func report(_ result: inout Evaluation) {
    result.classes = counts
    result.accuracy = correct / total
    if counts.count > 5 { result.top5 = near / total }
    if !unknown.isEmpty { result.unknownLabels = unknown }
  }
}

/// Squared errors of predictions, and squared deviations of targets from their mean, for each output.
private struct SquaredErrors<Scalar: RealScalar> {
  private let names: [String]
  private let scale: [Double]
  private let mean: [Double]
  private let function: (any ElementwiseLoss)?
  private var errors: [Double]
  private var deviations: [Double]

  /// Nil where there are no numbers to predict.
  init?(_ data: Dataset<Scalar>, _ loss: any Loss) {
    guard let values = data.values else { return nil }
    names = data.targetNames
    scale = data.targetStandardization?.scale ?? names.map { _ in 1 }
    mean = ErrorLoops.mean(values, data.weights ?? [])
    function = loss as? any ElementwiseLoss
    errors = names.map { _ in 0 }
    deviations = errors
  }

  mutating func add(_ outputs: Matrix<Scalar>, _ batch: Batch<Scalar>) {
    guard case .values(let values) = batch.targets else { return }
    ErrorLoops.add(function, outputs, values, batch.weights ?? [], mean, &errors, &deviations)
  }

  func report(_ result: inout Evaluation, weight: Double) {
    let squares = zip(errors, scale).map { $0 * $1 * $1 }
    let spreads = names.indices.map { k in
      // A constant column leaves rounding behind, not a spread.
      deviations[k] > 1e-14 * weight * mean[k] * mean[k] ? deviations[k] * scale[k] * scale[k] : 0
    }
    func r2(_ error: Double, _ spread: Double) -> Double? { spread > 0 ? 1 - error / spread : nil }
    result.rmse = (squares.reduce(0, +) / weight / Double(names.count)).squareRoot()
    result.r2 = r2(squares.reduce(0, +), spreads.reduce(0, +))
    result.outputs = names.indices.map { k in
      Evaluation.OutputFit(name: names[k], rmse: (squares[k] / weight).squareRoot(), r2: r2(squares[k], spreads[k]))
    }
  }
}

private enum ErrorLoops {
  /// Weighted mean of each column; no weights are ones.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func mean<S: RealScalar>(_ x: Matrix<S>, _ weights: [S]) -> [Double] {
    var (sums, total) = ([Double](repeating: 0, count: x.columns), 0.0)
    for i in 0..<x.rows {
      let weight = weights.isEmpty ? 1 : Double(weights[i])
      total += weight
      for k in 0..<x.columns { sums[k] += weight * Double(x[i, k]) }
    }
    for k in sums.indices { sums[k] /= total }
    return sums
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func add<S: RealScalar>(
    _ function: (any ElementwiseLoss)?, _ outputs: Matrix<S>, _ targets: Matrix<S>, _ weights: [S], _ mean: [Double],
    _ errors: inout [Double], _ deviations: inout [Double]
  ) {
    for i in 0..<targets.rows {
      let weight = weights.isEmpty ? 1 : Double(weights[i])
      // What weighs nothing may be infinite.
      if weight == 0 { continue }
      for k in 0..<targets.columns {
        let (output, target) = (Double(outputs[i, k]), Double(targets[i, k]))
        let error = (function?.prediction(of: output) ?? output) - target
        errors[k] += weight * error * error
        deviations[k] += weight * (target - mean[k]) * (target - mean[k])
      }
    }
  }
}
