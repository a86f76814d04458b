import ArgumentParser
import FastGaussNewton

extension SoftmaxRegression.Method: ExpressibleByArgument {}

/// Training a linear head to its optimum.
struct OptimumArguments: ParsableArguments {
  @Flag(help: "Minimise the convex objective of a linear head until a bound on the gap to its minimum holds.")
  var toOptimum = false
  @Option(help: "Gap over objective at which --to-optimum has converged; |gradient| where --l2 is 0. 1e-6 by default.")
  var tolerance: Double?
  @Option(help: "Iterations of --to-optimum, at most: epochs of dual ascent, steps of L-BFGS. 1000 by default.")
  var maxIterations: Int?
  @Option(help: "Which of its methods --to-optimum takes: dual or quasi-newton. By the problem by default.")
  var optimumMethod: SoftmaxRegression.Method?

  func validate() throws {
    try require(
      toOptimum || tolerance == nil && maxIterations == nil && optimumMethod == nil,
      "--tolerance, --max-iterations and --optimum-method go with --to-optimum.")
    try require(tolerance.map { $0 > 0 && $0.isFinite } ?? true, "--tolerance must be above 0, got \(tolerance ?? 0).")
    try require(maxIterations ?? 1 >= 1, "--max-iterations must be at least 1, got \(maxIterations ?? 0).")
  }

  func options(timeLimit: Double?, seed: UInt64) -> SoftmaxRegression.Options {
    SoftmaxRegression.Options(
      tolerance: tolerance ?? 1e-6, iterations: maxIterations ?? 1000, timeLimit: timeLimit, seed: seed,
      method: optimumMethod)
  }
}
