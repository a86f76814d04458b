import ArgumentParser
import FastGaussNewton

/// How steps are computed in training.
struct MethodArguments: ParsableArguments {
  @Option(help: "fgn, ggn (full Gauss-Newton) or fisher (empirical).")
  var curvature: Curvature = .fgn

  @Option(help: "auto picks the cheapest; gram, cg, gram-cg for fgn and fisher; cg, dual for ggn.")
  var solver: Solver = .automatic

  @Option(
    help: """
      auto, or a starting value of lambda: it adapts from there. See --fixed-damping.
      """)
  var damping: String = "auto"

  @Option(help: "Keep lambda at this value: for experiments.")
  var fixedDamping: Double?

  func validate() throws {
    let solvers = Solver.available(for: curvature)
    guard curvature != .competitor else {
      throw ValidationError("--curvature must be fgn, ggn or fisher, got competitor.")
    }
    guard solvers.contains(solver) else {
      let names = solvers.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--solver for \(curvature.rawValue) must be one of \(names), got \(solver.rawValue).")
    }
    guard damping == "auto" || fixedDamping == nil else {
      throw ValidationError("Give --damping or --fixed-damping, not both.")
    }
    for value in [try startingDamping(), fixedDamping].compactMap({ $0 }) {
      guard value > 0, value.isFinite else { throw ValidationError("Damping must be above 0, got \(value).") }
    }
  }

  func startingDamping() throws -> Double? {
    if damping == "auto" { return nil }
    guard let value = Double(damping) else {
      throw ValidationError("--damping must be auto or a number, got \(damping).")
    }
    return value
  }

  func options(l2: Double) -> GaussNewtonOptions {
    GaussNewtonOptions(
      descent: .training(curvature: curvature, solver: solver), l2: l2,
      damping: fixedDamping.map { .fixed($0) } ?? .automatic(initial: try? startingDamping()))
  }
}
