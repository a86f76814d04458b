import Comparison
import Figures
import RealModule

/// How seeds become a point and a band.
public enum Averaging: Sendable {
  /// The mean, one standard deviation to each side.
  case mean
  /// The geometric mean, one standard deviation of the logarithm to each side; values above 0 only. For logarithmic
  /// axes.
  case geometric
  /// The median, from the lowest to the highest.
  case range

  /// Nil for no values.
  func summary(_ values: [Double]) -> (center: Double, lower: Double, upper: Double)? {
    switch self {
    case .mean:
      guard let spread = Spread(values) else { return nil }
      let radius = spread.deviation ?? 0
      return (spread.mean, spread.mean - radius, spread.mean + radius)
    case .geometric:
      guard let spread = Spread(values.filter { $0 > 0 }.map { Double.log($0) }) else { return nil }
      let radius = spread.deviation ?? 0
      return (Double.exp(spread.mean), Double.exp(spread.mean - radius), Double.exp(spread.mean + radius))
    case .range:
      guard !values.isEmpty else { return nil }
      let sorted = values.sorted()
      return ((sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2, sorted[0], sorted[sorted.count - 1])
    }
  }
}

extension Rows {
  /// A line over the numbers of a column `x`, with a band over the rows that share one, the seeds.
  public func line(
    _ name: String, _ y: String, against x: String, _ averaging: Averaging = .mean,
    markers: Line.Markers = .automatic
  ) -> Mark {
    line(name, y, against: x, at: x, averaging, markers: markers)
  }

  /// A line for each value of the column `series`, named by `name`; its text by default.
  public func lines(
    _ y: String, against x: String, by series: String, _ averaging: Averaging = .mean,
    name: (Value) -> String = { $0.text }
  ) -> [Mark] {
    lines(y, against: x, at: x, by: series, averaging, name: name)
  }

  /// Where `x` differs from seed to seed, such as seconds: points are of the rows that share `point`, at their mean x.
  public func lines(
    _ y: String, against x: String, at point: String, by series: String, _ averaging: Averaging = .mean,
    name: (Value) -> String = { $0.text }
  ) -> [Mark] {
    values(of: series).map { value in
      `where`("\(series)=\(value.text)").line(name(value), y, against: x, at: point, averaging)
    }
  }

  private func line(
    _ name: String, _ y: String, against x: String, at point: String, _ averaging: Averaging,
    markers: Line.Markers = .automatic
  ) -> Mark {
    var points: [(x: Double, y: (center: Double, lower: Double, upper: Double))] = []
    for value in values(of: point) {
      let there = all.filter { $0[point] == value && $0[x]?.number != nil && $0[y]?.number != nil }
      guard let mean = Spread(there.compactMap { $0[x]?.number })?.mean,
        let summary = averaging.summary(there.compactMap { $0[y]?.number })
      else { continue }
      points.append((mean, summary))
    }
    let band = Band(lower: points.map(\.y.lower), upper: points.map(\.y.upper))
    return .line(Line(name, x: points.map(\.x), y: points.map(\.y.center), band: band, markers: markers))
  }

  /// Bars: a group for each value of `groups`, a series for each of `series`; whiskers of one standard deviation.
  public func bars(
    _ column: String, groups: String, by series: String, name: (Value) -> String = { $0.text }
  ) -> Mark {
    let places = values(of: groups)
    let all = values(of: series).map { value in
      let own = `where`("\(series)=\(value.text)")
      let spreads = places.map { place in Spread(own.where("\(groups)=\(place.text)").numbers(column)) }
      let centers = spreads.map { $0?.mean ?? .nan }
      return Bars.Series(
        name(value), centers, interval: Band(center: centers, radius: spreads.map { $0?.deviation ?? .nan }))
    }
    return .bars(Bars(groups: places.map(\.text), series: all))
  }
}
