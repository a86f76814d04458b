import LinearAlgebra
import Models
import Optimization

/// The full Gauss-Newton matrix by conjugate gradient in parameter space: (GGN + Lambda) x = -grad - GGN d_0 with
/// x = d - d_0. One pushforward and one pullback an iteration, and four parameter vectors; for any model and loss.
struct ParameterSystem<ModelType: Model>: DampedSystem {
  typealias Scalar = ModelType.Scalar
  private var center = OutputCenter<Scalar>()
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)
  private var right: [Scalar] = []
  /// d - d_0.
  private var solution: [Scalar] = []
  private var conjugateGradient = ConjugateGradient<Scalar>()

  mutating func begin(_ point: inout ObjectivePoint<ModelType>) { center.clear() }

  mutating func setCenter(_ buffer: [Scalar], scale: Scalar, _ point: inout ObjectivePoint<ModelType>) {
    center.set(buffer, scale: scale, &point)
  }

  mutating func solve(
    _ problem: DampedProblem<Scalar>, _ point: inout ObjectivePoint<ModelType>
  ) -> DampedSolution<Scalar> {
    center.residual(point, into: &outputs)
    solution.resize(to: point.dimension)
    solution.fill(with: 0)
    point.pullback(outputs, into: &right)
    var report = conjugateGradient.solve(
      &point, shift: Scalar(problem.damping), right, adding: &solution, options: problem.iterative)
    if !solution.isFinite { report.outcome = .notFinite }
    point.pushforward(solution, into: &outputs)
    return DampedSolution(
      solve: report, quadratic: center.quadratic(of: outputs, point), bound: solution.finiteBound,
      metric: problem.metric, isInParameters: true)
  }

  mutating func add(
    _ solution: DampedSolution<Scalar>, factor: Scalar, beta: ParameterLayout.Factors<Scalar>,
    to target: inout [Scalar],
    _ point: inout ObjectivePoint<ModelType>
  ) {
    point.objective.model.layout.add(self.solution, factor: factor, beta: beta, to: &target)
  }
}
