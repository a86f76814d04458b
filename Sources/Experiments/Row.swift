/// One measurement: cells by column.
///
/// ```swift
/// var row = Row(["classes": 10, "method": "fgn", "relativeError": 0.03])
/// row["seed"] = 1
/// ```
///
/// Columns whose name ends in `Seconds` are timing: two runs with the same seeds differ in them, and in nothing else.
public struct Row: Sendable, Hashable {
  public private(set) var cells: [String: Value]

  public init(_ cells: [String: Value] = [:]) { self.cells = cells }

  /// Setting nil takes the column away.
  public subscript(column: String) -> Value? {
    get { cells[column] }
    set { cells[column] = newValue }
  }

  /// Columns of `other` added to one's own, or in their place.
  public func merging(_ other: Row) -> Row { Row(cells.merging(other.cells) { $1 }) }

  /// Whether a column is timing.
  public static func isTiming(_ column: String) -> Bool { column.hasSuffix("Seconds") }
}

extension Row: Codable {
  public init(from decoder: any Decoder) throws {
    cells = try decoder.singleValueContainer().decode([String: Value].self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(cells)
  }
}

extension Value: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    }
  }
}

extension Row {
  /// Who first, then what was measured by name, then where: the order of a table.
  var ordered: [(column: String, text: String)] {
    let first = ["experiment", "case", "seed"]
    let own = cells.keys.filter { !first.contains($0) && !Stamp.columns.contains($0) }.sorted()
    return (first + own + Stamp.columns).compactMap { column in cells[column].map { (column, $0.text) } }
  }
}
