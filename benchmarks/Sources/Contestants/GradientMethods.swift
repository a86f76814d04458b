import FastGaussNewton

/// Plain SGD as fast as this package can make it: the yardstick for the price of a step. Forward, one fused pass for
/// loss and residual, and one product that adds -rate times the gradient straight into the parameters.
package struct PlainSGD<ModelType: Model>: Optimizer {
  package typealias Scalar = ModelType.Scalar
  package struct State: Codable, Sendable {}
  package var state = State()
  package var explanation: String { "SGD" }
  package let objective: Objective<ModelType>
  let rate: Scalar
  var gradient: BatchGradient<ModelType>

  package init(model: ModelType, rate: Scalar) {
    objective = Objective(model)
    self.rate = rate
    gradient = BatchGradient(model: model)
  }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    let loss = gradient.linearize(at: parameters, batch: batch)
    gradient.add(factor: -rate, to: &parameters.values, beta: 1)
    return StepReport(outcome: .accepted, objective: loss)
  }
}

extension Adam {
  /// The source's defaults at a rate.
  package init(_ objective: Objective<ModelType>, rate: Double, schedule: Schedule = .linear) {
    let gradient = GradientOptions(learningRate: LearningRate(rate, schedule: schedule))
    self.init(objective, options: AdamOptions(gradient: gradient))
  }
}

/// Loss and gradient of the mean loss on a batch.
package struct BatchGradient<ModelType: Model>: Sendable {
  package typealias Scalar = ModelType.Scalar
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

  package init(model: ModelType) {
    linearization = model.makeLinearization()
    scalesFirst = model.layerCount > 1
  }

  mutating func linearize(at parameters: Parameters<Scalar>, batch: Batch<Scalar>) -> Double {
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &logits)
    if margin.count != batch.count {
      let zeros = [Scalar](repeating: 0, count: batch.count)
      (margin, loss, residual, rootWeight) = (zeros, zeros, zeros, zeros)
    }
    RowKernels.margins(
      &logits, labels: batch.labels, margin: &margin, loss: &loss, residual: &residual, rootWeight: &rootWeight)
    return loss.reduce(0) { $0 + Double($1) } / Double(batch.count)
  }

  /// target = factor gradient + beta target. A target that the linearisation reads is copied: see `NetworkSGD`.
  mutating func add(factor: Scalar, to target: inout [Scalar], beta: Scalar) {
    let alpha = ParameterLayout.Factors(-factor / Scalar(residual.count))
    if scalesFirst {
      scaled.reshape(rows: logits.rows, columns: logits.columns)
      RowKernels.scale(logits.view, by: residual, into: &scaled)
      linearization.pullback(scaled, rowWeights: nil, alpha: alpha, beta: ParameterLayout.Factors(beta), into: &target)
    } else {
      linearization.pullback(
        logits, rowWeights: residual, alpha: alpha, beta: ParameterLayout.Factors(beta), into: &target)
    }
    linearization.release()
  }
}
