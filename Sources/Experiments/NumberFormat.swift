import Training

/// How a number is written.
public enum NumberFormat: Sendable, Hashable {
  /// So many significant digits.
  case significant(Int)
  /// So many decimals.
  case fixed(Int)
  /// A fraction as percent, with so many decimals.
  case percent(Int)
}

extension NumberFormat {
  /// "none" where there is no value.
  func text(_ value: Double?) -> String {
    guard let value else { return "none" }
    switch self {
    case .significant(let digits): return NumberText.significant(value, digits)
    case .fixed(let digits): return NumberText.fixed(value, digits)
    case .percent(let digits): return NumberText.fixed(100 * value, digits) + " %"
    }
  }
}
