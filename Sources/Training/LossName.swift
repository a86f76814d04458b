import Losses

/// The losses that the command line and model files know by name.
public enum LossName: String, Sendable, Codable, CaseIterable {
  case crossEntropy = "cross-entropy"
  case squared, huber, poisson

  /// Nil for a loss of somebody's own.
  public init?(_ loss: any Loss) {
    switch loss {
    case is CrossEntropy: self = .crossEntropy
    case is SquaredLoss: self = .squared
    case is HuberLoss: self = .huber
    case is PoissonLoss: self = .poisson
    default: return nil
    }
  }

  /// - Parameter huberDelta: above 0, in units of the targets as they are trained on.
  public func loss(huberDelta: Double = 1) -> any Loss {
    switch self {
    case .crossEntropy: CrossEntropy()
    case .squared: SquaredLoss()
    case .huber: HuberLoss(delta: huberDelta)
    case .poisson: PoissonLoss()
    }
  }

  /// What it wants of files.
  public var targetKind: TargetKind {
    switch self {
    case .crossEntropy: .classes
    case .squared, .huber: .measurements
    case .poisson: .numbers
    }
  }

  /// Whether targets are standardised unless somebody says otherwise: no loss of differences minds.
  public var standardizesTargets: Bool { targetKind == .measurements }
}

/// What the labels in files are taken for.
public enum TargetKind: Sendable {
  case classes
  /// Numbers, but not those that must be class numbers: arrays of an integer type, and columns of text with nothing
  /// but whole numbers, a hundred different ones at most.
  case measurements
  /// Whatever numbers there are, such as counts.
  case numbers
}
