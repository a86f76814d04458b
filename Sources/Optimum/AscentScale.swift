import LinearAlgebra

/// How dual ascent is scaled to a problem: the proximal term that it is accelerated with, and what follows from it.
///
/// k, the variance of the features over N l2, says how far the logits of an example move when its dual variable does.
/// Ascent by itself gains a digit an epoch at k = 1, and slows down in proportion to k. With a term (kappa / 2) |W -
/// V|^2 beside the penalty, k is `target` for each epoch, and V moves on with momentum (Catalyst: Lin, Mairal and
/// Harchaoui 2015): the rate is then 1 - sqrt(target / k) an epoch.
struct AscentScale: Sendable {
  let l2: Double
  /// kappa, at least 0.
  let proximal: Double
  /// gamma in the size 1 / (1 + gamma k_i) of a step, after the first epoch.
  let curvature: Double
  /// The momentum is at most this: more than an l2-strongly convex objective bears does not converge.
  let largestMomentum: Double
  /// What the square of a constant feature would be: the penalty of the bias is l2 + kappa over this.
  let biasSquare: Double
  /// k of the problem that an epoch ascends; a step takes 1 / (1 + curvature lag) of the way to p.
  let lag: Double
  /// Rows that may move at once.
  let blockSize: Int

  /// l2 + kappa.
  var total: Double { l2 + proximal }

  /// k up to which ascent with this many classes needs no proximal term, and what it is brought down to above. (From
  /// measurements: many classes bear more.)
  static func target(classes: Int) -> Double { classes <= 32 ? 2 : min(16, max(8, Double(classes) / 8)) }

  /// Above this k even accelerated epochs gain too little.
  static var largestCondition: Double { 1000 }

  /// k.
  static func condition<S>(_ problem: SoftmaxRegression.Problem<S>, _ moments: FeatureMoments<S>) -> Double {
    moments.variance / (Double(problem.count) * problem.l2)
  }

  init<S>(_ problem: SoftmaxRegression.Problem<S>, _ moments: FeatureMoments<S>) {
    let (count, target) = (Double(problem.count), Self.target(classes: problem.classes))
    l2 = problem.l2
    proximal = max(0, moments.variance / (count * target) - l2)
    lag = moments.variance / (count * (l2 + proximal))
    curvature = target < 8 ? 0.3 : 0.25
    let root = min(1, (target / Self.condition(problem, moments)).squareRoot())
    largestMomentum = (1 - root) / (1 + root)
    biasSquare = problem.hasIntercept ? 0.3 * moments.variance : 0
    // Together the rows of a block must not overshoot in the directions that all rows share, the mean of the features
    // and the bias, whose curvature is that of the largest class.
    let largest = problem.classShares.max() ?? 1
    let squaredMean = moments.centring == nil ? max(0, moments.meanSquare - moments.variance) : 0
    let shared = (squaredMean + biasSquare) * largest * max(1 - largest, 0.1)
    let most = shared > 0 ? 1.6 * count * (l2 + proximal) / shared : 96
    blockSize = max(6, Int(min(96, most)) / 6 * 6)
  }
}
