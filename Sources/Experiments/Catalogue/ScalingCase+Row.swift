extension ScalingCase {
  private func own(_ method: Scaling.Method) -> Contestant? { contestants.first { $0.method == method } }

  /// CPU seconds of an iteration: what a step takes beyond one of SGD, by iterations of conjugate gradient.
  private func iterationSeconds(_ one: Contestant) -> Double? {
    guard let sgd = own(.sgd), one.report.solve.iterations > 0 else { return nil }
    return (Averaging.median(one.cpu) - Averaging.median(sgd.cpu)) / Double(one.report.solve.iterations)
  }

  func row(_ one: Contestant) -> Row {
    let (report, solve) = (one.report, one.report.solve)
    let held = HeldBytes.of(one.optimizer)
    let passes = one.method.passes(iterations: one.method == .sgd ? 0 : shape.iterations)
    var row = Row([
      "sweep": .text(shape.sweep), "method": .text(one.method.rawValue), "outcome": .text(report.outcome.rawValue),
    ])
    let counts: KeyValuePairs = [
      "classes": shape.classes, "batch": shape.batch, "features": shape.features, "iterations": shape.iterations,
      "unknowns": shape.unknowns, "repetitions": one.repetitions, "modelPasses": report.modelPasses,
      "morePasses": report.modelPasses - passes, "cgIterations": solve.iterations, "products": solve.products,
      "heldBytes": held,
    ]
    for (column, count) in counts { row[column] = .number(Double(count)) }
    let floor = products.forward + products.pullback
    let (wall, cpu) = (Averaging.median(one.wall), Averaging.median(one.cpu))
    let predicted = one.flops / rate.cpu
    row["heldShare"] = .number(Double(held) / Scaling.bytes(one.method, shape))
    var numbers = [
      "flops": one.flops, "floors": one.flops / floor, "predictedBytes": Scaling.bytes(one.method, shape),
      "wallSeconds": wall, "cpuSeconds": cpu, "predictedSeconds": predicted, "overPredictedSeconds": cpu / predicted,
      "productFlopsPerCPUSeconds": rate.cpu, "productFlopsPerWallSeconds": rate.wall,
    ]
    if let sgd = own(.sgd) {
      numbers["overSGDSeconds"] = Averaging.median(zip(one.cpu, sgd.cpu).map { $0 / $1 })
      numbers["overSGDWallSeconds"] = Averaging.median(zip(one.wall, sgd.wall).map { $0 / $1 })
      numbers["overModelSeconds"] = numbers["overSGDSeconds"]! / (one.flops / floor)
    }
    // What the rival of the same curvature that is faster would save, where the cost model takes this one.
    let rivals = contestants.filter { $0.method.system?.curvature == one.method.system?.curvature }
    if rivals.count > 1, rivals.allSatisfy({ $0.flops >= one.flops }) {
      numbers["overFastestSeconds"] = cpu / (rivals.map { Averaging.median($0.cpu) }.min() ?? .nan)
    }
    if let each = iterationSeconds(one) {
      numbers["iterationSeconds"] = each
      if let other = own(.parameterSpace).flatMap(iterationSeconds), one.method == .matrixFree {
        numbers["overGGNIterationSeconds"] = each / other
      }
    }
    for (column, value) in numbers { row[column] = .number(value) }
    return row
  }
}
