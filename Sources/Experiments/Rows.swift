/// The rows of an experiment, and what they say.
///
/// ```swift
/// let rows = Rows([Row(["classes": 2, "error": 1e-15]), Row(["classes": 10, "error": 0.4])])
/// let worst = rows.number("maximum of error where classes=2")
/// print(rows.where("classes>2").values(of: "error"), worst.value ?? .nan)
/// ```
public struct Rows: Sendable {
  public let all: [Row]

  public init(_ rows: [Row]) { all = rows }

  public var count: Int { all.count }
  public var isEmpty: Bool { all.isEmpty }

  /// Those that meet all of the conditions, such as `"classes=10, method!=adam, damping<1e-3"`.
  public func `where`(_ conditions: String) -> Rows {
    let list = Condition.list(conditions)
    return Rows(all.filter { row in list.allSatisfy { $0.holds(of: row) } })
  }

  /// The different values of a column, numbers in ascending order and then texts in order of appearance.
  public func values(of column: String) -> [Value] {
    var seen: Set<Value> = []
    let found = all.compactMap { $0[column] }.filter { seen.insert($0).inserted }
    let numbers = found.compactMap(\.number).sorted().map { Value.number($0) }
    return numbers + found.filter { $0.number == nil }
  }

  /// The column's numbers, row by row.
  public func numbers(_ column: String) -> [Double] { all.compactMap { $0[column]?.number } }

  /// A number for a statement: see `Query` for the language.
  public func number(_ query: String, as form: NumberFormat = .significant(2)) -> Quoted {
    let query = Query(query)
    return Quoted(query: query.description, value: query.value(all), form: form)
  }
}

/// A number and the query that gives it.
public struct Quoted: Sendable, Hashable {
  public let query: String
  /// Nil if no row says anything.
  public let value: Double?
  let form: NumberFormat

  /// As it is written; "none" where there is no value.
  public var text: String { form.text(value) }
}
