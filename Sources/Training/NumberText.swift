import RealModule

/// Numbers for people.
package enum NumberText {
  /// `digits` decimals, 0 to 9.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    let unit = Double.pow(10, Double(digits))
    guard value.isFinite, abs(value) * unit < 9e18 else { return "\(value)" }
    let scaled = Int((abs(value) * unit).rounded())
    let fraction = String(scaled % Int(unit))
    let padded = String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
    return (value < 0 && scaled != 0 ? "-" : "") + "\(scaled / Int(unit))" + (digits > 0 ? "." + padded : "")
  }

  /// `digits` significant digits; powers of ten outside 1e-4 to 1e6.
  package static func significant(_ value: Double, _ digits: Int = 3) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    var exponent = Int(Double.log10(abs(value)).rounded(.down))
    if exponent >= -4 && exponent < 6 { return fixed(value, min(9, max(0, digits - 1 - exponent))) }
    // In two factors: ten to the exponent alone may underflow.
    var mantissa = value / Double.pow(10, Double(exponent / 2)) / Double.pow(10, Double(exponent - exponent / 2))
    let unit = Double.pow(10, Double(digits - 1))
    if (abs(mantissa) * unit).rounded() >= 10 * unit {
      mantissa /= 10
      exponent += 1
    }
    return "\(fixed(mantissa, digits - 1))e\(exponent)"
  }

  /// A fraction as a percentage with two decimals; "none" where there is none.
  /// A number of halves: 12 or 12.5.
  package static func halves(_ value: Double) -> String { fixed(value, value == value.rounded() ? 0 : 1) }

  package static func percent(_ fraction: Double?) -> String { fraction.map { "\(fixed(100 * $0, 2)) %" } ?? "none" }
}
