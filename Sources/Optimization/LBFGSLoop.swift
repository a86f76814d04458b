import LinearAlgebra

/// Limited-memory BFGS with a strong Wolfe line search (Liu & Nocedal 1989; Nocedal & Wright 2006, chapter 7), an
/// iteration at a time, over anything that has an objective and a gradient along a line.
///
/// An iteration turns the gradient g into the direction -H g by the remembered pairs. Where that does not descend, the
/// pairs are forgotten and the gradient is turned again. The first length tried is 1, or min(1, 1 / |g|_1) while neither
/// pairs nor a metric tell of the curvature. Where no length is better the pairs are forgotten: so it is at the
/// minimum.
///
/// The loop holds 3 P numbers, and the pairs 2 P each. An iteration is an evaluation for each trial of the line search,
/// one more where the best trial was not the last, and 4 P flops a pair.
package struct LBFGSLoop<Scalar: RealScalar>: Sendable {
  /// Pairs that are remembered, at least 1.
  package let history: Int
  package let lineSearch: StrongWolfe
  /// A pair with y . s at most this is not remembered; at least 0.
  package let minimumCurvature: Double
  /// The gradient [P] at the point. Whoever begins writes it; after that an iteration leaves it where it ends.
  package var gradient: [Scalar] = []
  /// The gradient [P] where the iteration began.
  private var first: [Scalar] = []
  private var direction: [Scalar] = []

  package init(history: Int, lineSearch: StrongWolfe, minimumCurvature: Double) {
    self.history = history
    self.lineSearch = lineSearch
    self.minimumCurvature = minimumCurvature
  }

  /// What an iteration did.
  package struct Step: Sendable {
    /// How far along the direction the point has moved; 0 where no better point was found.
    package var length: Double
    /// What the line search found; nil where there is no direction of descent, as where the gradient is zero.
    package var search: StrongWolfe.Result?
  }

  /// Whether a metric is to be taken anew where so many steps were taken: after 0, 1, 2, 4, 8, ... of them.
  package static func renewsMetric(after steps: Int) -> Bool { steps & (steps - 1) == 0 }

  /// One iteration from the point where the objective is `value` and its gradient is `gradient`. After a step of length
  /// 0 the caller puts the point back to where it was.
  ///
  /// - Parameters:
  ///   - memory: the pairs so far; that of this step is added.
  ///   - hasMetric: whether `metric` is more than a multiple of the identity.
  ///   - metric: multiplies a vector [P] by the first inverse curvature; it is given that of the last pair, y . s / y . y.
  ///   - evaluate: moves to the point at a length along the direction, writes the gradient there and returns the
  ///     objective. Where that is not finite the gradient is not read. Nil says that it did not move, as the step is too
  ///     long.
  /// - Throws: what `evaluate` throws. The loop cannot go on after that.
  package mutating func step<Failure: Error>(
    from value: Double, with memory: inout CurvaturePairs<Scalar>, hasMetric: Bool,
    metric: (_ vector: inout [Scalar], _ scale: Double) -> Void,
    evaluate: (_ length: Double, _ direction: [Scalar], _ gradient: inout [Scalar]) throws(Failure) -> Double?
  ) throws(Failure) -> Step {
    swap(&first, &gradient)
    var slope = turn(memory, metric)
    if !(slope < 0 && slope.isFinite), !memory.isEmpty {
      memory.forget()
      slope = turn(memory, metric)
    }
    guard slope < 0, slope.isFinite else {
      swap(&first, &gradient)
      return Step(length: 0)
    }
    var last = 0.0
    let result = try lineSearch.search(
      from: StrongWolfe.Point(length: 0, value: value, slope: slope),
      first: memory.isEmpty && !hasMetric ? min(1, 1 / first.absoluteSum) : 1,
      magnitude: Double(direction.maximumMagnitude)
    ) { length throws(Failure) -> StrongWolfe.Point in
      guard let value = try evaluate(length, direction, &gradient) else {
        return StrongWolfe.Point(length: length, value: .infinity, slope: .nan)
      }
      last = length
      return StrongWolfe.Point(
        length: length, value: value, slope: value.isFinite ? Double(gradient.dot(direction)) : .nan)
    }
    let length = result.point.length
    guard length > 0 else {
      memory.forget()
      swap(&first, &gradient)
      return Step(length: 0, search: result)
    }
    if length != last { _ = try evaluate(length, direction, &gradient) }
    first.combine(1, gradient, beta: -1)  // y, the change of the gradient
    memory.remember(
      &first, direction: direction, length: length, history: history, minimumCurvature: minimumCurvature)
    return Step(length: length, search: result)
  }

  /// Sets the direction, and returns the slope along it.
  private mutating func turn(
    _ memory: CurvaturePairs<Scalar>, _ metric: (_ vector: inout [Scalar], _ scale: Double) -> Void
  ) -> Double {
    direction.resize(to: first.count)
    direction.combine(1, first, beta: 0)
    memory.turn(&direction) { metric(&$0, memory.scale) }
    return Double(first.dot(direction))
  }
}
