import Comparison

/// A difference of two means over seeds and whether it is more than chance.
public struct Contrast: Sendable {
  /// Mean over the seeds, for statements.
  public let difference: Quoted
  /// Of that mean; no value for one seed.
  public let standardError: Quoted

  /// -1 if below zero by more than two standard errors, 1 if above, 0 if level or not measured; for one seed its sign.
  public var sign: Int {
    guard let value = difference.value, abs(value) > 2 * (standardError.value ?? 0) else { return 0 }
    return value > 0 ? 1 : -1
  }

  /// "-0.012 +- 0.003": with the standard error.
  public var statement: Statement { "\(difference) +- \(standardError)" }
}

extension Rows {
  /// `column` where `conditions` hold, less `column` where `others` replace them, paired by seed.
  ///
  /// ```swift
  /// let gain = rows.contrast("loss", where: "data=letter, method=fgn", less: "method=adam")
  /// ```
  public func contrast(
    _ column: String, where conditions: String, less others: String, as form: NumberFormat = .significant(2)
  ) -> Contrast {
    let query = "of \(column) where \(conditions) less \(others)"
    return Contrast(
      difference: number("mean \(query)", as: form), standardError: number("standardError \(query)", as: form))
  }

  /// Of rows that share the columns `groups`, those with the value of `choice` whose mean of `column` is lowest.
  ///
  /// ```swift
  /// let tuned = rows.best("method", by: "loss", within: ["data", "optimizer"])
  /// ```
  public func best(_ choice: String, by column: String, within groups: [String]) -> Rows {
    var chosen: [[Value?]: Value] = [:]
    for (group, members) in Dictionary(grouping: all, by: { row in groups.map { row[$0] } }) {
      let own = Rows(members)
      let means = own.values(of: choice).compactMap { value -> (Value, Double)? in
        let numbers = members.filter { $0[choice] == value }.compactMap { $0[column]?.number }
        // A loss that is not finite is never best.
        return Spread(numbers).map { (value, $0.mean.isFinite ? $0.mean : .infinity) }
      }
      chosen[group] = means.min { $0.1 < $1.1 }?.0
    }
    return Rows(all.filter { row in row[choice] != nil && row[choice] == chosen[groups.map { row[$0] }] })
  }
}
