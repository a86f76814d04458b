import LinearAlgebra
import Training

/// One fit: dual ascent while it gains, L-BFGS where it does not, certificates in between.
struct OptimumRun<Scalar: RealScalar> {
  private let problem: SoftmaxProblem<Scalar>
  private let options: OptimumOptions
  private let watch: (OptimumProgress) -> Bool
  private let clock = ContinuousClock()
  private let began: ContinuousClock.Instant
  private var certifier: Certifier<Scalar>
  private var panels: ClassPanels<Scalar>
  private let isWarm: Bool
  private var iterations = 0
  /// Of what is not the certifier's.
  private var passes = 0
  private var certificate: Certificate?
  private var outcome: OptimumOutcome?
  private var method = OptimumMethod.quasiNewton

  init(
    _ problem: SoftmaxProblem<Scalar>, _ options: OptimumOptions, _ start: [Scalar]?,
    watch: @escaping (OptimumProgress) -> Bool
  ) throws {
    self.problem = problem
    self.options = options
    self.watch = watch
    began = clock.now
    certifier = try Certifier(problem)
    isWarm = start != nil
    panels =
      start.map { ClassPanels(features: problem.width, classes: problem.classes, values: $0) }
      ?? ClassPanels(features: problem.width, classes: problem.classes)
    guard panels.elements.squaredNorm(in: panels.elements.indices).isFinite else {
      throw DataError("", "expected finite weights to start from; standardise the features")
    }
    if !problem.hasIntercept { for k in panels.biasRange { panels.elements[k] = 0 } }
  }

  mutating func run() throws -> OptimumResult<Scalar> {
    try minimise()
    let certificate = try certificate ?? certify()
    return OptimumResult(
      values: panels.values(hasBias: problem.hasIntercept), outcome: outcome ?? .iterationLimit,
      certificate: certificate, iterations: iterations, passes: passes + certifier.passes, seconds: seconds,
      method: method)
  }

  private var seconds: Double {
    let elapsed = clock.now - began
    return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
  }

  /// The mean of k_i up to which dual ascent is ahead of L-BFGS.
  private static var largestCondition: Double { 4 }

  private mutating func minimise() throws {
    if problem.l2 > 0, options.method != .quasiNewton, DualAscent.bytes(problem) <= options.dualBudget {
      let moments = try FeatureMoments(problem)
      let condition = DualAscent.condition(problem, moments)
      if options.method == .dual || condition <= Self.largestCondition, condition.isFinite {
        method = .dual
        try ascend(moments)
      }
    }
    if outcome == nil {
      method = .quasiNewton
      try descend()
    }
  }

  /// Notes an iteration; sets the outcome if it is the last.
  private mutating func note(objective: Double?, gap: Double?, _ made: Certificate?) {
    iterations += 1
    let goes = watch(
      OptimumProgress(
        iteration: iterations, method: method, passes: passes + certifier.passes, seconds: seconds,
        objective: objective, gapEstimate: made?.relativeGap ?? gap, certificate: made))
    if outcome != nil { return }
    if iterations >= options.iterations { outcome = .iterationLimit }
    if let limit = options.timeLimit, seconds >= limit { outcome = .timeLimit }
    if !goes { outcome = .interrupted }
  }

  /// The certificate of the point; what it does to the bias is kept.
  private mutating func certify() throws -> Certificate {
    var wide = panels.widened
    let result = try certifier.certify(&wide, tolerance: options.tolerance)
    panels.assignBias(of: wide)
    certificate = result
    if let gap = result.relativeGap, gap <= options.tolerance { outcome = .converged }
    if problem.l2 == 0, result.isSeparated { outcome = .separable }
    if problem.l2 == 0, !result.isSeparated, result.gradientNorm <= options.tolerance { outcome = .converged }
    return result
  }

  /// Epochs of dual ascent until a certificate holds, or they gain too little.
  private mutating func ascend(_ moments: FeatureMoments<Scalar>) throws {
    var ascent = DualAscent(problem, moments: moments, seed: options.seed)
    if isWarm {
      try ascent.start(at: panels)
      passes += 2
    }
    // The bound is about so many times the mean of |p - q|^2: learnt from each certificate.
    var ratio = 10.0
    var (last, slow) = (Double.infinity, 0)
    panels = ClassPanels(features: 1, classes: 1)
    while outcome == nil {
      let squares = try ascent.epoch()
      passes += 1
      certificate = nil
      guard squares.isFinite, ascent.isFinite else { break }
      // The next epoch will have gained about as much again as this one did when its last row was visited.
      let gain = last.isFinite ? min(1, squares / last) : 0.1
      slow = gain > 0.7 ? slow + 1 : 0
      last = squares
      var made: Certificate?
      if ratio * squares * gain <= 2 * options.tolerance {
        panels = ascent.panels
        made = try certify()
        if let gap = made?.relativeGap, gap.isFinite, squares > 0 { ratio = gap / (squares * gain) }
      }
      note(objective: made?.objective, gap: ratio * squares * gain, made)
      if slow >= 2 { break }
      // Held here as well, the weights would be copied in the next epoch.
      if outcome == nil { panels = ClassPanels(features: 1, classes: 1) }
    }
    guard certificate == nil else { return }
    panels =
      ascent.isFinite
      ? ascent.panels : ClassPanels(features: problem.width, classes: problem.classes)
  }

  /// Steps of L-BFGS until a certificate holds: in the data's precision, and from where that ends in double.
  private mutating func descend() throws {
    try descend(QuasiNewton(problem, from: panels, history: options.history)) { $0 }
    guard outcome == nil, Scalar.self != Double.self else {
      outcome = outcome ?? .precisionLimit
      return
    }
    try descend(QuasiNewton(widening: problem, from: panels.widened, history: options.history)) {
      ClassPanels(features: $0.features, classes: $0.classes, values: $0.values(hasBias: true).map { Scalar($0) })
    }
    outcome = outcome ?? .precisionLimit
  }

  private mutating func descend<Work>(
    _ start: QuasiNewton<Scalar, Work>, _ convert: (ClassPanels<Work>) -> ClassPanels<Scalar>
  ) throws {
    var descent = start
    let before = passes
    var moved = true
    // The certified gap over the estimate: learnt from certificates that did not hold.
    var ratio = 1.0
    while outcome == nil, moved {
      moved = try descent.step()
      panels = convert(descent.panels)
      passes = before + descent.passes
      certificate = nil
      let gap = estimate(descent)
      let made = !moved || isDue(descent, gap.map { $0 * ratio }) ? try certify() : nil
      if let certified = made?.relativeGap, let gap, gap > 0 { ratio = min(8, max(1, certified / gap / 2)) }
      note(objective: descent.value.objective, gap: gap, made)
    }
  }

  /// Whether a certificate may hold, by what the working precision knows.
  private func isDue<Work>(_ descent: QuasiNewton<Scalar, Work>, _ gap: Double?) -> Bool {
    gap.map { $0 <= options.tolerance } ?? (descent.value.behind == 0 || descent.gradientNorm <= options.tolerance)
  }

  private func estimate<Work>(_ descent: QuasiNewton<Scalar, Work>) -> Double? {
    guard problem.l2 > 0 else { return nil }
    return descent.squaredWeightGradient / (2 * problem.l2) / descent.value.objective
  }
}

extension ClassPanels {
  /// Takes the bias of the same panels in double.
  fileprivate mutating func assignBias(of other: ClassPanels<Double>) {
    for (k, j) in zip(biasRange, other.biasRange) { elements[k] = Scalar(other.elements[j]) }
  }
}
