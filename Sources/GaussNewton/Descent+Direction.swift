import LinearAlgebra
import Models
import Optimization

extension Descent {
  /// The damped direction itself: solves (F + lambda I + l2 I_penalised) d = -grad f for the objective
  /// f = weighted mean loss + (l2 / 2) |penalised parameters|^2.
  ///
  /// - Parameters:
  ///   - damping: lambda, positive.
  ///   - l2: penalty, 0 or more.
  /// - Returns: d, which points downhill (parameters += step * d), and what the solve did. Check
  ///   `report.solve.outcome`: a direction that is not finite is returned as found.
  ///
  /// ```swift
  /// let head = LinearHead<Double>(features: 2, classes: 3)
  /// var descent = Descent(model: head)
  /// let batch = Batch(features: Matrix(rows: 1, columns: 2, elements: [1, -1]), labels: [2])
  /// let (d, report) = descent.direction(at: Parameters(layout: head.layout), batch: batch, damping: 0.1)
  /// ```
  public mutating func direction(
    at parameters: Parameters<Scalar>, batch: Batch<Scalar>, damping: Double, l2: Double = 0
  ) -> (direction: [Scalar], report: DescentReport) {
    modelPasses = 0
    linearize(at: parameters, batch: batch)
    var direction = [Scalar](repeating: 0, count: model.layout.trainableCount)
    if l2 > 0 {
      for slice in model.layout.trainable where slice.isPenalised {
        direction.combine(Scalar(-l2 / (damping + l2)), parameters.values, range: slice.range, beta: 0)
      }
      setCenter(direction, scale: 1)
    }
    let report = solve(damping: damping, l2: l2)
    addDirection(factor: 1, beta: SliceFactors(1), to: &direction)
    release()
    return (direction, report)
  }

  /// The gradient [P] of the objective, after `linearize` and before `release` (which `direction` calls): one
  /// pullback.
  public mutating func gradient(at parameters: Parameters<Scalar>, l2: Double = 0) -> [Scalar] {
    var gradient = [Scalar](repeating: 0, count: model.layout.trainableCount)
    backpropagate()
    linearization.pullback(
      rowWeights: system.residual, alpha: SliceFactors(-1 / Scalar(rows.count)), beta: SliceFactors(0), into: &gradient)
    modelPasses += 1
    for slice in model.layout.trainable where slice.isPenalised && l2 > 0 {
      gradient.combine(Scalar(l2), parameters.values, range: slice.range)
    }
    return gradient
  }

  /// Slope grad f . t and curvature t . (F + l2) t of the objective along a direction, F the curvature in use; after
  /// `linearize` and before `release`. One pushforward.
  public mutating func along(
    _ tangent: [Scalar], at parameters: Parameters<Scalar>, l2: Double = 0
  ) -> (slope: Double, curvature: Double) {
    var change = Matrix<Scalar>(rows: rows.count, columns: model.outputWidth)
    linearization.pushforward(tangent, into: &change)
    modelPasses += 1
    rows.descent(into: &outputs)
    var slope = -Double(change.elements.dot(outputs.elements)) / Double(rows.count)
    outputs.assign(change.elements)
    rows.apply(curvature, to: &outputs)
    var curvature = Double(change.elements.dot(outputs.elements)) / Double(rows.count)
    for slice in model.layout.trainable where slice.isPenalised && l2 > 0 {
      slope += l2 * Double(parameters.values.dot(tangent, range: slice.range))
      curvature += l2 * Double(tangent.dot(tangent, range: slice.range))
    }
    return (slope, curvature)
  }

  /// The objective in nats, after `linearize`: weighted mean loss + (l2 / 2) |penalised parameters|^2.
  public func objective(at parameters: Parameters<Scalar>, l2: Double = 0) -> Double {
    rows.meanLoss + (l2 > 0 ? l2 / 2 * Double(parameters.penalisedSquaredNorm) : 0)
  }
}
