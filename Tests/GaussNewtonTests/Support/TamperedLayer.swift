import LinearAlgebra
import Models

/// What can be spoilt in any layer.
enum LayerFault: String, CaseIterable, Sendable {
  case none
  case pullback = "the pullback to the input is too large"
  case pushforward = "the pushforward of the input's tangent is too large"
  case parameterPullback = "the pullback to the parameters is too small"
  case rowWeights = "row weights ignored"
  case beta = "beta ignored"
  case rowProducts = "left out of the row products"
  case rowGram = "left out of the row Gram"
  case rowSquaredNorms = "left out of the row norms"
}

/// A right layer with one thing spoilt.
struct TamperedLayer: Layer {
  var layer: any Layer
  var fault: LayerFault

  init(_ layer: any Layer, _ fault: LayerFault) { (self.layer, self.fault) = (layer, fault) }

  var type: String { layer.type }
  func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] { try layer.outputShape(for: input) }
  func parameters(for input: [Int]) -> [Layers.ParameterSpec] { layer.parameters(for: input) }

  func makeLinearization<Scalar: RealScalar>(
    at site: Layers.Site, as type: Scalar.Type
  ) -> any LayerLinearization<Scalar> {
    TamperedLinearization(inner: layer.makeLinearization(at: site, as: type), fault: fault)
  }
}

struct TamperedLinearization<Scalar: RealScalar>: LayerLinearization {
  var inner: any LayerLinearization<Scalar>
  let fault: LayerFault

  var slices: [ParameterLayout.Slice] { inner.slices }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    inner.forward(at: point, into: &output)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    var inputTangent = inputTangent
    if fault == .pushforward { inputTangent?.scale(by: 1.25) }
    inner.pushforward(inputTangent, tangent, at: point, into: &result)
  }

  mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>) {
    inner.prepare(cotangents, at: point)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    inner.pullback(cotangents, at: point, into: &result)
    if fault == .pullback { result.scale(by: 1.25) }
  }

  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    var (alpha, beta) = (alpha, beta)
    if fault == .parameterPullback {
      alpha = ParameterLayout.Factors(penalised: 0.75 * alpha.penalised, free: 0.75 * alpha.free)
    }
    if fault == .beta { beta = ParameterLayout.Factors(0) }
    inner.parameterPullback(
      cotangents, rowWeights: fault == .rowWeights ? nil : rowWeights, alpha: alpha, beta: beta, at: point,
      into: &result)
  }

  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    if fault != .rowProducts { inner.addRowProducts(tangent, cotangents, at: point, into: &result) }
  }

  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    if fault != .rowGram { inner.addRowGram(of: cotangents, at: point, into: &gram) }
  }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    if fault != .rowSquaredNorms { inner.addRowSquaredNorms(of: cotangents, at: point, into: &result) }
  }

  func costs(rows: Int) -> Layers.Costs { inner.costs(rows: rows) }
}
