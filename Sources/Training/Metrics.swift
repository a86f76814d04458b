import LinearAlgebra
import Models
import Optimization

/// How good a model is on a data set.
public struct Evaluation: Sendable, Codable, Equatable {
  /// Weighted mean loss + (l2 / 2) |weight|^2.
  public var objective: Double
  /// Weighted mean cross-entropy.
  public var loss: Double
  /// Fraction of examples whose true class has the highest logit; ties count as wrong. Unweighted.
  public var accuracy: Double
  /// Fraction whose true class is among the five highest; nil below six classes.
  public var top5: Double?
  public var examples: Int
  /// For each class: examples and how many were right.
  public var classes: [ClassCount]

  public struct ClassCount: Sendable, Codable, Equatable {
    public var name: String
    public var examples: Int
    public var correct: Int
  }
}

/// Evaluates models a block of rows at a time: memory does not grow with the data set.
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

  /// Rows that make about four megabytes of logits.
  private var blockRows: Int {
    max(16, (4 << 20) / MemoryLayout<Scalar>.stride / max(model.outputWidth, model.inputWidth))
  }

  /// Calls `body` with the logits [b, C] of each block of rows and the number of its first row.
  public mutating func forEachBlock(
    _ parameters: Parameters<Scalar>, _ data: Matrix<Scalar>, _ body: (inout Matrix<Scalar>, Int) throws -> Void
  ) rethrows {
    for start in stride(from: 0, to: data.rows, by: blockRows) {
      let range = start..<min(data.rows, start + blockRows)
      features.reshape(rows: range.count, columns: data.columns)
      features.assign(data.rows(range))
      linearization.linearize(at: parameters, inputs: Inputs(features), outputs: &outputs)
      linearization.release()
      try body(&outputs, start)
    }
  }

  /// Loss, accuracy and class counts. One forward pass over the data.
  public mutating func evaluate(_ parameters: Parameters<Scalar>, _ data: Dataset<Scalar>, l2: Double) -> Evaluation {
    var counts = data.classNames.map { Evaluation.ClassCount(name: $0, examples: 0, correct: 0) }
    var (loss, weight, correct, near) = (0.0, 0.0, 0, 0)
    forEachBlock(parameters, data.features) { logits, start in
      let labels = Array(data.labels[start..<start + logits.rows])
      let ranks = RowKernels.ranks(logits, labels: labels)
      for (label, rank) in zip(labels, ranks) {
        counts[Int(label)].examples += 1
        counts[Int(label)].correct += rank == 0 ? 1 : 0
        correct += rank == 0 ? 1 : 0
        near += rank < 5 ? 1 : 0
      }
      let losses = RowKernels.losses(&logits, labels: labels)
      for (i, value) in losses.enumerated() {
        let w = data.weights.map { Double($0[start + i]) } ?? 1
        loss += w * Double(value)
        weight += w
      }
    }
    let mean = loss / weight
    return Evaluation(
      objective: mean + l2 / 2 * Double(parameters.penalisedSquaredNorm), loss: mean,
      accuracy: Double(correct) / Double(data.count),
      top5: data.classCount > 5 ? Double(near) / Double(data.count) : nil,
      examples: data.count, classes: counts)
  }
}
