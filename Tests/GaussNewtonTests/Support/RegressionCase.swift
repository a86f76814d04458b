import Foundation
import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport

/// egn-scalar and egn-vector: the squared loss of a perceptron, float64, solved densely in parameter space.
struct RegressionGolden: Decodable {
  let sizes: [Int]
  let activation: String
  let damping: Double
  let features: GoldenCase.Tensor
  let targets: GoldenCase.Tensor
  let parameters: GoldenCase.Tensor
  let outputs: GoldenCase.Tensor
  let loss: Double
  let gradient: GoldenCase.Tensor
  let egnDirection: GoldenCase.Tensor

  static func load(_ name: String) throws -> RegressionGolden {
    try JSONDecoder().decode(RegressionGolden.self, from: GoldenCase.data(name))
  }

  func problem<S: RealScalar>(_ type: S.Type) throws -> (Network<S>, Parameters<S>, Batch<S>) {
    let network = try Network<S>(.mlp(sizes, activation: Layers.Activation(activation == "tanh" ? .tanh : .relu)))
    func matrix(_ tensor: GoldenCase.Tensor) -> Matrix<S> {
      Matrix(rows: tensor.shape[0], columns: tensor.shape[1], elements: tensor.data.map { S($0) })
    }
    return (
      network, Parameters(layout: network.layout, values: parameters.data.map { S($0) }),
      Batch(features: matrix(features), values: matrix(targets))
    )
  }
}

/// Any model under any loss, solved densely in Double: J by pushforwards of unit vectors, H from `LossRows.apply`,
/// whose own tests compare it with differences.
struct DenseLoss {
  let gradient: [Double]
  private let matrices: [Curvature: WideMatrix]
  private let penalised: [Double]
  private let l2: Double

  init<M: Model>(_ model: M, _ loss: any Loss, _ parameters: Parameters<Double>, _ batch: Batch<Double>, l2: Double)
  where M.Scalar == Double {
    var linearization = model.makeLinearization()
    var rows = loss.makeRows(as: Double.self)
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &rows.rows)
    rows.evaluate(batch.targets, weights: batch.weights)
    let (count, outputs, order) = (rows.count, rows.rows.columns, model.layout.trainableCount)
    let penalised = model.layout.trainable.flatMap { [Double](repeating: $0.isPenalised ? 1 : 0, count: $0.count) }
    self.penalised = penalised
    var columns: [[Double]] = []
    var unit = [Double](repeating: 0, count: order)
    for j in 0..<order {
      unit[j] = 1
      var change = Matrix<Double>(rows: count, columns: outputs)
      linearization.pushforward(unit, into: &change)
      columns.append(change.elements)
      unit[j] = 0
    }
    var descent = Matrix<Double>(rows: 0, columns: 0)
    rows.descent(into: &descent)
    gradient = (0..<order).map { j in
      -zip(columns[j], descent.elements).reduce(0) { $0 + $1.0 * $1.1 } / Double(count)
        + l2 * penalised[j] * parameters.values[j]
    }
    var matrices: [Curvature: WideMatrix] = [:]
    for curvature in [Curvature.fgn, .ggn, .fisher] {
      var matrix = WideMatrix(order: order)
      for j in 0..<order {
        var curved = Matrix<Double>(rows: count, columns: outputs, elements: columns[j])
        rows.apply(curvature, to: &curved)
        for k in 0..<order {
          matrix[j, k] = Wide(zip(columns[k], curved.elements).reduce(0) { $0 + $1.0 * $1.1 } / Double(count))
        }
      }
      matrices[curvature] = matrix
    }
    self.matrices = matrices
    self.l2 = l2
  }

  /// d of (H + lambda + l2) d = -grad + lambda memory.
  func direction(_ curvature: Curvature, damping: Double, memory: [Double]? = nil) -> [Double] {
    let right = gradient.indices.map { Wide(-gradient[$0] + damping * (memory?[$0] ?? 0)) }
    return matrices[curvature]!.solve(adding: penalised.map { Wide(damping + l2 * $0) }, right).map { Double($0) }
  }

  func quadratic(_ curvature: Curvature, _ x: [Double]) -> Double {
    Double(matrices[curvature]!.quadratic(x.map { Wide($0) }))
  }
}

/// What is left of a value in a checkpoint.
func decoded<Value: Codable>(_ value: Value) throws -> Value {
  try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
}
