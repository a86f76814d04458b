import LinearAlgebra
import Losses
import Models
import Optimization

/// Settings of `Shampoo`.
package struct ShampooOptions: Sendable, Codable, Equatable {
  /// Rate, penalties, clipping.
  package var gradient: GradientOptions
  /// mu, 0..<1, of the preconditioned gradients.
  package var momentum: Double
  /// epsilon, above 0: what the statistics start from.
  package var epsilon: Double
  /// The roots are computed every so many steps, at least 1, and in each of the first so many.
  package var interval: Int
  /// A size above this has the identity for a preconditioner.
  package var largestSize: Int

  package init(
    gradient: GradientOptions = GradientOptions(learningRate: LearningRate(0.1)), momentum: Double = 0.9,
    epsilon: Double = 1e-4, interval: Int = 1, largestSize: Int = 2048
  ) {
    precondition(
      momentum >= 0 && momentum < 1 && epsilon > 0 && interval >= 1,
      "Shampoo needs momentum in 0..<1, epsilon above 0 and an interval of at least 1")
    self.gradient = gradient
    self.momentum = momentum
    self.epsilon = epsilon
    self.interval = interval
    self.largestSize = largestSize
  }
}

/// Shampoo: each tensor's gradient preconditioned along each of its modes, by inverse roots of second moments.
///
/// For a weight [out, in] with gradient G: L <- L + G G^T, R <- R + G^T G, both from epsilon I, and the direction is
/// L^(-1/4) G R^(-1/4). In general a tensor with k modes has exponent -1 / (2 k); sizes of 1 are not modes. Vectors
/// have diagonal AdaGrad, g / sqrt(epsilon + sum g^2), Shampoo's diagonal form for k = 1. Modes larger than
/// `largestSize` keep the identity and do not count in k; a tensor with none left is treated as a vector. Then v <- mu
/// v + direction, x <- x - rate v, after decay.
///
/// A step costs a forward pass, a pullback, 4 n flops an element for a mode of size n, and in every `interval`-th some
/// 11 n^3 for its root by a symmetric eigendecomposition on one thread; state: P numbers, 2 n^2 a mode, and those of
/// the vectors. Rejected, with parameters left alone: an objective, a gradient or a direction that is not finite; after
/// such a direction the statistics start anew. Source: Gupta, Koren & Singer 2018 (arXiv 1802.09568).
///
/// ```swift
/// var shampoo = Shampoo(Objective(head), options: ShampooOptions(interval: 10))
/// let report = shampoo.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
/// ```
package struct Shampoo<ModelType: Model>: Optimizer {
  package typealias Scalar = ModelType.Scalar

  package struct State: Codable, Sendable {
    /// One for each trainable slice; empty before the first step.
    var tensors: [TensorPreconditioner<Scalar>] = []
    /// Sums of squares [P], epsilon included; read for vectors only.
    var squares: [Scalar] = []
    /// v [P].
    package var velocity: [Scalar] = []
    /// Steps that the statistics have seen.
    package var steps = 0
  }

  package let options: ShampooOptions
  package var state = State()
  private var gradient: GradientStep<ModelType>
  private var direction: [Scalar] = []
  private var buffer: [Scalar] = []
  private var eigen = SymmetricEigen<Scalar>()

  package init(_ objective: Objective<ModelType>, options: ShampooOptions = ShampooOptions()) {
    self.options = options
    gradient = GradientStep(objective, options: options.gradient)
  }

  package var objective: Objective<ModelType> { gradient.objective }

  package var explanation: String { "inverse roots along each mode, every \(options.interval) steps" }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    var report = gradient.evaluate(at: parameters, on: batch, at: progress, path: "roots")
    guard report.outcome == .accepted else { return report }
    let count = gradient.values.count
    if state.tensors.isEmpty {
      state.tensors = parameters.layout.trainable.map {
        TensorPreconditioner(shape: $0.shape, largestSize: options.largestSize, epsilon: Scalar(options.epsilon))
      }
      state.squares = [Scalar](repeating: Scalar(options.epsilon), count: count)
    }
    direction.resize(to: count)
    buffer.resize(to: count)
    let isPreconditioned = precondition(parameters.layout.trainable)
    guard isPreconditioned, GradientStep<ModelType>.isSafe(gradient.rate * Double(direction.norm)) else {
      state = State()
      report.outcome = .rejected
      return report
    }
    state.velocity.resize(to: count)
    state.velocity.combine(1, direction, beta: Scalar(options.momentum))
    if !gradient.move(&parameters, along: state.velocity) {
      state = State()
      report.outcome = .rejected
    }
    return report
  }

  /// Statistics and direction of each slice; false if a root could not be found.
  private mutating func precondition(_ slices: [ParameterLayout.Slice]) -> Bool {
    // The first gradients say little of those to come: with roots of one alone steps can run away.
    let updatesRoots = state.steps % options.interval == 0 || state.steps < options.interval
    state.steps += 1
    for (slice, k) in zip(slices, 0...) {
      if state.tensors[k].modes.isEmpty {
        DiagonalCurvature.addSquares(gradient.values, to: &state.squares, range: slice.range)
        DiagonalCurvature.divideByRoot(gradient.values, state.squares, into: &direction, range: slice.range)
        continue
      }
      state.tensors[k].add(gradient.values, at: slice.offset)
      if updatesRoots, !state.tensors[k].updateRoots(floor: Scalar(options.epsilon), using: &eigen) { return false }
      state.tensors[k].apply(to: gradient.values, into: &direction, range: slice.range, using: &buffer)
    }
    return true
  }
}

/// The second moments of one tensor along its modes, and their inverse roots.
struct TensorPreconditioner<Scalar: RealScalar>: Codable, Sendable {
  /// Those that have a preconditioner.
  let modes: [TensorMode]
  private(set) var statistics: [Matrix<Scalar>] = []
  private(set) var roots: [Matrix<Scalar>] = []

  init(shape: [Int], largestSize: Int, epsilon: Scalar) {
    let all = TensorMode.all(of: shape)
    modes = all.count >= 2 ? all.filter { $0.size <= largestSize } : []
    for mode in modes {
      var start = Matrix<Scalar>(rows: mode.size, columns: mode.size)
      for i in 0..<mode.size { start[i, i] = epsilon }
      statistics.append(start)
    }
    roots = statistics
  }

  /// Adds the products of the gradient in g[offset...].
  mutating func add(_ g: [Scalar], at offset: Int) {
    for k in modes.indices { TensorModes.addGram(of: g, at: offset, modes[k], to: &statistics[k]) }
  }

  /// Roots of order -1 / (2 k). Returns false if one is not finite.
  mutating func updateRoots(floor: Scalar, using eigen: inout SymmetricEigen<Scalar>) -> Bool {
    for k in modes.indices {
      guard eigen.decompose(statistics[k]) else { return false }
      eigen.power(-1 / Double(2 * modes.count), floor: floor, into: &roots[k])
    }
    return true
  }

  /// result[range] = g[range] times the root of each mode.
  func apply(to g: [Scalar], into result: inout [Scalar], range: Range<Int>, using buffer: inout [Scalar]) {
    TensorModes.multiply(roots[0], g, at: range.lowerBound, modes[0], into: &result)
    for k in modes.indices.dropFirst() {
      buffer.combine(1, result, range: range, beta: 0)
      TensorModes.multiply(roots[k], buffer, at: range.lowerBound, modes[k], into: &result)
    }
  }
}
