import Losses

/// The weights of a row that the ablation compares: what multiplies a a^T in place of FGN's s.
extension Curvature {
  /// (trace H / |a|^2) a a^T: the trace of H.
  package static let trace = Curvature("trace", needsMoments: true) { row in
    (row.rootWeight * row.rootWeight + row.restTrace / row.squaredNorm).squareRoot()
  }
  /// a a^T itself.
  package static let unit = Curvature("unit") { _ in 1 }

  /// The name in tables and the curvature; FGN's own weight comes from the margin.
  package static let rowWeights: [(name: String, curvature: Curvature)] = [
    ("margin", .fgn), ("fisher", .fisher), ("rayleigh", .rayleigh), ("trace", .trace), ("unit", .unit),
  ]
}
