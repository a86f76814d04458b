/// A matrix of values shown as colours, with a colour bar at its right. Row 0 is at the top.
///
/// The colour axis works like any other axis: a label, a unit, a scale and limits; values beyond the limits take the
/// colour of the end they pass. Cells that are NaN, infinite or without a place on the colour axis are crossed out.
/// In a panel with a heat map, row i lies at y = i and column j at x = j for the other marks.
///
/// ```swift
/// let map = HeatMap(
///   rows: ["λ = 0.1", "λ = 1"], columns: ["batch 32", "batch 64"],
///   values: [[0.81, 0.84], [0.79, 0.88]], color: Axis("Accuracy"))
/// ```
public struct HeatMap: Sendable, Hashable {
  public let rows: [String]
  public let columns: [String]
  /// One array of values for each row.
  public let values: [[Double]]
  public let color: Axis
  public let ramp: ColorRamp
  /// Whether each value is written in its cell; left out where the cells are too small for it.
  public let showsValues: Bool

  /// - Precondition: `values` has `rows.count` arrays of `columns.count` values.
  public init(
    rows: [String], columns: [String], values: [[Double]], color: Axis = Axis(), ramp: ColorRamp = .sequential,
    showsValues: Bool = true
  ) {
    precondition(values.count == rows.count, "heat map: \(rows.count) row labels, \(values.count) rows")
    for (index, row) in values.enumerated() {
      precondition(row.count == columns.count, "heat map: row \(index): \(columns.count) columns, \(row.count) values")
    }
    self.rows = rows
    self.columns = columns
    self.values = values
    self.color = color
    self.ramp = ramp
    self.showsValues = showsValues
  }
}
