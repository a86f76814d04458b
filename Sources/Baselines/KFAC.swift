import LinearAlgebra
import Losses
import Models
import Optimization

/// Settings of `KFAC`: those of common programs (damping, decay, KL limit, momentum).
package struct KFACOptions: Sendable, Codable, Equatable {
  /// Rate, penalties, clipping of the gradient.
  package var gradient: GradientOptions
  /// mu, 0..<1, of the preconditioned gradients.
  package var momentum: Double
  /// Above 0; L2 is added to it.
  package var damping: Double
  /// Of the factors' running means, 0..<1; in the first steps k it is 1 - 1 / k.
  package var decay: Double
  /// kappa, above 0: a step is shortened to rate^2 d^T g <= kappa, so that it moves the model's distribution by a KL
  /// divergence of about kappa / 2. Nil for no limit.
  package var klLimit: Double?
  /// Of the targets that are drawn.
  package var seed: UInt64
  /// Factors are updated every so many steps, at least 1.
  package var factorInterval = 1
  /// Inverses are computed every so many steps, at least 1, and in each of the first three, as in the source.
  package var inverseInterval = 10
  package var fisher = FisherEstimate.sampled
  /// A weight with a factor of a larger order has a diagonal in its place.
  package var largestFactor = 4096

  package init(
    gradient: GradientOptions = GradientOptions(learningRate: LearningRate(0.1)), momentum: Double = 0.9,
    damping: Double = 1e-3, decay: Double = 0.95, klLimit: Double? = 1e-3, seed: UInt64 = 0
  ) {
    precondition(
      momentum >= 0 && momentum < 1 && damping > 0 && decay >= 0 && decay < 1 && klLimit.map { $0 > 0 } ?? true,
      "K-FAC needs momentum and decay in 0..<1, damping and the KL limit above 0")
    self.gradient = gradient
    self.momentum = momentum
    self.damping = damping
    self.decay = decay
    self.klLimit = klLimit
    self.seed = seed
  }
}

/// K-FAC: the Fisher as a Kronecker product for each dense weight and its bias.
///
/// For a weight with inputs x (and a one for the bias) and back-propagated cotangents g of targets drawn from the
/// model: A = E[x x^T], G = E[g g^T], running means; the direction is (G + sqrt(lambda) / pi I)^-1 dW (A + pi
/// sqrt(lambda) I)^-1, lambda = damping + l2 and pi^2 = (tr A / dim A) / (tr G / dim G); where the weight is used at T
/// positions, A is their sum and G their mean (arXiv 1602.01407). It is shortened to the KL limit; v <- mu v +
/// direction, x <- x - rate v, after decay. What no factors describe (`Linearization.kroneckerPairs`: all but dense
/// layers, heads and convolutions of one group) has g / (h + damping) with h the running mean of R u^2, u the gradient
/// at those targets: the diagonal of the same Fisher.
///
/// A step costs a forward pass, a pullback, another to update factors with 2 R (in^2 + out^2) flops a weight, and 2 out
/// in (out + in) for the direction; inverses n^3 each. State: P numbers, 2 (in^2 + out^2) a weight, and the diagonal.
/// Rejected, with parameters left alone: an objective, a gradient or a direction that is not finite, or factors without
/// an inverse; after the last two the factors start anew. Source: Martens & Grosse 2015 (arXiv 1503.05671).
///
/// ```swift
/// var options = KFACOptions(damping: 1e-2, seed: 7)
/// options.inverseInterval = 20
/// var kfac = KFAC(Objective(head), options: options)
/// let report = kfac.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
/// ```
package struct KFAC<ModelType: Model>: Optimizer {
  package typealias Scalar = ModelType.Scalar

  package struct State: Codable, Sendable {
    /// In the order of the model's pairs, without weights that are too large.
    var blocks: [KroneckerBlock<Scalar>] = []
    /// h [P]; empty if there is a block for everything.
    var diagonal: [Scalar] = []
    /// v [P].
    package var velocity: [Scalar] = []
    /// Steps that were tried since the factors began.
    package var steps = 0
    /// Updates of the factors since the start: each draws targets of its own.
    package var samples = 0
    /// Updates since the factors began.
    var updates = 0
  }

  package let options: KFACOptions
  package var state = State()
  private var gradient: GradientStep<ModelType>
  private var work = KroneckerFactors<Scalar>.Workspace()
  private var sample = Matrix<Scalar>(rows: 0, columns: 0)
  private var sampled: [Scalar] = []
  private var direction: [Scalar] = []

  package init(_ objective: Objective<ModelType>, options: KFACOptions = KFACOptions()) {
    self.options = options
    gradient = GradientStep(objective, options: options.gradient)
  }

  package var objective: Objective<ModelType> { gradient.objective }

  package var explanation: String {
    "\(state.blocks.count) Kronecker factored weights, inverted every \(options.inverseInterval) steps"
  }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    var report = gradient.evaluate(
      at: parameters, on: batch, at: progress, path: "Kronecker factors", isReleased: false)
    defer { gradient.point.release() }
    guard report.outcome == .accepted else { return report }
    report.outcome = .rejected
    report.damping = options.damping + objective.l2
    if state.steps % options.factorInterval == 0 { updateFactors(parameters.layout) }
    report.modelPasses = gradient.point.counts.passes
    gradient.point.release()
    if state.steps % options.inverseInterval == 0 || state.steps < 3 {
      for k in state.blocks.indices {
        guard state.blocks[k].invert(damping: report.damping, using: &work) else {
          report.solve.outcome = .notPositiveDefinite
          forget()
          return report
        }
      }
    }
    state.steps += 1
    setDirection(parameters.layout)
    guard GradientStep<ModelType>.isSafe(gradient.rate * Double(direction.norm)) else {
      forget()
      return report
    }
    let shortening = shortening
    report.shortening *= shortening
    state.velocity.resize(to: direction.count)
    state.velocity.combine(Scalar(shortening), direction, beta: Scalar(options.momentum))
    if gradient.move(&parameters, along: state.velocity) {
      report.outcome = .accepted
    } else {
      forget()
    }
    return report
  }

  /// nu = min(1, sqrt(kappa / (rate^2 d^T g))).
  private var shortening: Double {
    guard let limit = options.klLimit else { return 1 }
    let change = gradient.rate * gradient.rate * abs(Double(direction.dot(gradient.values)))
    return change > limit ? (limit / change).squareRoot() : 1
  }

  /// Draws targets, carries their cotangents back and adds what they say to the running means.
  private mutating func updateFactors(_ layout: ParameterLayout) {
    let rows = gradient.point.rows
    options.fisher.rows(of: rows, seed: options.seed, step: state.samples, into: &sample)
    state.samples += 1
    let pairs = gradient.point.kroneckerPairs(of: sample)
      .filter { KroneckerBlock.order($0) <= options.largestFactor }
    if state.updates == 0 { state.blocks = pairs.map { KroneckerBlock($0) } }
    state.updates += 1
    let decay = min(1 - 1 / Double(state.updates), options.decay)
    let rootWeights = rows.weights?.map { $0.squareRoot() }
    for (pair, k) in zip(pairs, 0...) {
      state.blocks[k].update(
        with: pair, rows: rows.count, rootWeights: rootWeights, decay: decay, using: &work)
    }
    let rest = uncovered(layout)
    guard !rest.isEmpty else { return }
    gradient.point.pullback(sample, into: &sampled)
    state.diagonal.resize(to: sampled.count)
    for slice in rest {
      DiagonalCurvature.addSquares(
        sampled, alpha: Scalar((1 - decay) * Double(rows.count)), beta: Scalar(decay), to: &state.diagonal,
        range: slice.range)
    }
  }

  /// The slices without factors.
  private func uncovered(_ layout: ParameterLayout) -> [ParameterLayout.Slice] {
    var covered: Set<Int> = []
    for block in state.blocks {
      covered.insert(block.weight.offset)
      if let bias = block.bias { covered.insert(bias.offset) }
    }
    return layout.trainable.filter { !covered.contains($0.offset) }
  }

  private mutating func setDirection(_ layout: ParameterLayout) {
    direction.resize(to: layout.trainableCount)
    for block in state.blocks { block.precondition(gradient.values, into: &direction, using: &work) }
    for slice in uncovered(layout) {
      DiagonalCurvature.divide(
        gradient.values, state.diagonal, shift: Scalar(options.damping), into: &direction, range: slice.range)
    }
  }

  /// Factors and velocity start anew; what was drawn is not drawn again.
  private mutating func forget() {
    let samples = state.samples
    state = State()
    state.samples = samples
  }
}
