/// The numbers that a setting may be, and the words for them in messages, help and tables: `.from(0, below: 1)` is "a
/// number from 0 to below 1", `.whole(1...9)` with the unit "steps" is "a whole number of steps from 1 to 9".
package struct NumberRange: Sendable, Hashable {
  package var lower: Double
  package var upper: Double
  /// Whether `lower` itself is in the range.
  package var includesLower: Bool
  /// Whether `upper` itself is in the range. With an infinite `upper`: whether infinity is.
  package var includesUpper: Bool
  package var isWhole = false

  /// Finite numbers above `lower`.
  package static func above(_ lower: Double) -> NumberRange {
    NumberRange(lower: lower, upper: .infinity, includesLower: false, includesUpper: false)
  }

  /// Finite numbers of at least `lower`.
  package static func atLeast(_ lower: Double) -> NumberRange {
    NumberRange(lower: lower, upper: .infinity, includesLower: true, includesUpper: false)
  }

  package static func from(_ lower: Double, below upper: Double) -> NumberRange {
    NumberRange(lower: lower, upper: upper, includesLower: true, includesUpper: false)
  }

  package static func from(_ lower: Double, to upper: Double) -> NumberRange {
    NumberRange(lower: lower, upper: upper, includesLower: true, includesUpper: true)
  }

  package static func whole(_ range: ClosedRange<Int>) -> NumberRange {
    NumberRange(
      lower: Double(range.lowerBound), upper: Double(range.upperBound), includesLower: true, includesUpper: true,
      isWhole: true)
  }

  /// This range with infinity in it.
  package var orInfinity: NumberRange {
    var result = self
    (result.upper, result.includesUpper) = (.infinity, true)
    return result
  }

  /// This range without its lower end.
  package var withoutLower: NumberRange {
    var result = self
    result.includesLower = false
    return result
  }

  package func contains(_ value: Double) -> Bool {
    (includesLower ? value >= lower : value > lower) && (includesUpper ? value <= upper : value < upper)
      && (!isWhole || value == value.rounded())
  }

  /// What a value must be, as in "must be a number above 0".
  ///
  /// - Parameter unit: what is counted, in the plural, for whole numbers; what the number is, in the singular, for
  ///   others.
  package func expectation(unit: String? = nil) -> String {
    let noun = isWhole ? "whole number\(unit.map { " of \($0)" } ?? "")" : unit ?? "number"
    return "a \(noun) \(words)"
  }

  /// The ends: "from 0 to below 1".
  package var words: String {
    let (least, most) = (NumberForm.short(lower), NumberForm.short(upper))
    guard upper.isFinite else {
      return (includesLower ? "of at least \(least)" : "above \(least)") + (includesUpper ? ", or inf" : "")
    }
    if includesLower { return "from \(least) to \(includesUpper ? "" : "below ")\(most)" }
    return "above \(least) and \(includesUpper ? "at most" : "below") \(most)"
  }
}

package enum NumberForm {
  /// The shortest text that reads back as `value`: 1, 0.1, 1e-05.
  package static func short(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
