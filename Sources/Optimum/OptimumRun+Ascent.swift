import LinearAlgebra
import Optimization
import Training

/// When a look at the gap of dual ascent is worth its pass, by what the epochs say for free.
private struct AscentLooks {
  let tolerance: Double
  /// Whether looks take the better of q and p.
  let isBlended: Bool
  /// The gap that a look found over what was guessed.
  private var ratio = 1.0
  private var last = Double.infinity
  private var least = Double.infinity
  private var idle = 0

  init(tolerance: Double, isBlended: Bool) { (self.tolerance, self.isBlended) = (tolerance, isBlended) }

  /// Takes the divergence of an epoch's visits over the objective, and guesses the gap over it.
  ///
  /// Where q lags behind p, the gap at q = p falls as a power of the divergence. (Both factors are from measurements; a
  /// look corrects them.)
  mutating func add(_ divergence: Double) -> Double {
    // The next epoch will have gained about as much again as this one did when its last row was visited.
    let next = divergence * (last.isFinite ? min(1, divergence / last) : 0.2)
    last = divergence
    idle = divergence < 0.9 * least ? 0 : idle + 1
    least = min(least, divergence)
    return ratio * (isBlended ? min(2 * next, 8 * next * next.squareRoot()) : 2 * next)
  }

  /// Whether a look may find the tolerance.
  func isDue(_ guess: Double) -> Bool { guess <= (isBlended ? 1 : 1.2) * tolerance }

  /// Whether epochs have gained next to nothing for a while.
  var isStuck: Bool { idle >= 6 }

  mutating func learn(_ gap: Double, from guess: Double) {
    if gap.isFinite, gap > 0, guess > 0 { ratio = min(1e3, max(1e-3, ratio * gap / guess)) }
  }
}

extension OptimumRun {
  /// Epochs of dual ascent until a certificate holds, or they gain too little.
  mutating func ascend(_ observer: inout some RunObserver) throws {
    var ascent = DualAscent(problem, moments: moments, seed: options.seed)
    var gap = try DualGap(problem, moments)
    if isWarm {
      try ascent.start(at: panels)
      passes += 2
    }
    var looks = AscentLooks(tolerance: options.tolerance, isBlended: ascent.isBlended)
    while outcome == nil {
      let epoch = try ascent.epoch()
      passes += 1
      certificate = nil
      guard epoch.divergence.isFinite, ascent.isFinite else { break }
      let objective = problem.objective.value(
        meanLoss: epoch.loss, squaredNorm: ascent.panels.weightSquaredNorm)
      let guess = looks.add(epoch.divergence / objective)
      var made: SoftmaxRegression.Certificate?
      if looks.isDue(guess) {
        let promise = try look(&gap, ascent)
        made = certificate
        looks.learn(promise, from: guess)
      }
      try note(objective: made?.objective, gap: guess, made, &observer)
      if looks.isStuck { break }
    }
    if certificate == nil, outcome != nil { _ = try look(&gap, ascent) }
    guard certificate == nil else { return }
    panels =
      ascent.isFinite ? ascent.panels : ClassPanels(features: problem.width, classes: problem.classes)
  }

  /// Looks at the gap in the data's precision: for half a pass, or a whole one where q lags behind p. Where that promises
  /// what is asked for but does not prove it, dual variables that are tilted to meet the constraint of the bias do, for a
  /// pass: in the data's precision where rounding leaves that open, otherwise in double.
  ///
  /// - Returns: what the gap over the objective promises to be.
  private mutating func look(
    _ gap: inout DualGap<Scalar, Scalar>, _ ascent: DualAscent<Scalar>
  ) throws -> Double {
    panels = ascent.panels
    let before = gap.passes
    defer { passes += gap.passes - before }
    var curvature = ClassCurvature(
      probabilities: Matrix(rows: problem.count, columns: problem.classes, elements: ascent.duals),
      weights: problem.weights)
    let duals = DualGap<Scalar, Scalar>.Duals(
      values: ascent.duals, distance: ascent.distance, isCentred: ascent.isCentred, updates: ascent.updates,
      curvature: curvature.diagonal)
    var found = try gap.look(at: panels, duals, blend: ascent.isBlended ? 1 : nil)
    let allowed = options.tolerance * found.objective
    func isProved(_ found: DualGap<Scalar, Scalar>.Found) -> Bool { found.bound + found.rounding <= allowed }
    var result = SoftmaxRegression.Certificate(found)
    let (blend, promise) = (found.blend, found.promise)
    guard !isProved(found), promise <= allowed else {
      settle(result)
      return promise / found.objective
    }
    var tilt = problem.hasIntercept ? curvature.solve(found.residuals) : nil
    if promise + found.roundingOfProduct <= allowed {
      found = try gap.look(at: panels, .init(values: ascent.duals), blend: blend, tilt: tilt)
      result = SoftmaxRegression.Certificate(found)
      guard !isProved(found), found.promise <= allowed else {
        settle(result)
        return found.promise / found.objective
      }
      if let last = tilt, let more = curvature.solve(found.residuals) { tilt = zip(last, more).map { $0 + $1 } }
    }
    result = try certifier.certify(
      panels.widened, duals: ascent.duals, blend: blend, tilt: tilt, curvature: &curvature,
      tolerance: options.tolerance)
    settle(result)
    return promise / found.objective
  }
}
