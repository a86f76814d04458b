import LinearAlgebra
import Optimization
import Training

/// One fit: dual ascent while it gains, L-BFGS where it does not, certificates in between.
struct OptimumRun<Scalar: RealScalar> {
  let problem: SoftmaxRegression.Problem<Scalar>
  let options: SoftmaxRegression.Options
  let moments: FeatureMoments<Scalar>
  private let clock: RunClock
  var certifier: Certifier<Scalar>
  /// The point that was certified last, and in the end the result. While a method works it has a point of its own.
  var panels: ClassPanels<Scalar>
  let isWarm: Bool
  /// The point to start from, where that is kept if nothing better is found.
  private var kept: ClassPanels<Scalar>?
  private var iterations = 0
  /// Passes over the features so far, without those of the certifier.
  var passes = 0.0
  /// The certificate of the method's point; nil where that has moved since the last was made.
  var certificate: SoftmaxRegression.Certificate?
  var outcome: SoftmaxRegression.Outcome?
  var method = SoftmaxRegression.Method.quasiNewton

  init(_ problem: SoftmaxRegression.Problem<Scalar>, _ options: SoftmaxRegression.Options, _ start: [Scalar]?) throws {
    self.problem = problem
    self.options = options
    clock = RunClock(limit: options.timeLimit)
    moments = try FeatureMoments(problem)
    certifier = try Certifier(problem, moments)
    isWarm = start != nil
    panels =
      start.map { ClassPanels(features: problem.width, classes: problem.classes, values: $0) }
      ?? ClassPanels(features: problem.width, classes: problem.classes)
    guard panels.elements.squaredNorm(in: panels.elements.indices).isFinite else {
      throw DataError("", "expected finite weights to start from; standardise the features")
    }
    if !problem.hasIntercept { for k in panels.biasRange { panels.elements[k] = 0 } }
    if options.keepsStart { kept = start == nil ? nil : panels }
  }

  mutating func run(_ observer: inout some RunObserver) throws -> SoftmaxRegression.Result<Scalar> {
    try minimise(&observer)
    var certificate = try certificate ?? certify()
    if let kept {
      let found = panels
      // Compared in double, as the certificate may be of a look that was not.
      certificate.objective = try certifier.objective(panels.widened)
      panels = kept
      let ofStart = try certify()
      if ofStart.objective < certificate.objective || !certificate.objective.isFinite {
        certificate = ofStart
      } else {
        panels = found
      }
    }
    return SoftmaxRegression.Result(
      values: panels.values(hasBias: problem.hasIntercept), outcome: outcome ?? .iterationLimit,
      certificate: certificate, iterations: iterations, passes: passes + certifier.passes, seconds: clock.wallSeconds,
      method: method)
  }

  private mutating func minimise(_ observer: inout some RunObserver) throws {
    if problem.l2 > 0, options.method != .quasiNewton, DualAscent.bytes(problem) <= options.dualBudget {
      let condition = AscentScale.condition(problem, moments)
      if options.method == .dual || condition <= AscentScale.largestCondition, condition.isFinite {
        method = .dual
        try ascend(&observer)
      }
    }
    if outcome == nil {
      method = .quasiNewton
      try descend(&observer)
    }
  }

  /// Tells of an iteration; sets the outcome if it is the last.
  mutating func note(
    objective: Double?, gap: Double?, _ made: SoftmaxRegression.Certificate?, _ observer: inout some RunObserver
  ) throws {
    iterations += 1
    try observer.partEnded(
      SoftmaxRegression.Progress(
        iteration: iterations, method: method, passes: passes + certifier.passes, seconds: clock.wallSeconds,
        objective: objective, gapEstimate: made?.relativeGap ?? gap, certificate: made))
    let stops = observer.wantsToStop
    if outcome != nil { return }
    if iterations >= options.iterations { outcome = .iterationLimit }
    if clock.isOver { outcome = .timeLimit }
    if stops { outcome = .interrupted }
  }

  /// Makes the certificate of `panels` at q = p, whose bias it may improve.
  private mutating func certify() throws -> SoftmaxRegression.Certificate {
    var wide = panels.widened
    let result = try certifier.certify(&wide, tolerance: options.tolerance)
    panels.assignBias(of: wide)
    settle(result)
    if problem.l2 == 0, result.isSeparated { outcome = .separable }
    if problem.l2 == 0, !result.isSeparated, certifier.scaledGradientNorm <= options.tolerance { outcome = .converged }
    return result
  }

  /// Takes a certificate of `panels`.
  mutating func settle(_ result: SoftmaxRegression.Certificate) {
    certificate = result
    if let gap = result.relativeGap, gap <= options.tolerance { outcome = .converged }
  }

  /// Steps of L-BFGS until a certificate holds: in the data's precision, and from where that ends in double.
  private mutating func descend(_ observer: inout some RunObserver) throws {
    try descend(QuasiNewton(problem, from: panels, history: options.history), &observer) { $0 }
    guard outcome == nil, Scalar.self != Double.self else {
      outcome = outcome ?? .precisionLimit
      return
    }
    try descend(QuasiNewton(widening: problem, from: panels.widened, history: options.history), &observer) {
      ClassPanels(features: $0.features, classes: $0.classes, values: $0.values(hasBias: true).map { Scalar($0) })
    }
    outcome = outcome ?? .precisionLimit
  }

  private mutating func descend<Work>(
    _ start: QuasiNewton<Scalar, Work>, _ observer: inout some RunObserver,
    _ convert: (ClassPanels<Work>) -> ClassPanels<Scalar>
  ) throws {
    var descent = start
    let before = passes
    var moved = true
    // The certified gap over the estimate: learnt from certificates that did not hold.
    var ratio = 1.0
    while outcome == nil, moved {
      moved = try descent.step()
      passes = before + Double(descent.passes)
      certificate = nil
      let gap = estimate(descent)
      var made: SoftmaxRegression.Certificate?
      if !moved || isDue(descent, gap.map { $0 * ratio }) {
        panels = convert(descent.panels)
        made = try certify()
      }
      if let certified = made?.relativeGap, let gap, gap > 0 { ratio = min(8, max(1, certified / gap / 2)) }
      try note(objective: descent.value.objective, gap: gap, made, &observer)
    }
    if certificate == nil { panels = convert(descent.panels) }
  }

  /// Whether a certificate may hold, by what the working precision knows.
  private func isDue<Work>(_ descent: QuasiNewton<Scalar, Work>, _ gap: Double?) -> Bool {
    gap.map { $0 <= options.tolerance } ?? (descent.value.rowsBehind == 0 || descent.gradientNorm <= options.tolerance)
  }

  /// The bound on the gap over the objective, by what the working precision knows; nil without a penalty.
  private func estimate<Work>(_ descent: QuasiNewton<Scalar, Work>) -> Double? {
    guard problem.l2 > 0 else { return nil }
    return descent.squaredWeightGradient / (2 * problem.l2) / descent.value.objective
  }
}

extension ClassPanels {
  /// Takes the bias of `other`, the panels of a point with the same weights in double.
  fileprivate mutating func assignBias(of other: ClassPanels<Double>) {
    for (k, j) in zip(biasRange, other.biasRange) { elements[k] = Scalar(other.elements[j]) }
  }
}
