import Baselines
import LinearAlgebra

/// Full-batch L-BFGS that starts from `HeadMetric`, which is taken anew after 1, 2, 4, 8, ... steps: for problems that are
/// too badly scaled, or too weakly penalised, for dual ascent. A step is one pass, and one more for each trial of the line
/// search after the first.
struct QuasiNewton<Data: RealScalar, Scalar: RealScalar>: Sendable {
  private(set) var panels: ClassPanels<Scalar>
  private(set) var value: FullBatch<Data, Scalar>.Value
  private(set) var steps = 0
  private var batch: FullBatch<Data, Scalar>
  private var metric: HeadMetric<Scalar>
  private var hasMetric = false
  private var memory = CurvaturePairs<Scalar>()
  private let history: Int
  private let lineSearch = StrongWolfe(trials: 10, resolution: 0)

  /// Begins at `panels`: one pass.
  fileprivate init(
    _ batch: FullBatch<Data, Scalar>, _ metric: HeadMetric<Scalar>, from panels: ClassPanels<Scalar>, history: Int
  ) throws {
    self.panels = panels
    self.history = history
    self.batch = batch
    self.metric = metric
    value = try self.batch.evaluate(at: panels)
  }

  var passes: Int { batch.passes }
  /// In the working precision.
  var gradientNorm: Double { batch.gradient.elements.squaredNorm(in: batch.gradient.elements.indices).squareRoot() }
  /// |gradient of the weights|^2.
  var squaredWeightGradient: Double { batch.gradient.weightSquaredNorm }

  /// One iteration.
  ///
  /// - Returns: whether a better point was found; if not, this is as far as the precision goes.
  mutating func step() throws -> Bool {
    if steps & (steps - 1) == 0 { hasMetric = metric.update(at: panels) || hasMetric }
    let first = batch.gradient.elements
    var direction = turned(first)
    var slope = Double(first.dot(direction))
    if !(slope < 0), !memory.isEmpty {
      memory.forget()
      direction = turned(first)
      slope = Double(first.dot(direction))
    }
    guard slope < 0, slope.isFinite else { return false }
    let start = panels
    var failure: (any Error)?
    var (last, values) = (0.0, [0.0: value])
    let result = lineSearch.search(
      from: StrongWolfe.Point(length: 0, value: value.objective, slope: slope),
      first: memory.isEmpty && !hasMetric ? min(1, 1 / first.absoluteSum) : 1,
      magnitude: Double(direction.maximumMagnitude)
    ) { length in
      do {
        let value = try evaluate(start, length, direction)
        (last, values[length]) = (length, value)
        return StrongWolfe.Point(
          length: length, value: value.objective, slope: Double(batch.gradient.elements.dot(direction)))
      } catch {
        failure = error
        return StrongWolfe.Point(length: length, value: .infinity, slope: .nan)
      }
    }
    if let failure { throw failure }
    let length = result.point.length
    if length != last { _ = try evaluate(start, length, direction) }
    value = values[length] ?? value
    guard length > 0 else {
      memory.forget()
      panels = start
      return false
    }
    var change = batch.gradient.elements
    change.combine(-1, first)
    memory.remember(&change, direction: direction, length: length, history: history, minimumCurvature: 0)
    steps += 1
    return true
  }

  private mutating func turned(_ gradient: [Scalar]) -> [Scalar] {
    var direction = gradient
    guard hasMetric else {
      memory.turn(&direction)
      return direction
    }
    memory.turn(&direction) { metric.apply(to: &$0) }
    return direction
  }

  private mutating func evaluate(
    _ start: ClassPanels<Scalar>, _ length: Double, _ direction: [Scalar]
  ) throws -> FullBatch<Data, Scalar>.Value {
    panels.elements.combine(1, start.elements, beta: 0)
    panels.elements.combine(Scalar(length), direction)
    return try batch.evaluate(at: panels)
  }
}

extension QuasiNewton where Data == Scalar {
  init(_ problem: SoftmaxProblem<Scalar>, from panels: ClassPanels<Scalar>, history: Int) throws {
    try self.init(
      FullBatch(problem), HeadMetric(problem, sample: try HeadMetric.sample(of: problem)), from: panels,
      history: history)
  }
}

extension QuasiNewton where Scalar == Double {
  /// In double, on chunks of data that are widened: three times the cost, to where the data's precision does not reach.
  init(widening problem: SoftmaxProblem<Data>, from panels: ClassPanels<Double>, history: Int) throws {
    let sample = try HeadMetric<Data>.sample(of: problem).widened
    try self.init(FullBatch(widening: problem), HeadMetric(problem, sample: sample), from: panels, history: history)
  }
}
