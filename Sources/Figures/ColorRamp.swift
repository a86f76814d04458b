/// The colours of a heat map, from its lowest to its highest value.
///
/// Colour steps: ColorBrewer YlGnBu and PuOr (C. Brewer, colorbrewer2.org), both safe for colour-blind readers.
public enum ColorRamp: Sendable, Hashable {
  /// Light yellow to dark blue. Lightness falls all the way, so the order survives a grey print.
  case sequential
  /// Orange, white at `center`, purple. The two arms look alike in grey: keep the values visible in the cells.
  case diverging(center: Double)

  private static let yellowGreenBlue: [Color] = [
    0xffffd9, 0xedf8b1, 0xc7e9b4, 0x7fcdbb, 0x41b6c4, 0x1d91c0, 0x225ea8, 0x253494, 0x081d58,
  ]
  private static let orangePurple: [Color] = [
    0x7f3b08, 0xb35806, 0xe08214, 0xfdb863, 0xfee0b6, 0xf7f7f7, 0xd8daeb, 0xb2abd2, 0x8073ac, 0x542788, 0x2d004b,
  ]

  /// The colour at `fraction` of the way from the lowest to the highest value, clamped to 0...1.
  func color(at fraction: Double) -> Color {
    let steps =
      switch self {
      case .sequential: Self.yellowGreenBlue
      case .diverging: Self.orangePurple
      }
    let position = min(max(fraction, 0), 1) * Double(steps.count - 1)
    let index = min(Int(position), steps.count - 2)
    return steps[index].mixed(with: steps[index + 1], fraction: position - Double(index))
  }
}

/// An sRGB colour, eight bits a channel.
struct Color: Sendable, Hashable, ExpressibleByIntegerLiteral {
  let red: Int
  let green: Int
  let blue: Int

  init(red: Int, green: Int, blue: Int) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  init(integerLiteral value: Int) {
    self.init(red: value >> 16 & 255, green: value >> 8 & 255, blue: value & 255)
  }

  func mixed(with other: Color, fraction: Double) -> Color {
    func mix(_ a: Int, _ b: Int) -> Int { Int((Double(a) + fraction * Double(b - a)).rounded()) }
    return Color(red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue))
  }

  /// `#rrggbb`.
  var hex: String {
    let digits = Array("0123456789abcdef")
    return "#" + String([red, green, blue].flatMap { [digits[$0 / 16], digits[$0 % 16]] })
  }

  /// Perceived lightness, 0 (black) to 1 (white): what is left of the colour in a grey print (Rec. 601 luma).
  var lightness: Double { (0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue)) / 255 }
}
