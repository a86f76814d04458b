import FastGaussNewton

/// Plain SGD on a network as fast as this package can make it: the yardstick for the price of a step.
///
/// One forward pass; one fused pass for loss and residual; one sweep back, in which each layer's cotangents are carried
/// through it and then its parameters change in place, -rate / B times one product: no gradient is stored and no
/// parameter is copied. For networks without positions whose layers' parameter pullbacks read no parameters: dense,
/// convolution, activation, pooling, flatten.
package struct NetworkSGD<Scalar: RealScalar>: Optimizer {
  package struct State: Codable, Sendable {}
  package var state = State()
  package var explanation: String { "SGD" }
  package let objective: Objective<Network<Scalar>>
  let rate: Scalar
  private var layers: [any LayerLinearization<Scalar>] = []
  private let isTrainable: [Bool]
  private let firstTrainable: Int
  /// Outputs of the layers; the last holds the logits, then their cotangents.
  private var outputs: [Matrix<Scalar>]
  /// Cotangents of the outputs.
  private var cotangents: [Matrix<Scalar>]
  private var rows: any LossRows<Scalar>

  package init(model: Network<Scalar>, loss: any Loss = CrossEntropy(), rate: Scalar) {
    objective = Objective(model, loss: loss)
    self.rate = rate
    rows = loss.makeRows(as: Scalar.self)
    var shape = model.architecture.input
    var next = 0
    for (number, layer) in model.architecture.layers.enumerated() {
      let count = layer.parameters(for: shape).count
      let slices = Array(model.layout.slices[next..<next + count])
      let site = Layers.Site(path: "\(number)", input: shape, slices: slices)
      layers.append(layer.makeLinearization(at: site, as: Scalar.self))
      next += count
      guard let output = try? layer.outputShape(for: shape) else { fatalError("layer \(number) does not fit") }
      shape = output
    }
    isTrainable = layers.map { layer in layer.slices.contains { !$0.isFrozen } }
    firstTrainable = isTrainable.firstIndex(of: true) ?? layers.count
    outputs = [Matrix](repeating: Matrix(rows: 0, columns: 0), count: layers.count)
    cotangents = outputs
  }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    for i in layers.indices {
      let point = Layers.Point(input: input(i, batch), values: parameters.values)
      layers[i].forward(at: point, into: &outputs[i])
    }
    let last = layers.count - 1
    let objective = differentiateLoss(batch.targets)
    for i in stride(from: last, through: firstTrainable, by: -1) {
      carryBack(i, parameters.values, batch)
      guard isTrainable[i] else { continue }
      // Without the parameters, so that they have one owner while they change.
      let point = Layers.Point(input: input(i, batch), values: [])
      layers[i].parameterPullback(
        cotangents[i], rowWeights: nil, alpha: ParameterLayout.Factors(rate / Scalar(batch.count)),
        beta: ParameterLayout.Factors(1),
        at: point, into: &parameters.values)
    }
    return StepReport(outcome: .accepted, objective: objective)
  }

  private mutating func carryBack(_ i: Int, _ values: [Scalar], _ batch: Batch<Scalar>) {
    let point = Layers.Point(input: input(i, batch), values: values)
    layers[i].prepare(cotangents[i], at: point)
    if i > firstTrainable { layers[i].pullback(cotangents[i], at: point, into: &cotangents[i - 1]) }
  }

  /// Minus the gradient of the summed loss in the outputs becomes the last cotangents.
  private mutating func differentiateLoss(_ targets: Targets<Scalar>) -> Double {
    let last = layers.count - 1
    swap(&outputs[last], &rows.rows)
    rows.evaluate(targets, weights: nil)
    rows.descent(into: &cotangents[last])
    swap(&outputs[last], &rows.rows)
    return rows.meanLoss
  }

  private func input(_ i: Int, _ batch: Batch<Scalar>) -> Matrix<Scalar> {
    i == 0 ? batch.inputs.dense : outputs[i - 1]
  }
}
