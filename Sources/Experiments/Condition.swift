/// A condition on a row: `classes=10`, `method!=adam`, `damping<1e-3`. A row without the column meets no condition on
/// it.
struct Condition: Sendable, Hashable, CustomStringConvertible {
  enum Relation: String, CaseIterable, Sendable {
    // Longer ones first: they are looked for in this order.
    case notEqual = "!="
    case atLeast = ">="
    case atMost = "<="
    case equal = "="
    case above = ">"
    case below = "<"
  }

  var column: String
  var relation: Relation
  var value: Value

  /// Nil for text without a relation.
  init?(_ text: some StringProtocol) {
    for relation in Relation.allCases {
      guard let range = text.firstRange(of: relation.rawValue) else { continue }
      column = String(text[..<range.lowerBound])
      self.relation = relation
      value = Value(parsing: String(text[range.upperBound...]))
      return
    }
    return nil
  }

  var description: String { "\(column)\(relation.rawValue)\(value.text)" }

  /// Conditions with commas between them.
  static func list(_ text: some StringProtocol) -> [Condition] {
    text.split(separator: ",").map { part in
      let trimmed = part.drop { $0 == " " }
      guard let condition = Condition(trimmed) else { preconditionFailure("no condition: \"\(trimmed)\"") }
      return condition
    }
  }

  func holds(of row: Row) -> Bool {
    guard let cell = row[column] else { return false }
    switch (relation, cell, value) {
    case (.equal, _, _): return cell == value
    case (.notEqual, _, _): return cell != value
    case (.atLeast, .number(let a), .number(let b)): return a >= b
    case (.atMost, .number(let a), .number(let b)): return a <= b
    case (.above, .number(let a), .number(let b)): return a > b
    case (.below, .number(let a), .number(let b)): return a < b
    default: return false
    }
  }
}
