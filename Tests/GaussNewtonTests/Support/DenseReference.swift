import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport

/// Outputs of a batch and products with their Jacobian, row by row and in the widest precision.
struct WideOutputs {
  /// [R][C].
  let logits: [[Wide]]
  /// J_i^T t.
  let pullback: (_ i: Int, _ t: [Wide]) -> [Wide]
  /// J_i x.
  let pushforward: (_ i: Int, _ x: [Wide]) -> [Wide]

  /// A linear head's, by the definitions: nothing shared with the package.
  init<S: RealScalar>(_ head: LinearHead<S>, _ parameters: Parameters<S>, _ inputs: Inputs<S>) {
    let (classes, width, hasIntercept) = (head.outputWidth, head.inputWidth, head.hasIntercept)
    let features = (0..<inputs.features.rows).map { i in
      inputs.dense.row(i).map { Wide($0) } + (hasIntercept ? [1] : [])
    }
    // Parameters are [weight, bias].
    func product(_ i: Int, _ x: [Wide]) -> [Wide] {
      (0..<classes).map { c in
        var z: Wide = hasIntercept ? x[classes * width + c] : 0
        for d in 0..<width { z += x[c * width + d] * features[i][d] }
        return z
      }
    }
    logits = features.indices.map { product($0, parameters.values.wide) }
    pushforward = product
    pullback = { i, t in
      var result = [Wide](repeating: 0, count: classes * (width + (hasIntercept ? 1 : 0)))
      for c in 0..<classes where t[c] != 0 {
        for d in 0..<width { result[c * width + d] = t[c] * features[i][d] }
        if hasIntercept { result[classes * width + c] = t[c] }
      }
      return result
    }
  }

  /// Any model's, with an explicit Jacobian from pushforwards of the model itself, in Double: right if
  /// `checkLinearization` has compared those with finite differences. What follows is formed densely all the same.
  init<M: Model>(_ model: M, _ parameters: Parameters<M.Scalar>, _ inputs: Inputs<M.Scalar>)
  where M.Scalar == Double {
    var linearization = model.makeLinearization()
    var outputs = Matrix<Double>(rows: 0, columns: 0)
    linearization.linearize(at: parameters, inputs: inputs, outputs: &outputs)
    let (rows, classes, count) = (outputs.rows, outputs.columns, model.layout.trainableCount)
    logits = (0..<rows).map { outputs.row($0).map { Wide($0) } }
    var jacobian = [Wide](repeating: 0, count: rows * classes * count)
    var unit = [Double](repeating: 0, count: count)
    for j in 0..<count {
      unit[j] = 1
      linearization.pushforward(unit, into: &outputs)
      unit[j] = 0
      for (k, z) in outputs.elements.enumerated() { jacobian[k * count + j] = Wide(z) }
    }
    let all = jacobian
    pullback = { i, t in
      var result = [Wide](repeating: 0, count: count)
      for c in 0..<classes where t[c] != 0 {
        let start = (i * classes + c) * count
        for j in 0..<count { result[j] += t[c] * all[start + j] }
      }
      return result
    }
    pushforward = { i, x in
      (0..<classes).map { c in
        let start = (i * classes + c) * count
        return (0..<count).reduce(0) { $0 + all[start + $1] * x[$1] }
      }
    }
  }
}

/// A problem formed densely in parameter space, by the definitions: the oracle. Remembers what it computed.
final class DenseReference {
  /// R.
  let count: Int
  let classes: Int
  let parameterCount: Int
  /// 1 on penalised parameters, 0 on the others.
  let penalised: [Wide]
  /// The trainable parameters.
  let theta: [Wide]
  let l2: Wide
  let rows: [WideRow]
  let labels: [Int]
  /// Row weights scaled to sum 1.
  let weights: [Wide]
  private let outputs: WideOutputs
  private var matrices: [Curvature: WideMatrix] = [:]
  private var directions: [Curvature: (damping: Double, direction: [Double])] = [:]

  init<M: Model>(_ problem: Problem<M>) {
    let (model, batch) = (problem.model, problem.batch)
    outputs = problem.oracle(problem.parameters, batch.inputs)
    (count, classes, parameterCount) = (batch.count, model.outputWidth, model.layout.trainableCount)
    theta = problem.parameters.values.prefix(parameterCount).map { Wide($0) }
    l2 = Wide(problem.l2)
    penalised = model.layout.trainable.flatMap { [Wide](repeating: $0.isPenalised ? 1 : 0, count: $0.count) }
    labels = batch.labels.map { Int($0) }
    let raw = batch.weights.map { $0.map { Wide($0) } } ?? [Wide](repeating: 1, count: batch.count)
    let total = raw.reduce(0, +)
    weights = raw.map { $0 / total }
    rows = zip(outputs.logits, batch.labels).map { WideRow(logits: $0, label: Int($1)) }
  }

  /// J_i^T t.
  func pullback(_ i: Int, _ t: [Wide]) -> [Wide] { outputs.pullback(i, t) }

  /// J_i x.
  func pushforward(_ i: Int, _ x: [Wide]) -> [Wide] { outputs.pushforward(i, x) }

  /// a_i = e_y - q_i.
  func marginGradient(_ i: Int) -> [Wide] {
    var a = rows[i].competitors.map { -$0 }
    a[labels[i]] = 1
    return a
  }

  /// The margin's gradient in parameter space.
  func marginRow(_ i: Int) -> [Wide] { pullback(i, marginGradient(i)) }

  var loss: Wide {
    let penalty = zip(theta, penalised).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
    return zip(weights, rows).reduce(0) { $0 + $1.0 * $1.1.loss } + l2 / 2 * penalty
  }

  /// Gradient of the objective, L2 included.
  private(set) lazy var gradient: [Wide] = {
    var result = zip(theta, penalised).map { l2 * $0 * $1 }
    for i in 0..<count {
      let factor = -weights[i] * rows[i].residual
      for (j, m) in marginRow(i).enumerated() { result[j] += factor * m }
    }
    return result
  }()

  /// The curvature of the mean loss, without L2: from rows for FGN and Fisher, from J^T (diag p - p p^T) J for the GGN.
  func matrix(_ curvature: Curvature) -> WideMatrix {
    if let known = matrices[curvature] { return known }
    var result = WideMatrix(order: parameterCount)
    for i in 0..<count {
      let row = rows[i]
      switch curvature {
      case .fgn: result.addOuter(weights[i] * row.weight, marginRow(i))
      case .fisher: result.addOuter(weights[i] * row.residual * row.residual, marginRow(i))
      case .rayleigh:
        // a^T (diag p - p p^T) a / |a|^4, from the probabilities.
        let (a, p) = (marginGradient(i), row.probabilities)
        let mean = zip(a, p).reduce(0) { $0 + $1.0 * $1.1 }
        let quadratic = zip(a, p).reduce(0) { $0 + $1.1 * ($1.0 - mean) * ($1.0 - mean) }
        let length = a.reduce(0) { $0 + $1 * $1 }
        result.addOuter(weights[i] * quadratic / (length * length), marginRow(i))
      case .ggn, .competitor:
        let p = curvature == .ggn ? row.probabilities : row.competitors
        let factor = curvature == .ggn ? weights[i] : weights[i] * row.residual
        for c in 0..<classes where p[c] != 0 {
          // sum_c p_c (e_c - p)(e_c - p)^T is diag p - p p^T, without a difference.
          var t = p.map { -$0 }
          t[c] += 1
          result.addOuter(factor * p[c], pullback(i, t))
        }
      default: preconditionFailure("the oracle does not know the curvature \(curvature.name)")
      }
    }
    matrices[curvature] = result
    return result
  }

  /// lambda on every parameter and l2 on the penalised ones.
  func regularisation(_ damping: Double) -> [Wide] { penalised.map { Wide(damping) + l2 * $0 } }

  /// d of (F + lambda + l2) d = -gradient + lambda memory.
  func direction(_ curvature: Curvature, damping: Double, memory: [Double]? = nil) -> [Double] {
    if memory == nil, let known = directions[curvature], known.damping == damping { return known.direction }
    var right = gradient.map { -$0 }
    if let memory { for j in right.indices { right[j] += Wide(damping) * Wide(memory[j]) } }
    let direction = matrix(curvature).solve(adding: regularisation(damping), right).map { Double($0) }
    if memory == nil { directions[curvature] = (damping, direction) }
    return direction
  }
}

extension Array where Element: RealScalar {
  var wide: [Wide] { map { Wide($0) } }
}
