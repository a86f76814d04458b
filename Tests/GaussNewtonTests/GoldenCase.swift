import Foundation
import GaussNewton
import LinearAlgebra
import Models
import Optimization

/// One file that Golden/generate.py wrote: float64, everything formed densely in parameter space.
struct GoldenCase: Decodable {
  struct Tensor: Decodable {
    let shape: [Int]
    let data: [Double]
  }

  let model: String
  let sizes: [Int]
  let activation: String?
  let damping: Double
  let l2: Double
  let features: Tensor
  let labels: Tensor
  let sampleWeights: Tensor
  let parameters: Tensor
  let logits: Tensor
  let margins: Tensor
  let loss: Double
  let gradient: Tensor
  let probe: Tensor
  let fgnProduct: Tensor
  let ggnProduct: Tensor
  let competitorProduct: Tensor
  let fgnDirection: Tensor
  let ggnDirection: Tensor
  let marginJVP: Tensor
  let traceFGN: Double
  let traceGGN: Double
  let effectiveCompetitors: Tensor
  let directionCosine: Double
  let directionRelativeError: Double

  static let heads = [
    "head-small", "head-l2", "head-wide", "head-binary", "head-confident", "head-weighted", "head-overdetermined",
    "head-single-row",
  ]

  static let networks = ["mlp-tanh", "mlp-relu", "mlp-sigmoid"]

  static func data(_ name: String) throws -> Data {
    let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden")
    guard let url else { throw CocoaError(.fileNoSuchFile) }
    return try Data(contentsOf: url)
  }

  static func load(_ name: String) throws -> GoldenCase {
    try JSONDecoder().decode(GoldenCase.self, from: data(name))
  }

  /// The perceptron of a case that has one; parameters in its order.
  func network<S: RealScalar>(_ type: S.Type) throws -> Network<S> {
    let functions: [String: ActivationFunction] = ["tanh": .tanh, "relu": .relu, "sigmoid": .sigmoid]
    guard let activation, let function = functions[activation] else { throw CocoaError(.coderInvalidValue) }
    return try Network(.mlp(sizes, activation: Activation(function)))
  }

  func head<S: RealScalar>(_ type: S.Type) -> LinearHead<S> { LinearHead(features: sizes[0], classes: sizes[1]) }

  /// The parameters of a model and the batch in its precision.
  func point<M: Model>(of model: M) -> (Parameters<M.Scalar>, Batch<M.Scalar>) {
    let weights = sampleWeights.data.map { M.Scalar($0) }
    return (
      Parameters(layout: model.layout, values: parameters.data.map { M.Scalar($0) }),
      Batch(
        features: Matrix(
          rows: features.shape[0], columns: features.shape[1], elements: features.data.map { M.Scalar($0) }),
        labels: labels.data.map { Int32($0) }, weights: Set(sampleWeights.data).count == 1 ? nil : weights)
    )
  }
}
