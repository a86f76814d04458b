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

  /// How diffuse the competitor mass is, by the median of 1 / |q|^2 and the share of the trace that FGN keeps; and the
  /// penalty.
  func state(_ parameters: Parameters<Float>) -> Row {
    let objective = Objective(head, l2: l2)
    var point = ObjectivePoint(objective)
    point.evaluate(at: parameters, batch: batch)
    let rows = point.rows
    func trace(_ curvature: Curvature) -> Double {
      rows.traces(Curvature.Weights(curvature, of: rows)).reduce(0, +)
    }
    let kept = trace(.fgn) / trace(.ggn)
    let competitors = (rows as? MarginRows<Float>)?.effectiveCompetitors.sorted() ?? []
    return Row([
      "keptShare": .number(kept), "effectiveCompetitors": .number(competitors[competitors.count / 2]),
      "penalty": .number(objective.value(meanLoss: 0, at: parameters)),
    ])
  }

  /// FGN's direction against the GGN's at the damping that the policy has for batches of 256: 12 times the mean row
  /// curvature over that.
  func deviation(_ parameters: Parameters<Float>) -> Row {
    let features: Matrix<Double> = batch.inputs.dense.converted()
    let head = LinearHead<Double>(features: head.inputWidth, classes: head.outputWidth)
    let place = Parameters(layout: head.layout, values: parameters.values.map(Double.init))
    let own = Batch(features: features, labels: batch.labels)
    var fgn = CurvatureOperator(.fgn, of: Objective(head), at: place, batch: own)
    let damping = 12 * fgn.trace() / 256
    let found = DirectionMeasure(Objective(head, l2: l2), at: place, batch: own, damping: damping)
    return Row([
      "damping": .number(damping), "relativeError": .number(found.relativeError),
      "lengthRatio": .number(found.lengthRatio),
    ])
  }

  /// With the objective on all training rows; and in the last row of each run how far it fell, how far above the start
  /// it has been, and the steps to 95 % of the largest fall of all runs, where it came there.
  static func compared(_ runs: [[Row]]) -> [Row] {
    func objective(_ row: Row) -> Double { (row["trainingLoss"]?.number ?? .nan) + (row["penalty"]?.number ?? .nan) }
    let start = objective(runs[0][0])
    let largest = runs.joined().map { start - objective($0) }.filter(\.isFinite).max() ?? .nan
    return runs.flatMap { rows in
      rows.map { row in
        var row = row
        row["objective"] = .number(objective(row))
        guard row["isLast"] == 1 else { return row }
        row["fall"] = .number(start - objective(row))
        row["rise"] = .number((rows.map(objective).max() ?? .nan) - start)
        row["stepsToNear"] = rows.first { start - objective($0) >= 0.95 * largest }?["step"]
        return row
      }
    }
  }
}
