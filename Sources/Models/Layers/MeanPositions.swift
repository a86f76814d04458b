import LinearAlgebra

extension Layers {
  /// y = the mean over the positions: [T, D] becomes [D].
  public struct MeanPositions: Layer {
    public var type: String { "mean_positions" }

    public init() {}

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard input.count == 2 else { throw Layers.Failure("expected [positions, n], got \(input)") }
      return [input[1]]
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> {
      MeanPositionsLinearization<Scalar>(positions: site.input[0], width: site.input[1])
    }
  }
}

struct MeanPositionsLinearization<Scalar: RealScalar>: LayerLinearization {
  let positions: Int
  let width: Int

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    PositionMeans.mean(point.input.view, positions: positions, into: &output)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) { PositionMeans.mean(required(inputTangent).view, positions: positions, into: &result) }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) { PositionMeans.spread(cotangents.view, positions: positions, into: &result) }

  func costs(rows: Int) -> Layers.Costs { Layers.Costs(input: Double(rows * positions) * Double(width)) }
}
