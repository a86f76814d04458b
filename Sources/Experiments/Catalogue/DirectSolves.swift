import Figures
import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import Training

/// One direction of the full Gauss-Newton matrix by every solver, as the system of B C unknowns grows.
enum DirectSolves {
  private static let classes = 16
  private static let ways: [(name: String, solver: DescentOptions.Solver, tolerance: Double)] = [
    ("Cholesky", .gram, 1), ("Woodbury", .woodbury, 1), ("LU", .duncanGuttman, 1), ("CG to 0.0001", .cg, 1e-4),
    ("CG to 0.1", .cg, 0.1),
  ]

  static func cases(in setting: ExperimentSetting) -> [Case] {
    setting.pick(full: [4, 8, 16, 32, 64, 128, 192], quick: [4, 8, 16, 32, 64]).flatMap { batchSize in
      setting.seeds.map { seed in
        Case("solvers, \(classes) classes, batch \(batchSize)", seed: seed) { try measure(batchSize, seed) }
      }
    }
  }

  /// A perceptron with random features and labels, where it starts; the reference is Cholesky in Double.
  private static func measure(_ batchSize: Int, _ seed: UInt64) throws -> [Row] {
    var generator = SeededGenerator(seed: seed, .directSolves(batchSize: batchSize))
    let features = Matrix<Double>(
      rows: batchSize, columns: 24, elements: (0..<24 * batchSize).map { _ in generator.normal() })
    let labels = (0..<batchSize).map { _ in Int32(generator.index(below: classes)) }
    let architecture = Architecture.mlp([24, 32, classes], activation: Layers.Activation(.tanh))
    let exact = try Network<Double>(architecture)
    let start = exact.initialParameters(using: &generator)
    let model = try Network<Float>(architecture)
    let parameters = Parameters(layout: model.layout, values: start.values.map(Float.init))
    let batch = Batch(features: features.converted(to: Float.self), labels: labels)
    return [1e-4, 1e-2, 1].flatMap { damping in
      var reference = Descent(Objective(exact), options: DescentOptions(curvature: .ggn, solver: .gram))
      let truth = reference.direction(
        at: start, batch: Batch(features: features, labels: labels), damping: damping
      ).direction
      return ways.map { way in
        let options = DescentOptions(
          curvature: .ggn, solver: way.solver, tolerance: way.tolerance, maximumIterations: 2000)
        var descent = Descent(Objective(model), options: options)
        // The first one allocates.
        _ = descent.direction(at: parameters, batch: batch, damping: damping)
        let clock = RunClock(limit: nil)
        let (direction, report) = descent.direction(at: parameters, batch: batch, damping: damping)
        let (cpu, wall) = (clock.cpuSeconds, clock.wallSeconds)
        var difference = direction.map(Double.init)
        difference.combine(-1, truth)
        return Row([
          "data": "solvers", "unknowns": .number(Double(batchSize * classes)), "damping": .number(damping),
          "solver": .text(way.name), "relativeError": .number(difference.norm / truth.norm),
          "iterations": .number(Double(report.solve.iterations)), "cpuSeconds": .number(cpu),
          "wallSeconds": .number(wall),
        ])
      }
    }
  }

  static func agreement(_ rows: Rows) -> Section {
    func worst(_ solver: String, _ conditions: String) -> Quoted {
      rows.number("maximum of relativeError where solver=\(solver), \(conditions)")
    }
    let moderate = ["Cholesky", "Woodbury", "LU"].map { worst($0, "damping>=1e-2") }
    let least = ["Cholesky", "Woodbury", "LU"].map { worst($0, "damping<1e-3") }
    let found: Statement = """
      From damping `0.01` on Cholesky differs from Double by at most \(moderate[0]), Woodbury by \(moderate[1]), LU by \
      \(moderate[2]); at `0.0001` by \(least[0]), \(least[1]) and \(least[2]). Conjugate gradient to `0.1` of the residual is \
      off by up to \(worst("CG to 0.1", "damping>=1e-2")), to `0.0001` by \(worst("CG to 0.0001", "damping>=1e-2")).
      """
    func below(_ all: [Quoted], _ limit: Double) -> Bool { all.allSatisfy { ($0.value ?? .infinity) < limit } }
    return Section(
      "Directions", claim: "The three forms of the direct solve give one direction, down to small damping.",
      method: """
        A perceptron `24-32-16`, tanh, where it starts, on random features and labels, Float; relative differences from \
        Cholesky in Double. Cholesky of the symmetric form, Woodbury's identity, LU of the form of Duncan and Guttman; \
        conjugate gradient in parameter space. Dampings `0.0001`, `0.01` and `1`.
        """,
      figures: [
        ReportFigure(
          "directions", "How far each solver's direction is from Cholesky's in Double.",
          Figure(
            panels: [0.01, 0.0001].map { damping in
              panel(
                rows.where("damping=\(damping)"), "Damping \(damping)", "relativeError",
                Axis("Relative difference", scale: .log10))
            }))
      ],
      verdict: rows.where("data=solvers").isEmpty
        ? .notMeasured("No rows.")
        : below(moderate + least, 1e-3)
          ? .holds(found) : below(moderate, 1e-3) ? .holdsWithinLimits(found) : .fails(found))
  }

  static func cost(_ rows: Rows) -> Section {
    let own = rows.where("damping=0.01")
    let sizes = own.values(of: "unknowns").compactMap(\.number)
    func seconds(_ solver: String, _ size: Double) -> Double {
      own.number("mean of cpuSeconds where solver=\(solver), unknowns=\(Value.number(size).text)").value ?? .infinity
    }
    func ratio(_ solver: String, _ size: Double) -> Quoted {
      rows.number(
        "mean of cpuSeconds where solver=\(solver), damping=0.01, unknowns=\(Value.number(size).text) over solver=Cholesky"
      )
    }
    let (least, most) = (sizes.first ?? 0, sizes.last ?? 0)
    let border = sizes.first { seconds("CG to 0.1", $0) < seconds("Cholesky", $0) }
    let slope = rows.number("exponent of cpuSeconds by unknowns where solver=Cholesky, damping=0.01, unknowns>=500")
    let found: Statement = """
      With \(setting: Int(least)) unknowns conjugate gradient to `0.1` takes \(ratio("CG to 0.1", least)) times the \
      seconds of Cholesky, with \(setting: Int(most)) \(ratio("CG to 0.1", most)) times; LU takes there \(ratio("LU", most)) times, Woodbury \
      \(ratio("Woodbury", most)) times. From five hundred unknowns on Cholesky's seconds grow with the power \(slope) of them
      """
    let isCheaper = seconds("Cholesky", least) < seconds("CG to 0.1", least)
    return Section(
      "Cost", claim: "A direct solve is cheaper than conjugate gradient while B C is small, and dearer beyond.",
      method: "The same directions, damping `0.01`: the processor's seconds of a whole direction, the second of two.",
      figures: [
        ReportFigure(
          "cost", "Seconds of one direction as the system of the direct solve grows.",
          Figure(panels: [panel(own, "", "cpuSeconds", Axis("CPU time of a direction", unit: "s", scale: .log10))]))
      ],
      tables: [
        ReportTable(
          "Processor's seconds of a direction.", by: "unknowns", columns: "solver", of: rows, "mean of cpuSeconds",
          where: "damping=0.01", as: .significant(2))
      ],
      verdict: sizes.isEmpty
        ? .notMeasured("No rows.")
        : border == nil
          ? .fails("Conjugate gradient is dearer everywhere. \(found).")
          : isCheaper
            ? .holds("\(found).") : .fails("Conjugate gradient is cheaper from the start. \(found)."))
  }

  private static func panel(_ rows: Rows, _ title: String, _ column: String, _ y: Axis) -> Panel {
    Panel(
      title, x: Axis("Unknowns of the direct solve, B C", scale: .log10), y: y,
      marks: rows.lines(column, against: "unknowns", by: "solver", .geometric))
  }
}
