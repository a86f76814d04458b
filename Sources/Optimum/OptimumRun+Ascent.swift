import LinearAlgebra
import Optimization
import Training

/// When a look at the gap of dual ascent is worth its pass, by what the epochs say for free.
private struct AscentLooks {
  let tolerance: Double
  /// The gap over the divergence of the last visits times what they gained: learnt from each look.
  private var ratio = 2.0
  private var last = Double.infinity
  private var least = Double.infinity
  private var idle = 0

  init(tolerance: Double) { self.tolerance = tolerance }

  /// Takes the divergence of an epoch's visits.
  mutating func add(_ divergence: Double) -> Double {
    // The next epoch will have gained about as much again as this one did when its last row was visited.
    let gain = last.isFinite ? min(1, divergence / last) : 0.2
    last = divergence
    idle = divergence < 0.9 * least ? 0 : idle + 1
    least = min(least, divergence)
    return ratio * divergence * gain
  }

  /// Whether a look may find the tolerance, where the gap is guessed at so much.
  func isDue(_ guess: Double, objective: Double) -> Bool { guess <= 1.5 * tolerance * objective }

  /// Whether epochs have gained next to nothing for a while.
  var isStuck: Bool { idle >= 6 }

  mutating func learn(_ bound: Double, from guess: Double) {
    if bound.isFinite, bound > 0, guess > 0 { ratio = min(1e6, max(1e-3, ratio * bound / guess)) }
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
    var looks = AscentLooks(tolerance: options.tolerance)
    while outcome == nil {
      let epoch = try ascent.epoch()
      passes += 1
      certificate = nil
      guard epoch.divergence.isFinite, ascent.isFinite else { break }
      let guess = looks.add(epoch.divergence)
      let objective = epoch.loss + problem.l2 / 2 * ascent.panels.weightSquaredNorm
      var made: SoftmaxRegression.Certificate?
      if looks.isDue(guess, objective: objective) {
        made = try look(&gap, ascent)
        looks.learn(made?.gapBound ?? .infinity, from: guess)
      }
      try note(objective: made?.objective, gap: guess / objective, made, &observer)
      if looks.isStuck { break }
    }
    if certificate == nil, outcome != nil { _ = try look(&gap, ascent) }
    guard certificate == nil else { return }
    panels =
      ascent.isFinite ? ascent.panels : ClassPanels(features: problem.width, classes: problem.classes)
  }

  /// Looks at the gap, for half a pass in the data's precision; where that promises what is asked for and rounding may
  /// have made it so, again in double, for a pass.
  private mutating func look(
    _ gap: inout DualGap<Scalar, Scalar>, _ ascent: DualAscent<Scalar>
  ) throws -> SoftmaxRegression.Certificate {
    panels = ascent.panels
    let before = gap.passes
    let isFull = ascent.isBlended && options.tolerance < 1e-2
    let found = try gap.look(
      at: panels, duals: ascent.duals, distance: ascent.distance, isCentred: ascent.isCentred,
      blend: isFull ? 1 : nil, updates: ascent.updates)
    passes += gap.passes - before
    var result = SoftmaxRegression.Certificate(found)
    let allowed = options.tolerance * found.objective
    if found.bound <= allowed, found.blend > 0 || found.bound + found.rounding > allowed {
      result = try certifier.certify(panels.widened, duals: ascent.duals, blend: found.blend)
    }
    settle(result)
    return result
  }
}
