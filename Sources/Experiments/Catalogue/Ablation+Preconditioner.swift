import Figures

extension Ablation {
  private static let study = "study=preconditioner"

  private func places(_ rows: Rows) -> [(model: String, stage: String)] {
    rows.values(of: "model").flatMap { model in rows.values(of: "stage").map { (model.text, $0.text) } }
  }

  func iterations(_ rows: Rows) -> Section {
    let (title, claim) = (
      "FGN as a preconditioner: iterations", "With FGN, conjugate gradient on the GGN takes fewer iterations."
    )
    let own = rows.where(Self.study)
    let ratios = places(own).flatMap { model, stage in
      own.values(of: "damping").compactMap { damping -> (place: String, plain: Quoted, with: Quoted, ratio: Double)? in
        let condition = "\(Self.study), model=\(model), stage=\(stage), damping=\(damping.text)"
        let plain = rows.number("mean of plainIterations where \(condition)", as: .significant(3))
        let with = rows.number("mean of iterations where \(condition)", as: .significant(3))
        guard let a = plain.value, let b = with.value else { return nil }
        return ("\(model), \(stage), \(damping.text)", plain, with, b / a)
      }
    }.sorted { $0.ratio < $1.ratio }
    guard let best = ratios.first, let worst = ratios.last else { return Self.missing(title, claim) }
    let statement: Statement = """
      At best \(best.with) in place of \(best.plain) iterations (\(setting: best.place)), at worst \(worst.with) in place \
      of \(worst.plain) (\(setting: worst.place))
      """
    return Section(
      title, claim: claim,
      method: """
        `(G + lambda) x = -grad` on one batch of letter in Double until |residual| is `1e-6` of |grad|, plainly and with \
        `(F + lambda)^-1/2` on both sides, in closed form: a head (`128` rows, more parameters than rows) and a head on random \
        Fourier features (`256` of them and as many rows; `--quick`: `64` and `96`), at the start and after one epoch. An \
        iteration with FGN costs two products with F more, with the inverse in place of its root one.
        """,
      figures: [
        ReportFigure(
          "iterations", "Iterations of conjugate gradient on the full GGN over damping.",
          Figure(
            panels: places(own).map { model, stage in
              let there = own.where("model=\(model), stage=\(stage)")
              return Panel(
                "\(model), \(stage)", x: Axis("Damping", scale: .log10), y: Axis("Iterations", scale: .log10),
                marks: [
                  there.line("plain", "plainIterations", against: "damping"),
                  there.line("with FGN", "iterations", against: "damping"),
                ])
            }))
      ],
      tables: places(own).map { model, stage in
        ReportTable(
          "Iterations, \(setting: "\(model), \(stage)").", by: "damping",
          where: "\(Self.study), model=\(model), stage=\(stage)",
          ["plain": "mean of plainIterations", "with FGN": "mean of iterations"])
      },
      verdict: worst.ratio < 1
        ? .holds("\(statement).") : best.ratio < 1 ? .holdsWithinLimits("\(statement).") : .fails("\(statement)."))
  }

  func spectrum(_ rows: Rows) -> Section {
    let (title, claim) = (
      "FGN as a preconditioner: spectrum",
      "The eigenvalues of `(F + lambda)^-1/2 (G + lambda) (F + lambda)^-1/2` are between `1` and `1 + |E| / lambda`."
    )
    let own = rows.where("\(Self.study), model=head")
    let least = rows.number("minimum of least where \(Self.study)", as: .significant(10))
    let share = rows.number("maximum of share where \(Self.study)", as: .significant(3))
    let lowest = rows.number("minimum of share where \(Self.study)", as: .significant(3))
    guard let low = least.value, let high = share.value else { return Self.missing(title, claim) }
    let statement: Statement = """
      The least eigenvalue is \(least); the largest, less one, is \(lowest) to \(share) of |E| / lambda.
      """
    return Section(
      title, claim: claim,
      method: """
        All eigenvalues for the head on letter (`442` parameters) by dense matrices. E = G - F is positive semidefinite, so \
        G + lambda is above F + lambda: no eigenvalue is below `1`. And E is below (|E| / lambda)(F + lambda): none is above \
        `1 + |E| / lambda`. Without FGN the condition number is `1 + |G| / lambda`.
        """,
      figures: [
        ReportFigure(
          "spectrum",
          "Largest eigenvalue with FGN, its bound, and the condition number without FGN; the least eigenvalue with FGN is one.",
          Figure(
            panels: ["start", "trained"].map { stage in
              let there = own.where("stage=\(stage)")
              return Panel(
                stage, x: Axis("Damping", scale: .log10), y: Axis("Eigenvalue", scale: .log10),
                marks: [
                  there.line("largest, with FGN", "largest", against: "damping", .geometric),
                  there.line("bound", "bound", against: "damping", .geometric),
                  there.line("condition, plain", "plainCondition", against: "damping", .geometric),
                ])
            }))
      ],
      tables: ["start", "trained"].map { stage in
        ReportTable(
          "Eigenvalues, \(setting: stage).", by: "damping", where: "\(Self.study), model=head, stage=\(stage)",
          [
            "least": "minimum of least", "largest": "mean of largest", "bound": "mean of bound",
            "condition, plain": "mean of plainCondition",
          ])
      },
      verdict: low > 1 - 1e-8 && high < 1 + 1e-8 ? .holds(statement) : .fails(statement))
  }
}
