import LinearAlgebra

/// Decimal text to the nearest `Float` or `Double`, at some hundred megabytes a second.
///
/// Accepts `[+-] digits [. digits] [(e|E) [+-] digits]`, with digits on at least one side of the
/// point, and `inf`, `infinity` and `nan` in any case. The result is correctly rounded: up to 19
/// digits times a power of ten up to 10^22 is computed directly where that provably gives the
/// nearest number (Clinger, PLDI 1990: both factors exact, one rounding), anything else goes to the
/// standard library. Overflow gives infinity.
enum NumberParser {
  /// Exact in `Double`.
  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
    1e20, 1e21, 1e22,
  ]

  /// The number that starts at `position`, which moves behind it; nil, and `position` anywhere, if
  /// there is none. `bytes[end]` exists and belongs to no number.
  @inline(__always)
  static func number<Scalar: RealScalar>(
    _ bytes: [UInt8], at position: inout Int, end: Int, as: Scalar.Type = Scalar.self
  ) -> Scalar? {
    let start = position
    var next = position
    var isNegative = false
    if bytes[next] == UInt8(ascii: "-") {
      isNegative = true
      next += 1
    } else if bytes[next] == UInt8(ascii: "+") {
      next += 1
    }

    var mantissa: UInt64 = 0
    let firstDigit = next
    while true {
      let digit = bytes[next] &- 48
      guard digit < 10 else { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      next += 1
    }
    var digits = next - firstDigit
    var exponent = 0
    if bytes[next] == UInt8(ascii: ".") {
      next += 1
      let firstFraction = next
      while true {
        let digit = bytes[next] &- 48
        guard digit < 10 else { break }
        mantissa = mantissa &* 10 &+ UInt64(digit)
        next += 1
      }
      exponent = firstFraction - next
      digits -= exponent
    }
    guard digits > 0 else { return word(bytes, at: &position, end: end) }
    if bytes[next] | 0x20 == UInt8(ascii: "e") {
      next += 1
      var isExponentNegative = false
      if bytes[next] == UInt8(ascii: "-") {
        isExponentNegative = true
        next += 1
      } else if bytes[next] == UInt8(ascii: "+") {
        next += 1
      }
      let firstExponentDigit = next
      var value = 0
      while true {
        let digit = bytes[next] &- 48
        guard digit < 10 else { break }
        if value < 100_000 { value = value * 10 + Int(digit) }
        next += 1
      }
      guard next > firstExponentDigit else { return nil }
      exponent += isExponentNegative ? -value : value
    }
    position = next
    // Leading zeros count as digits here; such text merely takes the slow path a little earlier.
    if digits <= 19, exponent >= -22, exponent <= 22 {
      let magnitude = Double(mantissa)
      let scale = powersOfTen[abs(exponent)]
      let product = exponent < 0 ? magnitude / scale : magnitude * scale
      if Scalar.self == Double.self {
        if mantissa <= 1 << 53 { return Scalar(isNegative ? -product : product) }
      } else {
        // The product is off by less than two units in the last place of `Double`. It rounds to the
        // same `Float` as the exact number unless a midpoint of two floats (the low 29 bits are
        // 1 0000...) is within reach. Products are zero or 1e-22...1e41: no subnormal floats.
        let low = product.bitPattern & 0x1FFF_FFFF
        if low &- 0x0FFF_FFFE > 4 { return Scalar(isNegative ? -product : product) }
      }
    }
    return Scalar(String(decoding: bytes[start..<next], as: UTF8.self))
  }

  /// inf, infinity or nan with a sign.
  @inline(never)
  private static func word<Scalar: RealScalar>(_ bytes: [UInt8], at position: inout Int, end: Int) -> Scalar? {
    var next = position
    let isNegative = bytes[next] == UInt8(ascii: "-")
    if isNegative || bytes[next] == UInt8(ascii: "+") { next += 1 }
    let start = next
    while next < end, case 97...122 = bytes[next] | 0x20 { next += 1 }
    position = next
    switch String(decoding: bytes[start..<next], as: UTF8.self).lowercased() {
    case "inf", "infinity": return isNegative ? -.infinity : .infinity
    case "nan": return .nan
    default: return nil
    }
  }
}
