/// What is said of each sweep.
extension Scaling {
  func classes(_ rows: Rows) -> Section {
    let own = rows.where("sweep=classes, method=fgn-gram")
    let limit = 1.5
    let from = own.values(of: "classes").compactMap(\.number).first { count in
      own.where("classes>=\(Value.number(count).text)").numbers("overSGDSeconds").allSatisfy { $0 <= limit }
    }
    let most = rows.number("maximum of overSGDSeconds where sweep=classes, method=fgn-gram")
    let verdict: Verdict
    if let from {
      let shared = "where sweep=classes, method=fgn-gram, classes>=\(Value.number(from).text)"
      let start = rows.number("minimum of classes \(shared)")
      let worst = rows.number("maximum of overSGDSeconds \(shared)")
      let clock = rows.number("median of overSGDWallSeconds \(shared)")
      let text: Statement = """
        From \(start) classes on an exact FGN step takes at most \(worst) steps of SGD (by the clock \(clock), \
        median).
        """
      verdict =
        from == own.values(of: "classes").first?.number
        ? .holds(text) : .holdsWithinLimits("\(text) With fewer classes it takes up to \(most).")
    } else {
      verdict = own.isEmpty ? .notMeasured("No rows.") : .fails("It takes up to \(most) steps of SGD.")
    }
    return Section(
      "Classes", claim: "An exact FGN step costs little more than a step of SGD, at any number of classes.",
      method: Self.setting + " Here `128` features. Little more is `1.5` steps of SGD.",
      figures: [
        figure(
          rows, "classes",
          "CPU time of a step against classes, in seconds and in steps of SGD: lines measured, markers predicted.")
      ],
      tables: [table("classes", "CPU time in steps of SGD, with deviations over seeds.")], verdict: verdict)
  }

  func batch(_ rows: Rows) -> Section {
    let own = "where sweep=batch, method=fgn-gram"
    let measured = rows.number("maximum of batch \(own), overSGDSeconds<2")
    let predicted = rows.number("maximum of batch \(own), floors<2")
    let text: Statement = """
      Below two steps of SGD up to \(measured) rows (predicted: up to \(predicted)); at the largest batch, \
      \(rows.number("maximum of batch where sweep=batch")) rows, it takes \(last(rows, "batch", .gram)), the \
      matrix-free form \(last(rows, "batch", .matrixFree)), the dual GGN \(last(rows, "batch", .dual)).
      """
    let apart = (measured.value ?? 0) / (predicted.value ?? .nan)
    return Section(
      "Batch",
      claim: "The row Gram costs less than a step of SGD while `B < 4 C D / (C + D)`, and does not pay beyond.",
      method: "As above.",
      figures: [
        figure(rows, "batch", "CPU time of a step against rows of the batch: lines measured, markers predicted.")
      ],
      tables: [table("batch", "CPU time in steps of SGD, with deviations over seeds.")],
      verdict: apart.isNaN
        ? .notMeasured("No rows.")
        : apart == 1 ? .holds(text) : (0.5...2).contains(apart) ? .holdsWithinLimits(text) : .fails(text))
  }

  /// Mean steps of SGD at the largest value of a sweep.
  private func last(_ rows: Rows, _ sweep: String, _ method: Method) -> Quoted {
    let largest = rows.where("sweep=\(sweep)").values(of: sweep).last?.text ?? "0"
    return rows.number(
      "mean of overSGDSeconds where sweep=\(sweep), method=\(method.rawValue), \(sweep)=\(largest)",
      as: .significant(3))
  }

  func features(_ rows: Rows) -> Section {
    let all = [Method.gram, .dual, .matrixFree, .parameterSpace].map { last(rows, "features", $0) }
    let values = all.compactMap(\.value)
    let most = rows.number("maximum of features where sweep=features")
    let text: Statement = """
      With \(most) features a step takes as long as \(all[0]) of SGD by the Gram, \(all[1]) by the dual form, \
      \(all[2]) by matrix-free FGN, \(all[3]) by the GGN in parameter space.
      """
    let isCheap = values.count == 4 && max(values[0], values[1]) <= 1.5 && min(values[2], values[3]) >= 4
    return Section(
      "Features",
      claim: "With many features the Gram and the dual form cost hardly more than SGD; conjugate gradient "
        + "through the model costs a floor an iteration at any number.",
      method: "As above. Hardly more is `1.5` steps of SGD.",
      figures: [
        figure(rows, "features", "CPU time of a step against features: lines measured, markers predicted.")
      ],
      tables: [table("features", "CPU time in steps of SGD, with deviations over seeds.")],
      verdict: values.count < 4 ? .notMeasured("No rows.") : isCheap ? .holds(text) : .fails(text))
  }

  func iterations(_ rows: Rows) -> Section {
    let shared = "of overGGNIterationSeconds where method=fgn-cg, iterations>=8"
    let (least, most) = (rows.number("minimum \(shared)"), rows.number("maximum \(shared)"))
    let middle = rows.number("median \(shared)")
    let text: Statement = """
      An iteration of matrix-free FGN takes \(middle) of the CPU time of one of the GGN in parameter space, at the \
      median over shapes and seeds; \(least) to \(most)
      """
    let isSame = (least.value ?? 0) > 0.9 && (most.value ?? 2) < 1.1
    return Section(
      "Iterations", claim: "Matrix-free FGN saves nothing in an iteration over matrix-free GGN on a head.",
      method: "As above. An iteration's time is a step's less that of SGD, by iterations. Same is within `10` %.",
      figures: [
        figure(
          rows, "iterations",
          "CPU time of a step against iterations of conjugate gradient: lines measured, markers predicted.")
      ],
      tables: [table("iterations", "CPU time in steps of SGD, with deviations over seeds.")],
      verdict: middle.value == nil
        ? .notMeasured("No rows.")
        : isSame
          ? .holds("\(text).")
          : .holdsWithinLimits(
            "\(text). Both do the same products; what FGN saves is vectors as long as the parameters."))
  }
}
