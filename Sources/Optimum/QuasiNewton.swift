import LinearAlgebra
import Optimization

/// Full-batch L-BFGS that starts from `HeadMetric`, which is taken anew after 1, 2, 4, 8, ... steps: for problems that
/// are too badly scaled, or too weakly penalised, for dual ascent. Each step multiplies the metric by y . s / y . M y of
/// the last pair, so that nearly every first length will do. A step is one pass, and one more for each trial of the line
/// search after the first.
struct QuasiNewton<Data: RealScalar, Scalar: RealScalar>: Sendable {
  private(set) var panels: ClassPanels<Scalar>
  private(set) var value: FullBatch<Data, Scalar>.Value
  private(set) var steps = 0
  private var batch: FullBatch<Data, Scalar>
  private var metric: HeadMetric<Scalar>
  private var hasMetric = false
  private var memory = CurvaturePairs<Scalar>()
  private var loop: LBFGSLoop<Scalar>
  /// The elements of `panels` where the step began.
  private var origin: [Scalar] = []
  /// M y of the last pair.
  private var turned: [Scalar] = []

  /// Begins at `panels`: one pass.
  fileprivate init(
    _ batch: FullBatch<Data, Scalar>, _ metric: HeadMetric<Scalar>, from panels: ClassPanels<Scalar>, history: Int
  ) throws {
    self.panels = panels
    self.batch = batch
    self.metric = metric
    loop = LBFGSLoop(
      history: history, lineSearch: StrongWolfe(trials: 10, resolution: 0), minimumCurvature: 0)
    value = try self.batch.evaluate(at: panels)
    loop.gradient = self.batch.gradient.elements
  }

  var passes: Int { batch.passes }
  /// |gradient|, in the working precision.
  var gradientNorm: Double { loop.gradient.squaredNorm(in: loop.gradient.indices).squareRoot() }
  /// |gradient of the weights|^2, in the working precision.
  var squaredWeightGradient: Double { loop.gradient.squaredNorm(in: panels.weightRange) }

  /// One iteration.
  ///
  /// - Returns: whether a better point was found; if not, this is as far as the precision goes.
  mutating func step() throws -> Bool {
    if LBFGSLoop<Scalar>.renewsMetric(after: steps) { hasMetric = metric.update(at: panels) || hasMetric }
    origin.resize(to: panels.elements.count)
    origin.combine(1, panels.elements, beta: 0)
    var last = value
    let factor = hasMetric ? factorOfMetric() : 1
    let step = try loop.step(from: value.objective, with: &memory, hasMetric: hasMetric) { vector, scale in
      if hasMetric { metric.apply(to: &vector) }
      vector.scale(by: Scalar(hasMetric ? factor : scale))
    } evaluate: { length, direction, gradient in
      panels.elements.combine(1, origin, beta: 0)
      panels.elements.combine(Scalar(length), direction)
      last = try batch.evaluate(at: panels)
      gradient.resize(to: panels.elements.count)
      swap(&gradient, &batch.gradient.elements)
      return last.objective
    }
    guard step.length > 0 else {
      panels.elements.combine(1, origin, beta: 0)
      return false
    }
    value = last
    steps += 1
    return true
  }

  /// y . s / y . M y of the last pair: the metric's factor that is right along its step.
  private mutating func factorOfMetric() -> Double {
    guard let pair = memory.pairs.last else { return 1 }
    turned.resize(to: pair.change.count)
    turned.combine(1, pair.change, beta: 0)
    metric.apply(to: &turned)
    let factor = pair.curvature / Double(turned.dot(pair.change))
    return factor > 0 && factor.isFinite ? factor : 1
  }
}

extension QuasiNewton where Data == Scalar {
  init(_ problem: SoftmaxRegression.Problem<Scalar>, from panels: ClassPanels<Scalar>, history: Int) throws {
    try self.init(
      FullBatch(problem), HeadMetric(problem, sample: try HeadMetric.sample(of: problem)), from: panels,
      history: history)
  }
}

extension QuasiNewton where Scalar == Double {
  /// In double, on chunks of data that are widened: three times the cost, to where the data's precision does not reach.
  init(widening problem: SoftmaxRegression.Problem<Data>, from panels: ClassPanels<Double>, history: Int) throws {
    let sample = try HeadMetric<Data>.sample(of: problem).widened
    try self.init(FullBatch(widening: problem), HeadMetric(problem, sample: sample), from: panels, history: history)
  }
}
