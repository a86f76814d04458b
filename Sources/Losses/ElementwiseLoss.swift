import LinearAlgebra

/// A loss that is a sum over outputs of a function of one output and one target.
///
/// All it takes is that function, its slope and its curvature:
///
/// ```swift
/// struct LogCosh: ElementwiseLoss {
///   var name: String { "log-cosh" }
///   func evaluate(output z: Double, target t: Double) -> (loss: Double, slope: Double, curvature: Double) {
///     let slope = tanh(z - t)
///     return (loss: log(cosh(z - t)), slope: slope, curvature: 1 - slope * slope)
///   }
/// }
/// ```
public protocol ElementwiseLoss: Loss {
  /// The loss of one output, and its first and second derivative (slope and curvature) in the output. The curvature, or
  /// what stands for it, is finite and at least 0.
  func evaluate(output: Double, target: Double) -> (loss: Double, slope: Double, curvature: Double)
  /// What a target must be, where not every finite number will do: nil if `target` is fine.
  func refusal(of target: Double) -> String?
  /// The target that is expected where the model says `output`: the output itself, unless it is a rate's logarithm.
  func prediction(of output: Double) -> Double
}

extension ElementwiseLoss {
  public func refusal(of target: Double) -> String? { nil }

  public func isScalar(outputs: Int) -> Bool { outputs == 1 }

  public func prediction(of output: Double) -> Double { output }

  public func check<Scalar>(_ targets: Targets<Scalar>, outputs: Int) throws(TargetError) {
    guard case .values(let values) = targets else {
      throw TargetError("the \(name) loss wants numbers as targets, got classes: try cross-entropy")
    }
    guard values.columns == outputs else {
      throw TargetError("expected \(outputs) targets a row, one for each output, got \(values.columns)")
    }
    for row in 0..<values.rows {
      for column in 0..<outputs {
        let target = Double(values[row, column])
        let refusal = target.isFinite ? refusal(of: target) : "expected a finite target"
        if let refusal { throw TargetError(row: row, "column \(column): \(refusal), got \(target)") }
      }
    }
  }

  public func makeRows<Scalar: RealScalar>(as type: Scalar.Type) -> any LossRows<Scalar> {
    ElementRows<Scalar>(loss: self)
  }
}

/// An elementwise loss on a batch. With slopes g and curvatures h of a row: one output has a = 1, v = -g, s = h; more
/// have a = -g / |g|, v = |g| and s = 1 / sum_k (a_k^2 / h_k).
package struct ElementRows<Scalar: RealScalar>: LossRows {
  package let function: any ElementwiseLoss
  package var rows = Matrix<Scalar>(rows: 0, columns: 0)
  package private(set) var loss: [Scalar] = []
  package private(set) var residual: [Scalar] = []
  package private(set) var rootWeight: [Scalar] = []
  package private(set) var weights: [Scalar]?
  /// w h and its square root for each element, [R C].
  private var curvatures: [Scalar] = []
  private var roots: [Scalar] = []

  package init(loss: any ElementwiseLoss) { function = loss }

  package mutating func evaluate(_ targets: Targets<Scalar>, weights: [Scalar]?) {
    guard case .values(let values) = targets, values.rows == rows.rows, values.columns == rows.columns else {
      preconditionFailure("the \(function.name) loss wants a number for each output")
    }
    self.weights = weights.map(Self.meanOne)
    loss.resize(to: rows.rows)
    residual.resize(to: rows.rows)
    rootWeight.resize(to: rows.rows)
    curvatures.resize(to: rows.elements.count)
    ElementLoops.evaluate(function, &rows, values.elements, &loss, &residual, &rootWeight, &curvatures)
    // Each element is a row of one column for the kernels that scale rows, with its example's weight in.
    if let weights = self.weights { ElementLoops.weigh(&curvatures, weights, columns: rows.columns) }
    roots = curvatures
    ElementLoops.squareRoots(&roots)
  }

  package var isIdentity: Bool { function.isQuadratic && weights == nil }

  package func applyHessian(to t: inout Matrix<Scalar>) { scale(&t, by: curvatures) }

  /// kept a a^T + R with R = H - s a a^T is H + (kept - s) a a^T.
  package func apply(_ weights: Curvature.Weights<Scalar>, to t: inout Matrix<Scalar>) {
    if weights.curvature.isHessian { return applyHessian(to: &t) }
    guard weights.curvature.includesRest else { return applyOuter(weights.kept, to: &t) }
    var outer = t
    let kept = Curvature.Weights(.fgn, of: self).kept
    applyOuter(zip(weights.kept, kept).map { $0 - $1 }, to: &outer)
    scale(&t, by: curvatures)
    t.combine(1, outer)
  }

  /// t <- coefficient a (a . t).
  private func applyOuter(_ coefficients: [Scalar], to t: inout Matrix<Scalar>) {
    for i in 0..<t.rows {
      let row = i % rows.rows
      var dot: Scalar = 0
      for k in 0..<t.columns { dot += rows[row, k] * t[i, k] }
      for k in 0..<t.columns { t[i, k] = coefficients[row] * dot * rows[row, k] }
    }
  }

  package func applyRoot(transposed: Bool, to t: inout Matrix<Scalar>) { scale(&t, by: roots) }

  /// t_ik <- c_ik t_ik, for stacked copies.
  private func scale(_ t: inout Matrix<Scalar>, by factors: [Scalar]) {
    if isIdentity { return }
    let (count, columns) = (t.rows, t.columns)
    t.reshape(rows: count * columns, columns: 1)
    RowKernels.scale(&t, by: factors)
    t.reshape(rows: count, columns: columns)
  }

  package func start(norms: [Scalar], shift: Scalar, _ h: inout Matrix<Scalar>, _ right: inout Matrix<Scalar>) {
    for i in 0..<h.rows {
      for k in 0..<h.columns {
        let curvature = curvatures[i * h.columns + k]
        let scaled = h[i, k] / (shift + norms[i] * curvature)
        h[i, k] = scaled
        right[i, k] = roots[i * h.columns + k] * norms[i] * scaled
      }
    }
  }

  package func moments() -> Curvature.Moments {
    let columns = rows.columns
    var moments = Curvature.Moments(squaredNorms: [], quadratics: [], restTraces: [])
    for i in 0..<count {
      let (root, weight) = (Double(rootWeight[i]), weights.map { Double($0[i]) } ?? 1)
      var (trace, squares, quadratic) = (0.0, 0.0, 0.0)
      for k in 0..<columns {
        let (a, curvature) = (Double(rows[i, k]), Double(curvatures[i * columns + k]))
        trace += curvature
        squares += a * a
        quadratic += a * a * curvature
      }
      moments.squaredNorms.append(squares)
      moments.quadratics.append(quadratic / max(weight, 1e-300))
      moments.restTraces.append(trace / max(weight, 1e-300) - root * root * squares)
    }
    return moments
  }
}

private enum ElementLoops {
  /// Outputs become cotangents a; the rest as in `LossRows`.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func evaluate<S: RealScalar>(
    _ function: any ElementwiseLoss, _ rows: inout Matrix<S>, _ targets: [S], _ loss: inout [S], _ residual: inout [S],
    _ rootWeight: inout [S], _ curvatures: inout [S]
  ) {
    let columns = rows.columns
    for i in 0..<rows.rows {
      var (total, squares) = (0.0, 0.0)
      for k in 0..<columns {
        let element = function.evaluate(output: Double(rows[i, k]), target: Double(targets[i * columns + k]))
        total += element.loss
        squares += element.slope * element.slope
        rows[i, k] = S(-element.slope)
        curvatures[i * columns + k] = S(element.curvature)
      }
      loss[i] = S(total)
      if columns == 1 {
        residual[i] = rows[i, 0]
        rows[i, 0] = 1
        rootWeight[i] = curvatures[i].squareRoot()
        continue
      }
      let norm = squares.squareRoot()
      residual[i] = S(norm)
      var inverse = 0.0
      for k in 0..<columns {
        let a = norm > 0 ? Double(rows[i, k]) / norm : 1 / Double(columns).squareRoot()
        rows[i, k] = S(a)
        if a != 0 { inverse += a * a / Double(curvatures[i * columns + k]) }
      }
      rootWeight[i] = S((1 / inverse).squareRoot())
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func weigh<S: RealScalar>(_ curvatures: inout [S], _ weights: [S], columns: Int) {
    for i in curvatures.indices { curvatures[i] *= weights[i / columns] }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func squareRoots<S: RealScalar>(_ x: inout [S]) {
    for i in x.indices { x[i] = x[i].squareRoot() }
  }
}
