import RealModule

/// An exact decimal number, `mantissa * 10^exponent`: ticks are made of these, so that a label says exactly where its
/// tick is and `0.3` never becomes `0.30000000000000004`.
struct ExactDecimal: Sendable, Hashable {
  var mantissa: Int
  var exponent: Int

  init(_ mantissa: Int, exponent: Int) {
    self.mantissa = mantissa
    self.exponent = exponent
  }

  /// The nearest double.
  var value: Double { Double("\(mantissa)e\(exponent)") ?? .nan }

  /// The decimal exponent of the leading digit; nil for zero.
  var order: Int? { mantissa == 0 ? nil : String(mantissa.magnitude).count - 1 + exponent }

  /// In positional notation with grouped thousands and a true minus sign: `−12,500`, `0.050`.
  var positional: String {
    var digits = String(mantissa.magnitude)
    if exponent > 0, mantissa != 0 { digits += String(repeating: "0", count: exponent) }
    let decimals = max(0, -exponent)
    if digits.count <= decimals { digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits }
    let whole = digits.dropLast(decimals)
    var text = mantissa < 0 ? "\u{2212}" : ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return decimals == 0 ? text : text + "." + digits.suffix(decimals)
  }

  /// `value` rounded to `decimals` digits after the point.
  init(rounding value: Double, decimals: Int) {
    self.init(Int((value * ExactDecimal(1, exponent: decimals).value).rounded()), exponent: -decimals)
  }

  /// `value` rounded to at most `digits` significant digits, without trailing zeros.
  init(rounding value: Double, digits: Int) {
    guard value.isFinite, value.magnitude > 1e-300 else {
      self.init(0, exponent: 0)
      return
    }
    var exponent = Int(Double.log10(value.magnitude).rounded(.down)) - digits + 1
    // Dividing twice keeps the power of ten in range for the smallest values.
    let half = exponent / 2
    let scaled =
      value / ExactDecimal(1, exponent: half).value / ExactDecimal(1, exponent: exponent - half).value
    var mantissa = Int(scaled.rounded())
    while mantissa != 0, mantissa % 10 == 0 {
      mantissa /= 10
      exponent += 1
    }
    self.init(mantissa, exponent: exponent)
  }
}

/// A short text with an optional superscript at its end: `10` and `−3`.
struct NumberLabel: Sendable, Hashable {
  var base: String
  var superscript = ""

  init(_ base: String, superscript: String = "") {
    self.base = base
    self.superscript = superscript
  }

  /// `decimal` as a multiple of `10^order`. A multiple of one is left out if `omitsOne`.
  init(_ decimal: ExactDecimal, order: Int, omitsOne: Bool = false) {
    let multiple = ExactDecimal(decimal.mantissa, exponent: decimal.exponent - order)
    let isOne = multiple.value == 1
    self.init(
      omitsOne && isOne ? "10" : "\(multiple.positional)×10",
      superscript: ExactDecimal(order, exponent: 0).positional)
  }

  /// `value` to three significant digits.
  init(short value: Double) {
    let decimal = ExactDecimal(rounding: value, digits: 3)
    if let order = decimal.order, !(-3..<6).contains(order) {
      self.init(decimal, order: order)
    } else {
      self.init(decimal.positional)
    }
  }
}
