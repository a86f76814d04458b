import LinearAlgebra
import Models
import Optimization

/// How good a model is on a data set.
public struct Evaluation: Sendable, Codable, Equatable {
  /// Weighted mean loss + (l2 / 2) |weight|^2.
  public var objective: Double
  /// Weighted mean cross-entropy.
  public var loss: Double
  /// Fraction whose true class has the highest logit; ties count as wrong. Unweighted.
  public var accuracy: Double
  /// Fraction whose true class is among the five highest; nil below six classes.
  public var top5: Double?
  /// How many there are: examples, or their labelled positions where positions are classified.
  public var examples: Int
  /// For each class: examples and how many were right.
  public var classes: [ClassCount]

  public struct ClassCount: Sendable, Codable, Equatable {
    public var name: String
    public var examples: Int
    public var correct: Int
  }
}

/// Evaluates models a block of examples at a time: memory does not grow with the data set.
public struct Evaluator<ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  let model: ModelType
  private var linearization: ModelType.LinearizationType
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)
  private var features = Matrix<Scalar>(rows: 0, columns: 0)

  public init(model: ModelType) {
    self.model = model
    linearization = model.makeLinearization()
  }

  /// Examples that make about four megabytes of activations.
  private var blockSize: Int {
    max(16, (4 << 20) / MemoryLayout<Scalar>.stride / model.activationsPerExample)
  }

  /// Calls `body` with the logits [b, C] of each block of rows and the number of its first row. Where positions are
  /// classified, the rows are all positions of all examples.
  public mutating func forEachBlock(
    _ parameters: Parameters<Scalar>, _ data: Matrix<Scalar>, _ body: (inout Matrix<Scalar>, Int) throws -> Void
  ) rethrows {
    for start in stride(from: 0, to: data.rows, by: blockSize) {
      let range = start..<min(data.rows, start + blockSize)
      features.reshape(rows: range.count, columns: data.columns)
      features.assign(data.rows(range))
      forward(parameters, Inputs(features))
      try body(&outputs, start * model.rowsPerExample)
    }
  }

  /// Leaves the logits in `outputs`.
  private mutating func forward(_ parameters: Parameters<Scalar>, _ inputs: Inputs<Scalar>) {
    linearization.linearize(at: parameters, inputs: inputs, outputs: &outputs)
    linearization.release()
  }

  /// Loss, accuracy and class counts over the rows that have labels. One forward pass over the data.
  public mutating func evaluate(_ parameters: Parameters<Scalar>, _ data: Dataset<Scalar>, l2: Double) -> Evaluation {
    var counts = data.classNames.map { Evaluation.ClassCount(name: $0, examples: 0, correct: 0) }
    var (loss, weight, correct, near) = (0.0, 0.0, 0, 0)
    for start in stride(from: 0, to: data.count, by: blockSize) {
      let range = start..<min(data.count, start + blockSize)
      features.reshape(rows: range.count, columns: data.featureCount)
      features.assign(data.features.rows(range))
      let batch = data.batch(Inputs(features), of: range)
      if batch.count == 0 { continue }
      forward(parameters, batch.inputs)
      for (label, rank) in zip(batch.labels, RowKernels.ranks(outputs, labels: batch.labels)) {
        counts[Int(label)].examples += 1
        counts[Int(label)].correct += rank == 0 ? 1 : 0
        correct += rank == 0 ? 1 : 0
        near += rank < 5 ? 1 : 0
      }
      for (i, value) in RowKernels.losses(&outputs, labels: batch.labels).enumerated() {
        let w = batch.weights.map { Double($0[i]) } ?? 1
        loss += w * Double(value)
        weight += w
      }
    }
    let mean = loss / weight
    return Evaluation(
      objective: mean + l2 / 2 * Double(parameters.penalisedSquaredNorm), loss: mean,
      accuracy: Double(correct) / Double(data.labelCount),
      top5: data.classCount > 5 ? Double(near) / Double(data.labelCount) : nil,
      examples: data.labelCount, classes: counts)
  }
}
