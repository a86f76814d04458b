import LinearAlgebra
import Optimization

/// The speed of a large product, taking its turns with the methods: what predicted flops are divided by.
struct ProductRate {
  private static let order = 768
  private let a: Matrix<Float> = {
    var a = Matrix<Float>(rows: Self.order, columns: Self.order)
    a.fill(with: 0.5)
    return a
  }()
  private var result = Matrix<Float>(rows: Self.order, columns: Self.order)
  private var seconds: (wall: [Double], cpu: [Double]) = ([], [])
  private var flops: Double { 2 * Double(Self.order) * Double(Self.order) * Double(Self.order) }

  var wall: Double { flops / Averaging.median(seconds.wall) }
  var cpu: Double { flops / Averaging.median(seconds.cpu) }

  mutating func measure() {
    let clock = RunClock(limit: nil)
    Products.timesTransposed(a.view, a.view, into: &result)
    seconds.wall.append(clock.wallSeconds)
    seconds.cpu.append(clock.cpuSeconds)
  }
}

extension Averaging {
  /// NaN of no values.
  static func median(_ values: [Double]) -> Double { Averaging.range.summary(values)?.center ?? .nan }
}
