/// When a path has gone too far down, by the losses of its points alone.
struct RiseRule {
  private let patience: Int?
  private let margin: Double
  private(set) var best = Double.infinity
  private var last = Double.infinity
  private var rises = 0
  /// Whether the last point was clearly worse than the best: then the next is fitted roughly first.
  private(set) var isRising = false

  init(_ options: SoftmaxRegression.PathOptions) {
    (patience, margin) = (options.patience, options.margin)
  }

  /// Whether a loss is clearly above the best, and above the last.
  ///
  /// - Parameter spread: how far it may be off against the best.
  func isClearlyWorse(_ loss: Double, spread: Double = 0) -> Bool {
    !(loss <= last) && !(loss <= best * (1 + margin) + spread)
  }

  /// Notes the loss of a point.
  ///
  /// - Returns: whether the path ends here.
  mutating func note(_ loss: Double, spread: Double = 0) -> Bool {
    isRising = patience != nil && isClearlyWorse(loss, spread: spread)
    rises = loss <= last ? 0 : rises + 1
    last = loss
    if loss < best { best = loss }
    return isRising && patience.map { rises >= $0 } ?? false
  }
}
