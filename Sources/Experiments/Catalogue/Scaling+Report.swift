import Figures

extension Scaling {
  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    [
      classes(rows), batch(rows), features(rows), iterations(rows), egn(rows), bytes(rows), counts(rows), model(rows),
    ]
  }

  /// The axis of a sweep.
  static func axis(_ sweep: String) -> Axis {
    let labels = ["classes": "Classes", "batch": "Rows of a batch", "features": "Features"]
    return Axis(labels[sweep] ?? "Conjugate gradient iterations", scale: .log10)
  }

  /// A line with a band for each method, and where it is predicted, a marker for each point.
  static func panel(
    _ rows: Rows, _ sweep: String, _ column: String, predicted: String? = nil, _ title: String = "", y: Axis
  ) -> Panel {
    let own = rows.where("sweep=\(sweep)")
    var marks: [Mark] = []
    for method in Method.allCases {
      let mine = own.where("method=\(method.rawValue)")
      guard !mine.numbers(column).isEmpty else { continue }
      let markers: Line.Markers = predicted == nil ? .automatic : .none
      marks.append(mine.line(method.title, column, against: sweep, .geometric, markers: markers))
      guard let predicted else { continue }
      let places = mine.values(of: sweep)
      let heights = places.map { place in
        Averaging.geometric.summary(mine.where("\(sweep)=\(place.text)").numbers(predicted))?.center ?? .nan
      }
      marks.append(.scatter(Scatter(method.title, x: places.compactMap(\.number), y: heights)))
    }
    return Panel(title, x: axis(sweep), y: y, marks: marks)
  }

  /// Seconds, and steps of SGD, against what is varied; lines are measured, markers predicted.
  func figure(_ rows: Rows, _ sweep: String, _ caption: Statement) -> ReportFigure {
    ReportFigure(
      sweep, caption,
      Figure(panels: [
        Self.panel(
          rows, sweep, "cpuSeconds", predicted: "predictedSeconds",
          y: Axis("CPU time of a step", unit: "s", scale: .log10)),
        Self.panel(
          rows, sweep, "overSGDSeconds", predicted: "floors", y: Axis("CPU time over a step of SGD", scale: .log10)),
      ]))
  }

  func table(_ sweep: String, _ caption: Statement) -> ReportTable {
    let columns: KeyValuePairs = [
      "FGN, Gram": "mean of overSGDSeconds where method=fgn-gram",
      "by the clock": "mean of overSGDWallSeconds where method=fgn-gram",
      "predicted": "maximum of floors where method=fgn-gram",
      "FGN, matrix-free": "mean of overSGDSeconds where method=fgn-cg",
      "GGN, dual": "mean of overSGDSeconds where method=ggn-dual",
      "GGN, parameters": "mean of overSGDSeconds where method=ggn-cg",
      "EGN": "mean of overSGDSeconds where method=egn",
    ]
    return ReportTable(caption, by: sweep, where: "sweep=\(sweep)", columns)
  }

  static let setting = """
    Linear heads in Float on normal features, random labels; unless varied, `100` classes, `32` rows, `256` features \
    and `8` iterations of each conjugate gradient. Medians over `3` to `60` steps, methods in turns; CPU seconds of \
    all threads. Predictions: the flops of `SolverCosts` and the floor `4 B C D`, at the speed of a product of order \
    `768` that takes its turns too.
    """
}
