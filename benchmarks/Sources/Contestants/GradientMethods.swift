import CAdam
import FastGaussNewton

/// Plain SGD as fast as this package can make it: the yardstick for the price of a step. Forward, one fused pass for
/// loss and residual, and one product that adds -rate times the gradient straight into the parameters.
public struct SGD<ModelType: Model>: Optimizer {
  public typealias Scalar = ModelType.Scalar
  public struct State: Codable, Sendable {}
  public var state = State()
  public var explanation: String { "SGD" }
  let rate: Scalar
  var gradient: BatchGradient<ModelType>

  public init(model: ModelType, rate: Scalar) {
    self.rate = rate
    gradient = BatchGradient(model: model)
  }

  public mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Progress
  ) -> StepReport {
    let loss = gradient.linearize(at: parameters, batch: batch)
    gradient.add(factor: -rate, to: &parameters.values, beta: 1)
    return StepReport(outcome: .accepted, objective: loss)
  }
}

/// Adam (Kingma & Ba 2015) with the source's defaults; L2 enters the gradient, the rate follows the schedule.
public struct Adam<ModelType: Model>: Optimizer {
  public typealias Scalar = ModelType.Scalar
  public struct State: Codable, Sendable {
    var first: [Scalar] = []
    var second: [Scalar] = []
  }
  public var state = State()
  public var explanation: String { "Adam" }
  let rate: Double
  let l2: Double
  let schedule: Schedule
  var gradient: BatchGradient<ModelType>
  var direction: [Scalar]

  public init(model: ModelType, rate: Double, l2: Double = 0, schedule: Schedule = .linear) {
    self.rate = rate
    self.l2 = l2
    self.schedule = schedule
    gradient = BatchGradient(model: model)
    direction = [Scalar](repeating: 0, count: model.layout.trainableCount)
    state.first = direction
    state.second = direction
  }

  public mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Progress
  ) -> StepReport {
    let loss = gradient.linearize(at: parameters, batch: batch)
    gradient.add(factor: 1, to: &direction, beta: 0)
    for slice in parameters.layout.trainable where slice.isPenalised && l2 > 0 {
      direction.combine(Scalar(l2), parameters.values, range: slice.range)
    }
    adamUpdate(
      &parameters.values, direction, &state.first, &state.second,
      rate: Scalar(rate * schedule.factor(at: progress)), step: progress.step + 1)
    return StepReport(outcome: .accepted, objective: loss)
  }
}

private func adamUpdate<S: RealScalar>(
  _ x: inout [S], _ gradient: [S], _ first: inout [S], _ second: inout [S], rate: S, step: Int
) {
  // rate m / (1 - 0.9^t) / (sqrt(v / (1 - 0.999^t)) + epsilon), with one division for each element.
  let rate = rate / S(1 - power(0.9, step))
  let factor = 1 / S(1 - power(0.999, step)).squareRoot()
  let count = gradient.count
  precondition(x.count >= count && first.count == count && second.count == count)
  func update<T>(
    _ kernel: (UnsafeMutablePointer<T>, UnsafePointer<T>, UnsafeMutablePointer<T>, UnsafeMutablePointer<T>) -> Void
  ) {
    x.withUnsafeMutableBytes { x in
      first.withUnsafeMutableBytes { first in
        second.withUnsafeMutableBytes { second in
          gradient.withUnsafeBytes { gradient in
            kernel(
              x.baseAddress!.assumingMemoryBound(to: T.self), gradient.baseAddress!.assumingMemoryBound(to: T.self),
              first.baseAddress!.assumingMemoryBound(to: T.self), second.baseAddress!.assumingMemoryBound(to: T.self))
          }
        }
      }
    }
  }
  if S.self == Float.self {
    update { adam_float($0, $1, $2, $3, Float(rate), Float(factor), count) }
  } else {
    update { adam_double($0, $1, $2, $3, Double(rate), Double(factor), count) }
  }
}

private func power(_ base: Double, _ exponent: Int) -> Double {
  (0..<exponent).reduce(1) { value, _ in value * base }
}

/// Loss and gradient of the mean loss on a batch.
public struct BatchGradient<ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  var linearization: ModelType.LinearizationType
  /// In a model of layers each would scale its own factor of a row-weighted product: there the cotangents are scaled
  /// once, before.
  let scalesFirst: Bool
  var logits = Matrix<Scalar>(rows: 0, columns: 0)
  var scaled = Matrix<Scalar>(rows: 0, columns: 0)
  var margin: [Scalar] = []
  var loss: [Scalar] = []
  var residual: [Scalar] = []
  var rootWeight: [Scalar] = []

  public init(model: ModelType) {
    linearization = model.makeLinearization()
    scalesFirst = model.layerCount > 1
  }

  mutating func linearize(at parameters: Parameters<Scalar>, batch: Batch<Scalar>) -> Double {
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &logits)
    margin.resize(to: batch.count)
    loss.resize(to: batch.count)
    residual.resize(to: batch.count)
    rootWeight.resize(to: batch.count)
    RowKernels.margins(
      &logits, labels: batch.labels, margin: &margin, loss: &loss, residual: &residual, rootWeight: &rootWeight)
    return loss.sum / Double(batch.count)
  }

  /// target = factor gradient + beta target. A target that the linearisation reads is copied: see `NetworkSGD`.
  mutating func add(factor: Scalar, to target: inout [Scalar], beta: Scalar) {
    let alpha = SliceFactors(-factor / Scalar(residual.count))
    if scalesFirst {
      scaled.reshape(rows: logits.rows, columns: logits.columns)
      RowKernels.scale(logits.view, by: residual, into: &scaled)
      linearization.pullback(scaled, rowWeights: nil, alpha: alpha, beta: SliceFactors(beta), into: &target)
    } else {
      linearization.pullback(logits, rowWeights: residual, alpha: alpha, beta: SliceFactors(beta), into: &target)
    }
    linearization.release()
  }
}
