import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization

/// What is measured of a head on the way, on one batch of training rows.
struct DiffuseMeasure: Sendable {
  let head: LinearHead<Float>
  let batch: Batch<Float>
  let l2: Double
  /// A small one.
  let damping: Double

  /// How diffuse the competitor mass is, by the median of 1 / |q|^2 and the share of the trace that FGN keeps; and the
  /// penalty.
  func state(_ parameters: Parameters<Float>) -> Row {
    var objective = BatchObjective(model: head)
    _ = objective.evaluate(at: parameters, batch: batch)
    let rows = objective.rows
    let kept = rows.traces(.fgn).reduce(0, +) / rows.traces(.ggn).reduce(0, +)
    let competitors = (rows as? MarginRows<Float>)?.effectiveCompetitors.sorted() ?? []
    return Row([
      "keptShare": .number(kept), "effectiveCompetitors": .number(competitors[competitors.count / 2]),
      "penalty": .number(l2 / 2 * Double(parameters.penalisedSquaredNorm)),
    ])
  }

  /// FGN's direction against the GGN's: at the damping that the policy has for this batch, 12 times the mean row
  /// curvature over its rows, and at the small one.
  func deviation(_ parameters: Parameters<Float>) -> Row {
    let features: Matrix<Double> = batch.inputs.features.converted()
    let head = LinearHead<Double>(features: head.inputWidth, classes: head.outputWidth)
    let place = Parameters(layout: head.layout, values: parameters.values.map(Double.init))
    let own = Batch(features: features, labels: batch.labels)
    var fgn = CurvatureOperator(.fgn, model: head, parameters: place, batch: own)
    let policy = 12 * fgn.trace() / Double(own.count)
    var row = Row(["policyDamping": .number(policy)])
    for (name, damping) in [("Policy", policy), ("Small", damping)] {
      let found = DirectionMeasure(head, at: place, batch: own, damping: damping, l2: l2)
      row["error\(name)"] = .number(found.relativeError)
      row["lengthRatio\(name)"] = .number(found.lengthRatio)
    }
    return row
  }
}
