/// A sentence whose numbers come from rows: `"at most \(rows.number("maximum of error"))"`.
public struct Statement: Sendable, Hashable, ExpressibleByStringInterpolation {
  enum Piece: Sendable, Hashable {
    case text(String)
    case number(Quoted)
  }

  private(set) var pieces: [Piece] = []

  public init(stringLiteral value: String) { pieces = [.text(value)] }
  public init(stringInterpolation: StringInterpolation) { pieces = stringInterpolation.pieces }

  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate(set) var pieces: [Piece] = []

    public init(literalCapacity: Int, interpolationCount: Int) {}

    public mutating func appendLiteral(_ literal: String) { pieces.append(.text(literal)) }
    public mutating func appendInterpolation(_ number: Quoted) { pieces.append(.number(number)) }
    /// "none" for nil.
    public mutating func appendInterpolation(_ number: Quoted?) {
      pieces.append(number.map { .number($0) } ?? .text("none"))
    }
    public mutating func appendInterpolation(_ statement: Statement) { pieces += statement.pieces }
    /// A setting, such as `clinc150` or a damping: written as code.
    public mutating func appendInterpolation(setting: some CustomStringConvertible) {
      pieces.append(.text("`\(setting)`"))
    }
  }

  /// The parts with `separator` between them.
  public static func joined(_ parts: [Statement], separator: String = "; ") -> Statement {
    var result: Statement = ""
    result.pieces = Array(parts.map(\.pieces).joined(separator: [.text(separator)]))
    return result
  }

  /// For people, without sources.
  public var text: String {
    pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .number(let number): number.text
      }
    }.joined()
  }
}

/// What the rows say to a claim.
public enum Verdict: Sendable, Hashable {
  case holds(Statement)
  /// Says which limits.
  case holdsWithinLimits(Statement)
  /// Says where.
  case fails(Statement)
  /// Says what was missing.
  case notMeasured(Statement)

  public var title: String {
    switch self {
    case .holds: "holds"
    case .holdsWithinLimits: "holds within limits"
    case .fails: "fails"
    case .notMeasured: "not measured"
    }
  }

  public var statement: Statement {
    switch self {
    case .holds(let statement), .holdsWithinLimits(let statement), .fails(let statement), .notMeasured(let statement):
      statement
    }
  }
}
