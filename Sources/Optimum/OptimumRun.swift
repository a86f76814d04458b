import LinearAlgebra
import Optimization
import Training

/// One fit: dual ascent while it gains, L-BFGS where it does not, certificates in between.
struct OptimumRun<Scalar: RealScalar> {
  private let problem: SoftmaxRegression.Problem<Scalar>
  private let options: SoftmaxRegression.Options
  private let clock: RunClock
  private var certifier: Certifier<Scalar>
  /// The point that was certified last, and in the end the result. While a method works it has a point of its own.
  private var panels: ClassPanels<Scalar>
  private let isWarm: Bool
  /// The point to start from, where that is kept if nothing better is found.
  private var kept: ClassPanels<Scalar>?
  private var iterations = 0
  /// Passes over the features so far, without those of the certifier.
  private var passes = 0
  /// The certificate of the method's point; nil where that has moved since the last was made.
  private var certificate: SoftmaxRegression.Certificate?
  private var outcome: SoftmaxRegression.Outcome?
  private var method = SoftmaxRegression.Method.quasiNewton

  init(_ problem: SoftmaxRegression.Problem<Scalar>, _ options: SoftmaxRegression.Options, _ start: [Scalar]?) throws {
    self.problem = problem
    self.options = options
    clock = RunClock(limit: options.timeLimit)
    certifier = try Certifier(problem)
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

  /// The mean of k_i up to which dual ascent is ahead of L-BFGS.
  private static var largestCondition: Double { 4 }

  private mutating func minimise(_ observer: inout some RunObserver) throws {
    if problem.l2 > 0, options.method != .quasiNewton, DualAscent.bytes(problem) <= options.dualBudget {
      let moments = try FeatureMoments(problem)
      let condition = DualAscent.condition(problem, moments)
      if options.method == .dual || condition <= Self.largestCondition, condition.isFinite {
        method = .dual
        try ascend(moments, &observer)
      }
    }
    if outcome == nil {
      method = .quasiNewton
      try descend(&observer)
    }
  }

  /// Tells of an iteration; sets the outcome if it is the last.
  private mutating func note(
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

  /// Makes the certificate of `panels`, whose bias it may improve.
  private mutating func certify() throws -> SoftmaxRegression.Certificate {
    var wide = panels.widened
    let result = try certifier.certify(&wide, tolerance: options.tolerance)
    panels.assignBias(of: wide)
    certificate = result
    if let gap = result.relativeGap, gap <= options.tolerance { outcome = .converged }
    if problem.l2 == 0, result.isSeparated { outcome = .separable }
    if problem.l2 == 0, !result.isSeparated, certifier.scaledGradientNorm <= options.tolerance { outcome = .converged }
    return result
  }

  /// Epochs of dual ascent until a certificate holds, or they gain too little.
  private mutating func ascend(_ moments: FeatureMoments<Scalar>, _ observer: inout some RunObserver) throws {
    var ascent = DualAscent(problem, moments: moments, seed: options.seed)
    if isWarm {
      try ascent.start(at: panels)
      passes += 2
    }
    // The bound is about so many times the mean of |p - q|^2: learnt from each certificate.
    var ratio = 10.0
    var (last, slow) = (Double.infinity, 0)
    while outcome == nil {
      let squares = try ascent.epoch()
      passes += 1
      certificate = nil
      guard squares.isFinite, ascent.isFinite else { break }
      // The next epoch will have gained about as much again as this one did when its last row was visited.
      let gain = last.isFinite ? min(1, squares / last) : 0.1
      slow = gain > 0.7 ? slow + 1 : 0
      last = squares
      var made: SoftmaxRegression.Certificate?
      if ratio * squares * gain <= 2 * options.tolerance {
        panels = ascent.panels
        made = try certify()
        if let gap = made?.relativeGap, gap.isFinite, squares > 0 { ratio = gap / (squares * gain) }
      }
      try note(objective: made?.objective, gap: ratio * squares * gain, made, &observer)
      if slow >= 2 { break }
    }
    guard certificate == nil else { return }
    panels =
      ascent.isFinite
      ? ascent.panels : ClassPanels(features: problem.width, classes: problem.classes)
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
      passes = before + descent.passes
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
