import GaussNewton
import LinearAlgebra
import Models
import Optimization
import TestSupport

/// A linear head's problem formed densely in parameter space, by the definitions: the oracle.
struct DenseReference {
  let count: Int
  let classes: Int
  let width: Int
  let parameterCount: Int
  /// 1 on penalised parameters, 0 on the others.
  let penalised: [Wide]
  let theta: [Wide]
  let l2: Wide
  let rows: [WideRow]
  let labels: [Int]
  /// Example weights scaled to sum 1.
  let weights: [Wide]
  /// Features, with a one at the end where there is an intercept.
  private let inputs: [[Wide]]
  private let hasIntercept: Bool

  init<S: RealScalar>(_ problem: Problem<S>) {
    let (head, batch) = (problem.head, problem.batch)
    (count, classes, width) = (batch.count, head.outputWidth, head.inputWidth)
    parameterCount = head.layout.count
    hasIntercept = head.hasIntercept
    let theta = problem.parameters.values.map { Wide($0) }
    self.theta = theta
    l2 = Wide(problem.l2)
    penalised = (0..<parameterCount).map { $0 < head.inputWidth * head.outputWidth ? 1 : 0 }
    labels = batch.labels.map { Int($0) }
    let raw = batch.weights.map { $0.map { Wide($0) } } ?? [Wide](repeating: 1, count: batch.count)
    let total = raw.reduce(0, +)
    weights = raw.map { $0 / total }
    let intercept = head.hasIntercept
    let inputs = (0..<batch.count).map { i in batch.inputs.features.row(i).map { Wide($0) } + (intercept ? [1] : []) }
    self.inputs = inputs
    let (classes, width) = (head.outputWidth, head.inputWidth)
    rows = (0..<batch.count).map { i in
      let logits = (0..<classes).map { c in
        var z: Wide = intercept ? theta[classes * width + c] : 0
        for d in 0..<width { z += theta[c * width + d] * inputs[i][d] }
        return z
      }
      return WideRow(logits: logits, label: Int(batch.labels[i]))
    }
  }

  /// J_i^T t, with parameters as [weight, bias].
  func pullback(_ i: Int, _ t: [Wide]) -> [Wide] {
    var result = [Wide](repeating: 0, count: parameterCount)
    for c in 0..<classes where t[c] != 0 {
      for d in 0..<width { result[c * width + d] = t[c] * inputs[i][d] }
      if hasIntercept { result[classes * width + c] = t[c] }
    }
    return result
  }

  /// J_i x.
  func pushforward(_ i: Int, _ x: [Wide]) -> [Wide] {
    (0..<classes).map { c in
      var z: Wide = hasIntercept ? x[classes * width + c] : 0
      for d in 0..<width { z += x[c * width + d] * inputs[i][d] }
      return z
    }
  }

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
  var gradient: [Wide] {
    var result = zip(theta, penalised).map { l2 * $0 * $1 }
    for i in 0..<count {
      let factor = -weights[i] * rows[i].residual
      for (j, m) in marginRow(i).enumerated() { result[j] += factor * m }
    }
    return result
  }

  /// The curvature of the mean loss, without L2: from rows for FGN and Fisher, from J^T (diag p - p p^T) J for the GGN.
  func matrix(_ curvature: Curvature) -> WideMatrix {
    var result = WideMatrix(order: parameterCount)
    for i in 0..<count {
      let row = rows[i]
      switch curvature {
      case .fgn: result.addOuter(weights[i] * row.weight, marginRow(i))
      case .fisher: result.addOuter(weights[i] * row.residual * row.residual, marginRow(i))
      case .ggn, .competitor:
        let p = curvature == .ggn ? row.probabilities : row.competitors
        let factor = curvature == .ggn ? weights[i] : weights[i] * row.residual
        for c in 0..<classes where p[c] != 0 {
          // sum_c p_c (e_c - p)(e_c - p)^T is diag p - p p^T, without a difference.
          var t = p.map { -$0 }
          t[c] += 1
          result.addOuter(factor * p[c], pullback(i, t))
        }
      }
    }
    return result
  }

  /// lambda on every parameter and l2 on the penalised ones.
  func regularisation(_ damping: Double) -> [Wide] { penalised.map { Wide(damping) + l2 * $0 } }

  /// d of (F + lambda + l2) d = -gradient + lambda memory.
  func direction(_ curvature: Curvature, damping: Double, memory: [Double]? = nil) -> [Double] {
    var right = gradient.map { -$0 }
    if let memory { for j in right.indices { right[j] += Wide(damping) * Wide(memory[j]) } }
    return matrix(curvature).solve(adding: regularisation(damping), right).map { Double($0) }
  }
}

extension Array where Element: RealScalar {
  var wide: [Wide] { map { Wide($0) } }
}
