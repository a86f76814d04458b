import LinearAlgebra
import Losses
import Models
import Optimization

/// One way to solve the damped system of a batch: (F + Lambda) d = -grad f + Lambda d_0.
///
/// F is the curvature of the mean loss, Lambda = lambda + l2 on penalised parameters and lambda on the others, and d_0
/// a centre that already contains -l2 / (lambda + l2) theta. Each way is a type with work areas of its own, which it
/// keeps from batch to batch; they share the point, whose products they ask for, and nothing else. `Way.all` says which
/// there are, when, and what they cost.
///
/// The order of calls in a step: `begin`, then optionally `meanCurvature` and `setCenter`, then `solve`, then `add`.
protocol DampedSystem<ModelType>: Sendable {
  associatedtype ModelType: Model
  typealias Scalar = ModelType.Scalar

  /// Takes in the batch that `point` was moved to.
  mutating func begin(_ point: inout ObjectivePoint<ModelType>)

  /// The mean diagonal of the whitened row Gram, (1/B) sum_i roots_i^2 |M_i|^2: the trace of FGN, a natural unit of
  /// damping. Default: two passes over the rows, see `ObjectivePoint.meanRowCurvature`.
  mutating func meanCurvature(_ roots: [Scalar], seed: UInt64, _ point: inout ObjectivePoint<ModelType>) -> Double

  /// Sets d_0 = scale * buffer, [P]. Without this call d_0 is zero.
  mutating func setCenter(_ buffer: [Scalar], scale: Scalar, _ point: inout ObjectivePoint<ModelType>)

  /// Solves for d - d_0, which `add` then gives.
  mutating func solve(_ problem: DampedProblem<Scalar>, _ point: inout ObjectivePoint<ModelType>)
    -> DampedSolution<Scalar>

  /// target [P] = factor (d - d_0) + beta * target: the one back-projection of the step.
  mutating func add(
    _ solution: DampedSolution<Scalar>, factor: Scalar, beta: ParameterLayout.Factors<Scalar>,
    to target: inout [Scalar],
    _ point: inout ObjectivePoint<ModelType>)
}

extension DampedSystem {
  mutating func meanCurvature(_ roots: [Scalar], seed: UInt64, _ point: inout ObjectivePoint<ModelType>) -> Double {
    point.meanRowCurvature(roots, seed: seed)
  }
}

/// What a system is to solve.
struct DampedProblem<Scalar: RealScalar> {
  /// Solver, tolerance, iterations and memory.
  var options: DescentOptions
  /// lambda, above 0.
  var damping: Double
  /// C, lambda times the inverse of Lambda: lambda / (lambda + l2) on penalised parameters, 1 on the others.
  var metric: ParameterLayout.Factors<Scalar>
  /// mu = B lambda, what the damping adds to the diagonal of a system over rows.
  var shift: Scalar
  /// sigma [B], the roots of the curvature's multiples of a a^T, floor and example weights in.
  var roots: [Scalar]

  var iterative: ConjugateGradient<Scalar>.Options {
    ConjugateGradient.Options(tolerance: options.tolerance, maximumIterations: options.maximumIterations)
  }
}

/// What a system found, and left in its work areas for `add`.
struct DampedSolution<Scalar: RealScalar>: Sendable {
  var solve: SolveReport
  /// d^T F d.
  var quadratic: Double
  /// No element of d - d_0 is larger, up to rounding; infinity if one is not finite.
  var bound: Double
  /// C, in which an unknown over rows or outputs is carried back.
  var metric: ParameterLayout.Factors<Scalar>
  /// Whether d - d_0 itself is there, and nothing needs to be carried back.
  var isInParameters = false
}

extension Array where Element: RealScalar {
  /// The largest magnitude; infinity if an element is not finite.
  var finiteBound: Double { isFinite ? Double(maximumMagnitude) : .infinity }
}
