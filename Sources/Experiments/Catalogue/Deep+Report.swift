import Figures

/// FGN after some epochs against another method after as many, or others, on one data set.
private struct Duel {
  let data: String
  let budget: Int
  let other: (method: String, budget: Int)
  let loss: Contrast
  let accuracy: Contrast
  let seconds: Quoted

  init(_ rows: Rows, _ data: String, _ budget: Int, against other: (method: String, budget: Int)) {
    (self.data, self.budget, self.other) = (data, budget, other)
    let own = "data=\(data), method=fgn, budget=\(budget)"
    let less = "method=\(other.method), budget=\(other.budget)"
    loss = rows.contrast("trainingLoss", where: own, less: less)
    accuracy = rows.contrast("validationAccuracy", where: own, less: less, as: .percent(2))
    seconds = rows.number("mean of cpuSeconds where \(own) over \(less)")
  }

  var statement: Statement {
    """
    \(setting: data), \(setting: budget) epochs against \(setting: other.budget) of \(setting: other.method): \
    training loss \(loss.statement), accuracy \(accuracy.statement), in \(seconds) times the seconds
    """
  }
}

extension Deep {
  private static let method = """
    Letter: perceptron `16-128-64-26`, ReLU, batches of `128`; digits: two convolutions of `16` and `32` channels, max \
    pooling, a dense layer, batches of `64`. Whole runs of `2` to `16` epochs, on digits to `8` (`--quick`: `1` to `4`, of \
    fewer examples), each with a cosine schedule of its own; Adam also of two and three times the most. FGN and GGN at their defaults; \
    Adam at the rate of `0.005`, `0.015` and `0.045`, K-FAC of `0.01`, `0.03` and `0.1`, that ends at the lowest \
    loss on the held-out examples, in their favour, for each number of epochs. Numbers are FGN's less the other's at the end of a run, with the standard error over seeds; accuracies are of \
    held-out examples, seconds of steps alone.
    """

  func epochs(_ rows: Rows, _ best: Rows) -> Section {
    let duels = Self.data(best).flatMap { data in
      Self.budgets("fgn", data, best).map { budget in
        Duel(rows, data, budget, against: (Self.method("adam", data, budget, best), budget))
      }
    }
    let last = Self.data(best).compactMap { data in duels.last { $0.data == data } }
    return Section(
      "By epoch", claim: "FGN needs fewer epochs than Adam.", method: Self.method,
      figures: [
        figure(
          "epochs", "FGN, the GGN, Adam and K-FAC after as many epochs; both of the latter at their best rates.", best,
          "budget", Axis("Epochs of the run", scale: .log10))
      ],
      tables: Self.data(best).map { data in
        ReportTable(
          "Validation accuracy on \(setting: data) by epochs of the run.", by: "budget", columns: "method", of: rows,
          "mean of validationAccuracy", where: "data=\(data)", as: .percent(1))
      },
      verdict: Self.verdict(duels, last.map(\.statement), isGood: { $0 > 0 }))
  }

  func seconds(_ rows: Rows, _ best: Rows) -> Section {
    let duels = Self.data(best).compactMap { data -> Duel? in
      func seconds(_ optimizer: String, _ budget: Int) -> Double {
        best.number("mean of cpuSeconds where data=\(data), optimizer=\(optimizer), budget=\(budget)").value ?? .nan
      }
      let pairs = Self.budgets("fgn", data, best).flatMap { own in
        Self.budgets("adam", data, best).map { (own, $0, ratio: seconds("fgn", own) / seconds("adam", $0)) }
      }
      // The longest runs that take about the same; the closest where none do.
      let close = pairs.filter { max($0.ratio, 1 / $0.ratio) < 1.25 }
      let pair = close.last ?? pairs.min { max($0.ratio, 1 / $0.ratio) < max($1.ratio, 1 / $1.ratio) }
      return pair.map { Duel(rows, data, $0.0, against: (Self.method("adam", data, $0.1, best), $0.1)) }
    }
    return Section(
      "By second", claim: "For the same seconds of the processor FGN is level with Adam at its best rate, or better.",
      method: Self.method + " Compared are the longest runs that take about the same seconds.",
      figures: [
        figure(
          "seconds", "The same runs by the processor's time.", best, "cpuSeconds",
          Axis("CPU time of steps", unit: "s", scale: .log10))
      ], verdict: Self.verdict(duels, duels.map(\.statement), isGood: { $0 >= 0 }))
  }

  func others(_ rows: Rows, _ best: Rows) -> Section {
    let duels = Self.data(best).flatMap { data in
      ["ggn", "kfac"].compactMap { other -> Duel? in
        guard let budget = Self.budgets("fgn", data, best).last else { return nil }
        return Duel(rows, data, budget, against: (Self.method(other, data, budget, best), budget))
      }
    }
    return Section(
      "Against the GGN and K-FAC", claim: "After as many epochs FGN is level with the full GGN and with K-FAC.",
      method: Self.method, verdict: Self.verdict(duels, duels.map(\.statement), isGood: { $0 >= 0 }))
  }

  /// Holds if loss and accuracy are as claimed in every duel; a sign above 0 is in FGN's favour.
  private static func verdict(_ duels: [Duel], _ found: [Statement], isGood: (Int) -> Bool) -> Verdict {
    guard !duels.isEmpty else { return .notMeasured("No data.") }
    let text: Statement = "\(Statement.joined(found))."
    let exceptions = duels.flatMap { duel -> [Statement] in
      let place: Statement =
        "\(setting: duel.data) after \(setting: duel.budget) epochs against \(setting: duel.other.method)"
      return [("training loss", -duel.loss.sign), ("accuracy", duel.accuracy.sign)].compactMap { measure, sign in
        isGood(sign) ? nil : "\(Statement(stringLiteral: measure)) on \(place)"
      }
    }
    if exceptions.isEmpty { return .holds(text) }
    if exceptions.count == 2 * duels.count { return .fails(text) }
    return .holdsWithinLimits("\(text) Not so: \(Statement.joined(exceptions, separator: ", ")).")
  }

  private static func data(_ rows: Rows) -> [String] { rows.values(of: "data").map(\.text) }

  private static func budgets(_ optimizer: String, _ data: String, _ best: Rows) -> [Int] {
    best.where("data=\(data), optimizer=\(optimizer)").values(of: "budget").compactMap { $0.number.map { Int($0) } }
  }

  /// An optimizer with its best setting.
  private static func method(_ optimizer: String, _ data: String, _ budget: Int, _ best: Rows) -> String {
    best.where("data=\(data), optimizer=\(optimizer), budget=\(budget)").values(of: "method").first?.text ?? optimizer
  }

  private func figure(_ name: String, _ caption: Statement, _ best: Rows, _ x: String, _ axis: Axis) -> ReportFigure {
    let names = ["fgn": "FGN", "ggn": "GGN", "adam": "Adam", "kfac": "K-FAC"]
    let panels = Self.data(best).flatMap { data in
      let own = best.where("data=\(data)")
      func panel(_ title: String, _ y: Axis, _ column: String, _ averaging: Averaging) -> Panel {
        Panel(
          title, x: axis, y: y,
          marks: own.lines(column, against: x, at: "budget", by: "optimizer", averaging) { names[$0.text] ?? $0.text })
      }
      return [
        panel("\(data): training loss", Axis("Training loss", unit: "nats", scale: .log10), "trainingLoss", .geometric),
        panel("\(data): held-out accuracy", Axis("Accuracy"), "validationAccuracy", .mean),
      ]
    }
    return ReportFigure(name, caption, Figure(panels: panels, columns: 2))
  }
}
