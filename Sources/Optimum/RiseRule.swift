/// When a path has gone too far down, by the losses of its points alone.
struct RiseRule {
  private let patience: Int?
  private let margin: Double
  private(set) var best = Double.infinity
  private var last = Double.infinity
  private var rises = 0

  init(_ options: PathOptions) {
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
    let isWorse = isClearlyWorse(loss, spread: spread)
    rises = loss <= last ? 0 : rises + 1
    last = loss
    if loss < best { best = loss }
    return isWorse && patience.map { rises >= $0 } ?? false
  }

  /// Whether the last point was worse than the one before: then the next is fitted roughly first.
  var isRising: Bool { patience != nil && rises > 0 }
}
