import LinearAlgebra

/// Ascent of the dual problem in blocks of rows: the same optimum by steps that each see a few dozen examples.
///
/// With a dual variable q_i in the simplex for each example, W = (1 / (N l2)) sum of w_i (y_i - q_i) x_i^T, and the
/// dual is maximal where q_i is the softmax p_i of the logits. A visit moves q_i by s_i (p_i - q_i), with s_i = 1 / (1
/// + gamma k_i), k_i = w_i (|x_i|^2 + l2 / m) / (N l2): stochastic dual coordinate ascent (Shalev-Shwartz & Zhang 2013,
/// arXiv 1209.1873), all rows of a block at once. An epoch is one pass over the features, and the gap falls by a factor
/// that depends on the mean of k_i and not on N: about ten where it is one.
///
/// The bias has no penalty, so its part of the dual is a constraint. It has the penalty (m / 2) |b - c|^2 here, and the
/// centre c moves to b after each epoch (a proximal point), so that in the end there is none.
///
/// Memory: N C dual variables.
struct DualAscent<Scalar: RealScalar>: Sendable {
  let problem: SoftmaxRegression.Problem<Scalar>
  private(set) var panels: ClassPanels<Scalar>
  /// How many epochs there have been.
  private(set) var epochs = 0
  private var duals: [Scalar]
  private var centre: [Scalar]
  private let conditions: [Scalar]
  private var sweep: SoftmaxSweep<Scalar>
  private var order: VisitOrder

  /// The penalty m of the bias over l2.
  private static var biasPenalty: Double { 3 }

  /// The mean of k_i: an epoch gains about a digit where it is one, and ever less above.
  static func condition(_ problem: SoftmaxRegression.Problem<Scalar>, _ moments: FeatureMoments<Scalar>) -> Double {
    (moments.meanSquare + (problem.hasIntercept ? 1 / biasPenalty : 0)) / (Double(problem.count) * problem.l2)
  }

  /// How many bytes the dual variables take.
  static func bytes(_ problem: SoftmaxRegression.Problem<Scalar>) -> Int {
    problem.count * problem.classes * MemoryLayout<Scalar>.stride
  }

  /// Rows that may move at once: together they must not overshoot in the directions that all rows share, the mean of
  /// the features and the bias, whose curvature is that of the largest class.
  private static func blockSize(_ problem: SoftmaxRegression.Problem<Scalar>, _ moments: FeatureMoments<Scalar>) -> Int
  {
    let largest = problem.classShares.max() ?? 1
    let shared = moments.squaredMean + (problem.hasIntercept ? 1 / biasPenalty : 0)
    let most = 0.8 * Double(problem.count) * problem.l2 / (shared * largest * max(1 - largest, 0.1))
    return max(6, Int(min(96, most)) / 6 * 6)
  }

  init(_ problem: SoftmaxRegression.Problem<Scalar>, moments: FeatureMoments<Scalar>, seed: UInt64) {
    precondition(problem.l2 > 0, "the dual is of a penalty")
    self.problem = problem
    panels = ClassPanels(features: problem.width, classes: problem.classes)
    centre = [Scalar](repeating: 0, count: problem.classes)
    sweep = SoftmaxSweep(
      classes: problem.classes, entriesPerRow: problem.entriesPerRow, blockSize: Self.blockSize(problem, moments))
    duals = DualLoops.oneHot(problem.labels, classes: problem.classes)
    let (bias, rate) = (problem.hasIntercept ? 1 / Self.biasPenalty : 0, 1 / (Double(problem.count) * problem.l2))
    conditions = DualLoops.conditions(moments.squaredNorms, problem.weights ?? [], bias: bias, rate: rate)
    let used = (0..<Int32(problem.count)).filter { row in problem.weights.map { $0[Int(row)] > 0 } ?? true }
    let entries = problem.features.entryCount.map { $0 / max(1, problem.count) } ?? problem.width
    order = VisitOrder(rows: used, bytesPerRow: entries * MemoryLayout<Scalar>.stride, seed: seed)
  }

  /// Starts at `panels`, such as the optimum for a greater penalty: two passes.
  ///
  /// With q_i = y_i + r (p_i - y_i) the weights of the dual variables are r times those of q = p, and r from 0 to 1 is
  /// chosen so that they are nearest to the given ones. At an optimum for a penalty l2 / r they are the same.
  mutating func start(at panels: ClassPanels<Scalar>) throws {
    var batch = FullBatch(problem)
    _ = try batch.evaluate(at: panels)
    var next = batch.gradient
    next.elements.combine(Scalar(-problem.l2), panels.elements, range: panels.weightRange)
    next.elements.scale(by: Scalar(-1 / problem.l2), range: panels.weightRange)
    let square = next.weightSquaredNorm
    let along = Double(next.elements.dot(panels.elements, range: panels.weightRange))
    let r = square > 0 && along.isFinite ? min(1, max(0, along / square)) : 0
    next.elements.scale(by: Scalar(r), range: panels.weightRange)
    let fixed = [Scalar](repeating: Scalar(r), count: problem.count)
    self.panels = panels
    try visit(steps: fixed, rates: (0, 0))
    for (k, c) in zip(panels.biasRange, centre.indices) {
      let gradient = next.elements[k]
      next.elements[k] = panels.elements[k]
      centre[c] = panels.elements[k] + Scalar(r / (Self.biasPenalty * problem.l2)) * gradient
    }
    self.panels = next
  }

  /// Whether all weights and biases are finite.
  var isFinite: Bool { panels.elements.squaredNorm(in: panels.elements.indices).isFinite }

  /// How many rows a block has.
  var blockSize: Int { sweep.blockSize }

  /// gamma in the size of a step: at first 1/2, softmax's largest curvature, as p is far from q then; later less.
  private var gamma: Double { epochs < 1 ? 0.5 : 0.3 }

  /// Visits every row once.
  ///
  /// - Returns: the mean of |p - q|^2 at the visits, which falls as the gap does.
  mutating func epoch() throws -> Double {
    if epochs > 0 { panels.moveCentre(&centre) }
    let steps = DualLoops.steps(conditions, gamma: Scalar(gamma))
    let rate = 1 / (Double(problem.count) * problem.l2)
    let rates = (Scalar(rate), problem.hasIntercept ? Scalar(rate / Self.biasPenalty) : 0)
    let distance = try visit(steps: steps, rates: rates)
    epochs += 1
    return distance / Double(problem.count)
  }

  /// Visits every row once: moves its dual variable by its step, and `panels` at the given rates.
  ///
  /// - Returns: the sum of |p - q|^2 at the visits.
  @discardableResult
  private mutating func visit(steps: [Scalar], rates: (weight: Scalar, bias: Scalar)) throws -> Double {
    var distance = 0.0
    var pool = Features<Scalar>.none
    let isInMemory = problem.features.isInMemory
    for numbers in order.pools() {
      if !isInMemory { try problem.features.gather(numbers, into: &pool) }
      distance +=
        sweep.ascend(
          isInMemory ? problem.features : pool, index: isInMemory ? numbers : Array(0..<Int32(numbers.count)),
          numbers: numbers, labels: problem.labels, steps: steps, weights: problem.weights, duals: &duals,
          panels: &panels, rates: rates
        ).squaredDistance
    }
    return distance
  }
}

extension ClassPanels {
  /// The centre goes to the bias, and the bias on as far again: what the same dual variables say with the new centre.
  fileprivate mutating func moveCentre(_ centre: inout [Scalar]) {
    for k in biasRange {
      let bias = elements[k]
      elements[k] = 2 * bias - centre[k - biasRange.lowerBound]
      centre[k - biasRange.lowerBound] = bias
    }
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
