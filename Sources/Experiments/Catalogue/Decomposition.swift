import Figures
import GaussNewton
import Jobs
import LinearAlgebra
import Losses
import Models
import Optimization

/// The identity that the method rests on, on random logits.
struct Decomposition: Experiment {
  let name = "decomposition"
  let question = "Does the softmax Hessian split exactly into a true-vs-rest part and what FGN drops?"

  private static let scales = [0.1, 1, 3, 10, 30]
  /// Up to here eigenvalues are computed.
  private static let dense = 100

  func cases(in setting: ExperimentSetting) -> [Case] {
    let classes = [2, 3, 5, 10, 30, 100, 300, 1000, 3000, 10_000]
    return classes.flatMap { count in
      setting.seeds.map { seed in
        let examples = setting.pick(full: 64, quick: 16)
        return Case("classes=\(count) examples=\(examples)", seed: seed) {
          Self.scales.flatMap { scale in
            [false, true].flatMap { isDrawn in
              [
                Self.measure(Double.self, count, scale, examples, seed, isDrawn),
                Self.measure(Float.self, count, scale, examples, seed, isDrawn),
              ]
            }
          } + (count == 2 ? Self.binary(seed) : [])
        }
      }
    }
  }

  /// Products of the library's row kernels against p * t - p (p . t), formed in Double from the same logits.
  private static func measure<S: RealScalar>(
    _ type: S.Type, _ classes: Int, _ scale: Double, _ examples: Int, _ seed: UInt64, _ isDrawn: Bool
  ) -> Row {
    var generator = SeededGenerator(seed: seed, .decomposition(classes: classes, scale: scale))
    func normal(_ scale: Double) -> Matrix<S> {
      Matrix(
        rows: examples, columns: classes,
        elements: (0..<examples * classes).map { _ in S(scale * generator.normal()) })
    }
    let (logits, probe) = (normal(scale), normal(1))
    let probabilities = SoftmaxHessian.probabilities(logits.converted())
    let labels = (0..<examples).map { i in
      guard isDrawn else { return Int32(generator.index(below: classes)) }
      var rest = generator.uniform()
      let drawn = probabilities.row(i).firstIndex { p in
        rest -= p
        return rest < 0
      }
      return Int32((drawn ?? probabilities.row(i).endIndex - 1) - probabilities.row(i).startIndex)
    }
    let rows = MarginRows(logits: logits, labels: labels)
    func product(_ curvature: Curvature) -> [Double] {
      var result = probe
      rows.apply(Curvature.Weights(curvature, of: rows), to: &result)
      return result.elements.map(Double.init)
    }
    let (kept, dropped) = (product(.fgn), product(.competitor))
    let exact = SoftmaxHessian.product(logits.converted(), probe.converted())
    let (error, size) = zip(zip(kept, dropped), exact.elements).reduce((0.0, 0.0)) { sum, pair in
      let difference = pair.0.0 + pair.0.1 - pair.1
      return (sum.0 + difference * difference, sum.1 + pair.1 * pair.1)
    }
    let (fgn, ggn) = (
      rows.traces(Curvature.Weights(.fgn, of: rows)), rows.traces(Curvature.Weights(.ggn, of: rows))
    )
    let traces = (0..<examples).map { i in 1 - probabilities.row(i).reduce(0) { $0 + $1 * $1 } }
    let traceError = zip(ggn, traces).reduce(0) { max($0, abs($1.0 - $1.1)) }
    var row = Row([
      "classes": .number(Double(classes)), "scale": .number(scale), "precision": .text(S.precisionName),
      "labels": isDrawn ? "drawn" : "random",
      "splitError": .number((error / size).squareRoot()), "traceError": .number(traceError),
      "keptShare": .number(fgn.reduce(0, +) / ggn.reduce(0, +)),
      "effectiveCompetitors": .number(rows.effectiveCompetitors.sorted()[examples / 2]),
    ])
    if classes <= dense, S.self == Double.self, scale <= 3, isDrawn { row = row.merging(spectrum(rows, classes)) }
    return row
  }

  /// Ranks and the order FGN <= GGN of the first examples, by eigenvalues.
  private static func spectrum<S: RealScalar>(_ rows: MarginRows<S>, _ classes: Int) -> Row {
    var (row, least, sharp) = (Row(), Double.infinity, -Double.infinity)
    var ranks: [Curvature: Set<Int>] = [:]
    for example in 0..<min(4, rows.count) {
      func eigenvalues(_ curvature: Curvature, less: Double = 0) -> [Double] {
        let a = rows.rows.row(example).map(Double.init)
        let s = Double(rows.rootWeight[example]) * Double(rows.rootWeight[example])
        var matrix = SoftmaxHessian.matrix(rows, example, curvature)
        for i in 0..<classes {
          for j in 0..<classes { matrix[i, j] -= less * s * a[i] * a[j] }
        }
        var eigen = SymmetricEigen<Double>()
        return eigen.decompose(matrix) ? eigen.values : []
      }
      let full = eigenvalues(.ggn)
      let largest = full.last ?? .nan
      for curvature in [Curvature.fgn, .ggn, .competitor] {
        ranks[curvature, default: []].insert(eigenvalues(curvature).count { $0 > 1e-13 * largest })
      }
      least = min(least, (eigenvalues(.ggn, less: 1).first ?? .nan) / largest)
      sharp = max(sharp, (eigenvalues(.ggn, less: 1.001).first ?? .nan) / largest)
    }
    var error = 0
    for (curvature, name, rank) in [
      (Curvature.fgn, "rankFGN", 1), (.ggn, "rankGGN", classes - 1), (.competitor, "rankDropped", classes - 2),
    ] {
      let found = ranks[curvature, default: []]
      row[name] = .number(Double(found.max() ?? 0))
      error = max(error, found.map { abs($0 - rank) }.max() ?? 0)
    }
    row["rankError"] = .number(Double(error))
    row["leastEigenvalue"] = .number(least)
    row["leastEigenvalueBeyond"] = .number(sharp)
    return row
  }

  /// Two classes: the directions of a head.
  private static func binary(_ seed: UInt64) -> [Row] {
    [1e-6, 1e-3, 1].map { damping in
      var generator = SeededGenerator(seed: seed, .twoClasses)
      let features = Matrix<Double>(rows: 48, columns: 12, elements: (0..<576).map { _ in generator.normal() })
      let head = LinearHead<Double>(features: 12, classes: 2)
      let values = (0..<head.layout.trainableCount).map { _ in generator.normal() }
      let batch = Batch(features: features, labels: (0..<48).map { _ in Int32(generator.index(below: 2)) })
      let options = DescentOptions(curvature: .ggn, solver: .dual, tolerance: 1e-14, maximumIterations: 5000)
      let found = InspectJob.Result.run(
        Objective(head), at: Parameters(layout: head.layout, values: values), batch: batch, damping: damping,
        options: options)
      return Row([
        "classes": 2, "damping": .number(damping), "directionError": .number(found.inspection.relativeError),
      ])
    }
  }
}
