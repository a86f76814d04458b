import LinearAlgebra
import Losses

/// What multiplies a a^T in place of FGN's s, row by row. With v = 1 - p_y and q the softmax over the competitors; see
/// `MarginRows`.
public enum RowWeight: String, Sendable, Codable, CaseIterable {
  /// s = p_y (1 - p_y), FGN itself: the most that the Hessian H of the loss in the outputs holds.
  case margin
  /// v^2: the gradient's outer product, the empirical Fisher.
  case fisher
  /// a^T H a / |a|^4 = s + v (q . q^2 - |q|^4) / |a|^4: the curvature of H along a.
  case rayleigh
  /// trace H / |a|^2 = (1 - |p|^2) / |a|^2: the trace of H.
  case trace
  /// 1.
  case unit
}

/// Softmax cross-entropy with logits added to the model's outputs, and FGN with another weight for its rows.
///
/// With offsets a linear head at zero has any logits that are asked for, whatever its features are: directions can be
/// measured where they are prescribed. Offsets belong to the rows of one batch, the whole data set. The loss, its
/// gradient, the GGN and the within-competitor covariance stay those of cross-entropy; `RowWeight` changes the curvature
/// `.fgn` alone. `AdjustedCrossEntropy()` is `CrossEntropy`, bit for bit.
///
/// ```swift
/// let loss = AdjustedCrossEntropy(offsets: Matrix(rows: 1, columns: 3, elements: [2, 0, 0]), weight: .trace)
/// ```
public struct AdjustedCrossEntropy: Loss {
  /// [B, C], finite; nil for none.
  public var offsets: Matrix<Double>?
  public var weight: RowWeight

  public init(offsets: Matrix<Double>? = nil, weight: RowWeight = .margin) {
    self.offsets = offsets
    self.weight = weight
  }

  public var name: String { weight == .margin ? "cross-entropy" : "cross-entropy, rows weighted by \(weight.rawValue)" }
  public var unit: String { CrossEntropy().unit }
  public var minimumOutputs: Int { CrossEntropy().minimumOutputs }

  /// With two classes H = s a a^T, so that its trace and its curvature along a give s as well.
  public func isScalar(outputs: Int) -> Bool {
    CrossEntropy().isScalar(outputs: outputs) && weight != .fisher && weight != .unit
  }

  public func check<Scalar>(_ targets: Targets<Scalar>, outputs: Int) throws(TargetError) {
    try CrossEntropy().check(targets, outputs: outputs)
    guard let offsets, offsets.rows != targets.count || offsets.columns != outputs else { return }
    throw TargetError(
      "expected logit offsets for \(targets.count) rows of \(outputs) outputs, got \(offsets.rows) of \(offsets.columns)"
    )
  }

  public func makeRows<Scalar: RealScalar>(as type: Scalar.Type) -> any LossRows<Scalar> {
    let converted = offsets.map { values in
      Matrix(rows: values.rows, columns: values.columns, elements: values.elements.map { Scalar($0) })
    }
    return AdjustedRows(offsets: converted, weight: weight, margins: MarginRows())
  }
}

/// The rows of `AdjustedCrossEntropy`: `MarginRows` with another `rootWeight`.
public struct AdjustedRows<Scalar: RealScalar>: LossRows {
  let offsets: Matrix<Scalar>?
  let weight: RowWeight
  /// Those of cross-entropy, offsets in.
  public private(set) var margins: MarginRows<Scalar>
  private var ownRootWeight: [Scalar] = []
  /// w times the weight, and zeros [B].
  private var kept: [Scalar] = []
  private var zeros: [Scalar] = []

  init(offsets: Matrix<Scalar>?, weight: RowWeight, margins: MarginRows<Scalar>) {
    (self.offsets, self.weight, self.margins) = (offsets, weight, margins)
  }

  public var rows: Matrix<Scalar> {
    get { margins.rows }
    _modify { yield &margins.rows }
  }
  public var loss: [Scalar] { margins.loss }
  public var residual: [Scalar] { margins.residual }
  public var rootWeight: [Scalar] { weight == .margin ? margins.rootWeight : ownRootWeight }
  public var weights: [Scalar]? { margins.weights }

  public mutating func evaluate(_ targets: Targets<Scalar>, weights: [Scalar]?) {
    if let offsets { margins.rows.combine(1, offsets) }
    margins.evaluate(targets, weights: weights)
    guard weight != .margin else { return }
    ownRootWeight.resize(to: count)
    kept.resize(to: count)
    zeros.resize(to: count)
    AdjustedLoops.weigh(
      weight, rows: margins.rows.elements, labels: margins.labels, roots: margins.rootWeight, residual: residual,
      weights: self.weights ?? [], &ownRootWeight, &kept)
  }

  public func apply(_ curvature: Curvature, to t: inout Matrix<Scalar>) {
    guard curvature == .fgn, weight != .margin else { return margins.apply(curvature, to: &t) }
    RowKernels.curvature(rows, labels: margins.labels, kept: kept, rest: zeros, times: &t)
  }

  public func applyRoot(transposed: Bool, to t: inout Matrix<Scalar>) {
    margins.applyRoot(transposed: transposed, to: &t)
  }

  public func start(norms: [Scalar], shift: Scalar, _ h: inout Matrix<Scalar>, _ right: inout Matrix<Scalar>) {
    margins.start(norms: norms, shift: shift, &h, &right)
  }

  public func sampledDescent(using generator: inout SeededGenerator, into result: inout Matrix<Scalar>) {
    margins.sampledDescent(using: &generator, into: &result)
  }

  public func traces(_ curvature: Curvature) -> [Double] {
    guard curvature == .fgn, weight != .margin else { return margins.traces(curvature) }
    var lengths = [Scalar](repeating: 0, count: count)
    RowKernels.dots(rows.view, rows.view, into: &lengths)
    return lengths.indices.map { Double(ownRootWeight[$0]) * Double(ownRootWeight[$0]) * Double(lengths[$0]) }
  }
}

private enum AdjustedLoops {
  /// The root of each row's weight, and w times the weight. One pass over the rows.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func weigh<S: RealScalar>(
    _ weight: RowWeight, rows: [S], labels: [Int32], roots: [S], residual: [S], weights: [S], _ rootWeight: inout [S],
    _ kept: inout [S]
  ) {
    let classes = labels.isEmpty ? 0 : rows.count / labels.count
    for i in labels.indices {
      // |q|^2 and q . q^2.
      var (squares, cubes) = (0.0, 0.0)
      for k in i * classes..<(i + 1) * classes where k != i * classes + Int(labels[i]) {
        let q = -Double(rows[k])
        squares += q * q
        cubes += q * q * q
      }
      let (s, v, length) = (Double(roots[i]) * Double(roots[i]), Double(residual[i]), 1 + squares)
      let value: Double
      switch weight {
      case .margin: value = s
      case .fisher: value = v * v
      case .rayleigh: value = s + v * max(0, cubes - squares * squares) / (length * length)
      // 1 - |p|^2 = v (2 - v |a|^2), in which nothing cancels where v is small.
      case .trace: value = v * (2 - v * length) / length
      case .unit: value = 1
      }
      rootWeight[i] = S(value.squareRoot())
      kept[i] = (weights.isEmpty ? 1 : weights[i]) * S(value)
    }
  }
}
