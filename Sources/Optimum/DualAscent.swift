import LinearAlgebra

/// Accelerated ascent of the dual problem in blocks of rows: the same optimum by steps that each see a few dozen
/// examples.
///
/// With a dual variable q_i in the simplex for each example, W(q) = (1 / (N l2)) sum of w_i (y_i - q_i) x_i^T, and the
/// dual is maximal where q_i is the softmax p_i of the logits. A visit moves q_i by s_i (p_i - q_i), with s_i = 1 / (1
/// + gamma k_i), k_i = w_i (|x_i|^2 + bias) / (N L), and the weights follow at once: stochastic dual coordinate ascent
/// (Shalev-Shwartz & Zhang 2013, arXiv 1209.1873), all rows of a block at once. An epoch is one pass over the features.
///
/// Where l2 is small beside the features, an epoch ascends the dual of f + (kappa / 2) |W - V|^2, so that L = l2 +
/// kappa and W = (kappa V + l2 W(q)) / L, and V moves on with momentum (`AscentScale`).
///
/// The bias has no penalty, so its part of the dual is a constraint. It has the penalty (m / 2) |b - c|^2 here, and the
/// centre c moves on after each epoch with the same momentum (a proximal point), so that in the end there is none.
///
/// Memory: N C dual variables, and three times the weights.
struct DualAscent<Scalar: RealScalar>: Sendable {
  let problem: SoftmaxRegression.Problem<Scalar>
  let scale: AscentScale
  private(set) var panels: ClassPanels<Scalar>
  /// q [N, C].
  private(set) var duals: [Scalar]
  /// How many epochs there have been.
  private(set) var epochs = 0
  /// V and the W of the last epoch, in the elements of panels; none without a proximal term.
  private var anchor: [Scalar] = []
  private var previous: [Scalar] = []
  /// c and the bias of the last epoch, of centred features [C].
  private var centre: [Double]
  private var previousBias: [Double]
  private var momentum = Momentum()
  private let moments: FeatureMoments<Scalar>
  private let conditions: [Scalar]
  private var sweep: SoftmaxSweep<Scalar>
  private var order: VisitOrder

  /// Nesterov's sequence.
  private struct Momentum: Sendable {
    private var t = 1.0

    /// The next factor, at most `limit`.
    mutating func advance(limit: Double) -> Double {
      let next = (1 + (1 + 4 * t * t).squareRoot()) / 2
      defer { t = next }
      return min((t - 1) / next, limit)
    }

    mutating func restart() { t = 1 }
  }

  /// How many bytes the dual variables take.
  static func bytes(_ problem: SoftmaxRegression.Problem<Scalar>) -> Int {
    problem.count * problem.classes * MemoryLayout<Scalar>.stride
  }

  init(_ problem: SoftmaxRegression.Problem<Scalar>, moments: FeatureMoments<Scalar>, seed: UInt64) {
    precondition(problem.l2 > 0, "the dual is of a penalty")
    self.problem = problem
    self.moments = moments
    scale = AscentScale(problem, moments)
    panels = ClassPanels(features: problem.width, classes: problem.classes)
    centre = [Double](repeating: 0, count: problem.classes)
    previousBias = centre
    sweep = SoftmaxSweep(
      classes: problem.classes, entriesPerRow: problem.entriesPerRow, blockSize: scale.blockSize)
    duals = DualLoops.oneHot(problem.labels, classes: problem.classes)
    conditions = DualLoops.conditions(
      moments.squaredNorms, problem.weights ?? [], bias: scale.biasSquare,
      rate: 1 / (Double(problem.count) * scale.total))
    let used = (0..<Int32(problem.count)).filter { row in problem.weights.map { $0[Int(row)] > 0 } ?? true }
    let entries = problem.features.entryCount.map { $0 / max(1, problem.count) } ?? problem.width
    order = VisitOrder(rows: used, bytesPerRow: entries * MemoryLayout<Scalar>.stride, seed: seed)
    if scale.proximal > 0 { (anchor, previous) = (panels.elements, panels.elements) }
  }

  /// Starts at `panels`, such as the optimum for a greater penalty: two passes.
  ///
  /// With q_i = y_i + r (p_i - y_i) the weights of the dual variables are r times those of q = p, and r from 0 to 1 is
  /// chosen so that they are nearest to the given ones. At an optimum for a penalty l2 / r they are the same. With a
  /// proximal term the given weights are kept, and V is what makes them those of q.
  mutating func start(at start: ClassPanels<Scalar>) throws {
    var batch = FullBatch(problem)
    _ = try batch.evaluate(at: start)
    // The weights of q = p, of features as the ascent has them.
    var next = batch.gradient
    next.elements.combine(Scalar(-problem.l2), start.elements, range: start.weightRange)
    if let mean = moments.centring?.mean {
      next.addOuterProduct(-1, Array(next.elements[start.biasRange]), mean)
    }
    next.elements.scale(by: Scalar(-1 / problem.l2), range: start.weightRange)
    let square = next.weightSquaredNorm
    let along = Double(next.elements.dot(start.elements, range: start.weightRange))
    let r = square > 0 && along.isFinite ? min(1, max(0, along / square)) : 0
    next.elements.scale(by: Scalar(r), range: start.weightRange)
    panels = start
    try visit(steps: [Scalar](repeating: Scalar(r), count: problem.count), rates: (0, 0))
    previousBias = centredBias(start)
    for (c, k) in start.biasRange.enumerated() {
      centre[c] = previousBias[c] + r * Double(next.elements[k]) * scale.biasSquare / scale.total
    }
    guard scale.proximal > 0 else {
      panels = next
      return setBias(previousBias)
    }
    // V = W + (l2 / kappa) (W - W(q)).
    let ratio = problem.l2 / scale.proximal
    (panels, previous, anchor) = (start, start.elements, start.elements)
    anchor.combine(Scalar(-ratio), next.elements, range: start.weightRange, beta: Scalar(1 + ratio))
  }

  /// Whether all weights and biases are finite.
  var isFinite: Bool { panels.elements.squaredNorm(in: panels.elements.indices).isFinite }

  /// W - W(q), the weights less those of the dual variables, of centred features where the ascent centres them.
  var distance: ClassPanels<Scalar> {
    var result = ClassPanels<Scalar>(features: problem.width, classes: problem.classes)
    guard scale.proximal > 0 else { return result }
    let factor = Scalar(scale.proximal / scale.l2)
    result.elements.combine(-factor, panels.elements, range: panels.weightRange, beta: 0)
    result.elements.combine(factor, anchor, range: panels.weightRange)
    return result
  }

  /// Whether the features are taken less their mean.
  var isCentred: Bool { moments.centring != nil }

  /// Whether q lags behind p by so much that the gap may be less at q = p.
  var isBlended: Bool { scale.proximal > 0 && scale.lag >= 8 }

  /// The mean of w_i (y_i - q_i), as the bias has it [C].
  var residuals: [Double] {
    guard scale.biasSquare > 0 else { return centre.map { _ in 0 } }
    return zip(centredBias(panels), centre).map { ($0 - $1) * scale.total / scale.biasSquare }
  }

  /// How often the weights have been rounded: an addition for each block.
  var updates: Double { Double(epochs) * Double(problem.count) / Double(scale.blockSize) }

  /// Visits every row once.
  ///
  /// - Returns: the weighted means of the losses and of KL(q_i, p_i) at the visits; the latter falls as the gap does.
  mutating func epoch() throws -> (loss: Double, divergence: Double) {
    if epochs > 0 { advance() }
    // At first softmax's largest curvature, as p is far from q then.
    let steps = DualLoops.steps(conditions, gamma: Scalar(epochs < 1 ? 0.5 : scale.curvature))
    let rate = 1 / (Double(problem.count) * scale.total)
    let sums = try visit(steps: steps, rates: (Scalar(rate), Scalar(rate * scale.biasSquare)))
    epochs += 1
    return (sums.loss / Double(problem.count), sums.divergence / Double(problem.count))
  }

  /// The bias of centred features: b + W mean.
  private func centredBias(_ panels: ClassPanels<Scalar>) -> [Double] {
    var bias = panels.elements[panels.biasRange].map { Double($0) }
    guard let mean = moments.centring?.mean else { return bias }
    for (c, product) in panels.products(mean).enumerated() { bias[c] += product }
    return bias
  }

  private mutating func setBias(_ centred: [Double]) {
    let products = moments.centring.map { panels.products($0.mean) }
    for (c, k) in panels.biasRange.enumerated() { panels.elements[k] = Scalar(centred[c] - (products?[c] ?? 0)) }
  }

  /// Between epochs: V and the centre of the bias go where the weights and the bias are, and on in the direction of the
  /// last epoch; weights and bias follow, as the same dual variables say.
  private mutating func advance() {
    let range = panels.weightRange
    var bias = centredBias(panels)
    var factor = 0.0
    if scale.proximal > 0 {
      let w = panels.elements
      previous.combine(1, w, range: range, beta: -1)
      anchor.combine(-1, w, range: range)
      if epochs > 1, anchor.dot(previous, range: range) > 0 { momentum.restart() }
      factor = momentum.advance(limit: scale.largestMomentum)
      // How far V moves, and then where it is.
      anchor.combine(Scalar(factor), previous, range: range, beta: -1)
      previous.combine(1, w, range: range, beta: Scalar(factor))
      panels.elements.combine(Scalar(scale.proximal / scale.total), anchor, range: range)
      (anchor, previous) = (previous, w)
    }
    for c in bias.indices {
      let next = bias[c] + factor * (bias[c] - previousBias[c])
      previousBias[c] = bias[c]
      bias[c] += next - centre[c]
      centre[c] = next
    }
    if problem.hasIntercept { setBias(bias) }
  }

  /// Visits every row once: moves its dual variable by its step, and `panels` at the given rates.
  ///
  /// - Returns: the sums of the weighted losses and KL(q_i, p_i) at the visits.
  @discardableResult
  private mutating func visit(
    steps: [Scalar], rates: (weight: Scalar, bias: Scalar)
  ) throws -> (loss: Double, divergence: Double) {
    var (loss, divergence) = (0.0, 0.0)
    var pool = Features<Scalar>.none
    let isInMemory = problem.features.isInMemory
    for numbers in order.pools() {
      if !isInMemory { try problem.features.gather(numbers, into: &pool) }
      let sums = sweep.ascend(
        isInMemory ? problem.features : pool, index: isInMemory ? numbers : Array(0..<Int32(numbers.count)),
        numbers: numbers, labels: problem.labels, steps: steps, weights: problem.weights, duals: &duals,
        panels: &panels, rates: rates, centring: moments.centring)
      loss += sums.loss
      divergence += sums.divergence
    }
    return (loss, divergence)
  }
}

private enum DualLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func oneHot<S: RealScalar>(_ labels: [Int32], classes: Int) -> [S] {
    var result: [S] = []
    result.resize(to: labels.count * classes)
    for (i, label) in labels.enumerated() { result[i * classes + Int(label)] = 1 }
    return result
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func conditions<S: RealScalar>(_ norms: [S], _ weights: [S], bias: Double, rate: Double) -> [S] {
    var result: [S] = []
    result.resize(to: norms.count)
    for i in norms.indices { result[i] = (norms[i] + S(bias)) * S(rate) * (weights.isEmpty ? 1 : weights[i]) }
    return result
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func steps<S: RealScalar>(_ conditions: [S], gamma: S) -> [S] {
    var result: [S] = []
    result.resize(to: conditions.count)
    for i in conditions.indices { result[i] = 1 / (1 + gamma * conditions[i]) }
    return result
  }
}
