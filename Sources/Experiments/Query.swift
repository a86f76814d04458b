import Comparison
import RealModule

/// A number that rows say, as text that people and programs read:
///
///     mean of relativeError where classes=10, damping<1e-3
///     exponent of cpuSeconds by classes where method=fgn
///     standardError of loss where set=letter, method=fgn less method=adam
///
/// The last pairs rows by seed: the same conditions, but `method=adam`; `less` takes differences, `over` ratios. Rows
/// without the column, or with text in it, do not count; several rows of one seed count by their mean there.
struct Query: Sendable, Hashable, CustomStringConvertible {
  enum Statistic: String, CaseIterable, Sendable {
    case mean, deviation, standardError, minimum, maximum, median, sum, count
    /// Slope of the logarithm of the column against that of another, by least squares.
    case exponent
  }

  enum Pairing: String, CaseIterable, Sendable { case less, over }

  var statistic: Statistic
  var column: String
  /// What an exponent is against.
  var against: String?
  var conditions: [Condition] = []
  var pairing: Pairing?
  var overrides: [Condition] = []

  /// A query that cannot be read is a mistake of the programmer.
  init(_ text: String) {
    var rest = Substring(text)
    func cut(_ word: String) -> Substring? {
      guard let range = rest.firstRange(of: " \(word) ") else { return nil }
      let tail = rest[range.upperBound...]
      rest = rest[..<range.lowerBound]
      return tail
    }
    for kind in Pairing.allCases {
      guard let tail = cut(kind.rawValue) else { continue }
      pairing = kind
      overrides = Condition.list(tail)
    }
    if let tail = cut("where") { conditions = Condition.list(tail) }
    against = cut("by").map(String.init)
    guard let name = cut("of"), let statistic = Statistic(rawValue: String(rest)) else {
      preconditionFailure("no query: \"\(text)\"; expected STATISTIC of COLUMN")
    }
    precondition(
      (statistic == .exponent) == (against != nil), "\"\(text)\": an exponent is by a column, nothing else is")
    self.statistic = statistic
    column = String(name)
  }

  var description: String {
    var text = "\(statistic.rawValue) of \(column)"
    if let against { text += " by \(against)" }
    func list(_ conditions: [Condition]) -> String { conditions.map(\.description).joined(separator: ", ") }
    if !conditions.isEmpty { text += " where \(list(conditions))" }
    if let pairing { text += " \(pairing.rawValue) \(list(overrides))" }
    return text
  }

  /// With another condition.
  func adding(_ condition: Condition) -> Query {
    var result = self
    result.conditions.append(condition)
    return result
  }

  /// With another statistic.
  func taking(_ statistic: Statistic) -> Query {
    var result = self
    result.statistic = statistic
    return result
  }

  /// Nil where no row says anything.
  func value(_ rows: [Row]) -> Double? {
    if let against {
      let points = rows.filter(holds).compactMap { row -> (Double, Double)? in
        guard let x = row[against]?.number, let y = row[column]?.number, x > 0, y > 0 else { return nil }
        return (Double.log(x), Double.log(y))
      }
      return Self.slope(points)
    }
    return statistic.value(pairing == nil ? rows.filter(holds).compactMap { $0[column]?.number } : pairs(rows))
  }

  private func holds(_ row: Row) -> Bool { conditions.allSatisfy { $0.holds(of: row) } }

  private func pairs(_ rows: [Row]) -> [Double] {
    let replaced = Set(overrides.map(\.column))
    let second = conditions.filter { !replaced.contains($0.column) } + overrides
    let (a, b) = (means(rows, conditions), means(rows, second))
    return a.keys.sorted().compactMap { seed in
      b[seed].map { pairing == .less ? a[seed]! - $0 : a[seed]! / $0 }
    }
  }

  private func means(_ rows: [Row], _ conditions: [Condition]) -> [Double: Double] {
    let matching = rows.filter { row in conditions.allSatisfy { $0.holds(of: row) } }
    let numbers = matching.compactMap { row in row[column]?.number.map { (row["seed"]?.number ?? 0, $0) } }
    return Dictionary(grouping: numbers, by: \.0).mapValues { Spread($0.map(\.1))!.mean }
  }

  private static func slope(_ points: [(x: Double, y: Double)]) -> Double? {
    guard let x = Spread(points.map(\.x)), let y = Spread(points.map(\.y)) else { return nil }
    let square = points.reduce(0) { $0 + ($1.x - x.mean) * ($1.x - x.mean) }
    return square > 0 ? points.reduce(0) { $0 + ($1.x - x.mean) * ($1.y - y.mean) } / square : nil
  }
}

extension Query.Statistic {
  fileprivate func value(_ numbers: [Double]) -> Double? {
    let spread = Spread(numbers)
    switch self {
    case .mean: return spread?.mean
    case .deviation: return spread?.deviation
    case .standardError: return spread?.standardError
    case .minimum: return numbers.min()
    case .maximum: return numbers.max()
    case .sum: return numbers.isEmpty ? nil : numbers.reduce(0, +)
    case .count: return Double(numbers.count)
    case .median:
      guard !numbers.isEmpty else { return nil }
      let sorted = numbers.sorted()
      return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    case .exponent: return nil
    }
  }
}
