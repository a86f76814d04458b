import Training

/// A cell of a row.
public enum Value: Sendable, Hashable {
  /// Finite or not; integers are numbers without a fraction.
  case number(Double)
  case text(String)

  /// Nil for text.
  public var number: Double? {
    if case .number(let value) = self { return value }
    return nil
  }

  /// As in files and conditions: numbers as short as reads back to the same bits, `42` for whole ones.
  public var text: String {
    switch self {
    case .text(let text): text
    case .number(let value): value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
  }

  /// What a cell of a CSV file says.
  init(parsing text: String) { self = Double(text).map { .number($0) } ?? .text(text) }
}

extension Value: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  public init(stringLiteral value: String) { self = .text(value) }
}
