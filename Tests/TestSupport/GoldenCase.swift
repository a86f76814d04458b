import Foundation
import LinearAlgebra
import Models
import Optimization

/// One file that Golden/generate.py wrote: float64, everything formed densely in parameter space.
public struct GoldenCase: Decodable {
  public struct Tensor: Decodable {
    public let shape: [Int]
    public let data: [Double]
  }

  public let model: String
  public let sizes: [Int]
  public let activation: String?
  public let damping: Double
  public let l2: Double
  public let features: Tensor
  public let labels: Tensor
  public let sampleWeights: Tensor
  public let parameters: Tensor
  public let logits: Tensor
  public let margins: Tensor
  public let loss: Double
  public let gradient: Tensor
  public let probe: Tensor
  public let fgnProduct: Tensor
  public let ggnProduct: Tensor
  public let competitorProduct: Tensor
  public let fgnDirection: Tensor
  public let ggnDirection: Tensor
  public let marginJVP: Tensor
  public let traceFGN: Double
  public let traceGGN: Double
  public let effectiveCompetitors: Tensor
  public let directionCosine: Double
  public let directionRelativeError: Double

  public static let heads = [
    "head-small", "head-l2", "head-wide", "head-binary", "head-confident", "head-weighted", "head-overdetermined",
    "head-single-row",
  ]

  public static let networks = ["mlp-tanh", "mlp-relu", "mlp-sigmoid"]

  private static let directory = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../GaussNewtonTests/Golden")

  /// The names of all files there that are of softmax regressions, as this type is; others have fewer keys.
  public static let all: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.filter { (try? load($0)) != nil }
      .sorted()
  }()

  public static func data(_ name: String) throws -> Data {
    try Data(contentsOf: directory.appending(path: "\(name).json"))
  }

  public static func load(_ name: String) throws -> GoldenCase {
    try JSONDecoder().decode(GoldenCase.self, from: data(name))
  }

  /// The perceptron of a case that has one; parameters in its order.
  public func network<S: RealScalar>(_ type: S.Type) throws -> Network<S> {
    let functions: [String: ActivationFunction] = ["tanh": .tanh, "relu": .relu, "sigmoid": .sigmoid]
    guard let activation, let function = functions[activation] else { throw CocoaError(.coderInvalidValue) }
    return try Network(.mlp(sizes, activation: Layers.Activation(function)))
  }

  public func head<S: RealScalar>(_ type: S.Type) -> LinearHead<S> { LinearHead(features: sizes[0], classes: sizes[1]) }

  /// The parameters of a model and the batch in its precision.
  public func point<M: Model>(of model: M) -> (Parameters<M.Scalar>, Batch<M.Scalar>) {
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
