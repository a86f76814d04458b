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
  let traceFGN: Double
  let traceGGN: Double
  let effectiveCompetitors: Tensor
  let directionCosine: Double
  let directionRelativeError: Double

  static let heads = [
    "head-small", "head-l2", "head-wide", "head-binary", "head-confident", "head-weighted", "head-overdetermined",
    "head-single-row",
  ]

  static func data(_ name: String) throws -> Data {
    let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden")
    guard let url else { throw CocoaError(.fileNoSuchFile) }
    return try Data(contentsOf: url)
  }

  static func load(_ name: String) throws -> GoldenCase {
    try JSONDecoder().decode(GoldenCase.self, from: data(name))
  }

  /// The model, its parameters and the batch in one precision.
  func problem<S: RealScalar>(_ type: S.Type) -> (LinearHead<S>, Parameters<S>, Batch<S>) {
    let head = LinearHead<S>(features: sizes[0], classes: sizes[1])
    let weights = sampleWeights.data.map { S($0) }
    return (
      head, Parameters(layout: head.layout, values: parameters.data.map { S($0) }),
      Batch(
        features: Matrix(rows: features.shape[0], columns: features.shape[1], elements: features.data.map { S($0) }),
        labels: labels.data.map { Int32($0) }, weights: Set(sampleWeights.data).count == 1 ? nil : weights)
    )
  }
}
