/// Line search to the strong Wolfe conditions f(x + t d) <= f(x) + c1 t (grad f . d) and
/// |grad f(x + t d) . d| <= c2 |grad f . d|.
///
/// Nocedal & Wright 2006, algorithms 3.5 and 3.6, with cubic interpolation. Constants, bounds and the order of trials
/// are those of PyTorch's L-BFGS (after Schmidt's minFunc). One evaluation of objective and gradient a trial.
package struct StrongWolfe: Sendable, Codable, Equatable {
  /// c1, above 0 and below c2.
  package var sufficientDecrease: Double
  /// c2, below 1.
  package var curvature: Double
  /// Trials beyond the first, at least 1.
  package var trials: Int
  /// An interval in which no parameter moves by more is not cut further, at least 0.
  package var resolution: Double

  package init(
    sufficientDecrease: Double = 1e-4, curvature: Double = 0.9, trials: Int = 25, resolution: Double = 1e-9
  ) {
    precondition(
      sufficientDecrease > 0 && sufficientDecrease < curvature && curvature < 1 && trials >= 1 && resolution >= 0,
      "a Wolfe search needs 0 < c1 < c2 < 1, got \(sufficientDecrease), \(curvature)")
    self.sufficientDecrease = sufficientDecrease
    self.curvature = curvature
    self.trials = trials
    self.resolution = resolution
  }

  /// Objective and slope at a step length.
  package struct Point: Sendable, Equatable {
    package var length: Double
    package var value: Double
    package var slope: Double

    package init(length: Double, value: Double, slope: Double) {
      self.length = length
      self.value = value
      self.slope = slope
    }
  }

  /// What a search found.
  package struct Result: Sendable, Equatable {
    /// The best point; length 0 if none is better than the start.
    package var point: Point
    /// Evaluations.
    package var trials: Int
    /// Whether both conditions hold.
    package var isAccepted: Bool
  }

  /// - Parameters:
  ///   - start: objective and slope at length 0; the slope is negative.
  ///   - first: the first length to try, above 0.
  ///   - magnitude: the largest absolute value in the direction.
  ///   - evaluate: objective and slope at a length. What is not finite counts as an infinite value.
  /// - Throws: what `evaluate` throws.
  package func search<Failure: Error>(
    from start: Point, first: Double, magnitude: Double, evaluate: (Double) throws(Failure) -> Point
  ) throws(Failure) -> Result {
    var count = 0
    func point(_ length: Double) throws(Failure) -> Point {
      count += 1
      var point = try evaluate(length)
      if !(point.value.isFinite && point.slope.isFinite) { (point.value, point.slope) = (.infinity, .nan) }
      return point
    }
    func isHigh(_ point: Point) -> Bool {
      point.value > start.value + sufficientDecrease * point.length * start.slope
    }
    func isFlat(_ point: Point) -> Bool { abs(point.slope) <= -curvature * start.slope }

    // Out, until a point that will do or an interval that holds one.
    var (previous, current) = (start, try point(first))
    while count <= trials {
      if isHigh(current) || (count > 2 && current.value >= previous.value) { break }
      if isFlat(current) { return Result(point: current, trials: count, isAccepted: true) }
      if current.slope >= 0 { break }
      let least = current.length + 0.01 * (current.length - previous.length)
      let length = Self.cubicMinimum(previous, current, within: least, current.length * 10)
      (previous, current) = (current, try point(length))
    }
    var ends = count > trials ? [start, current] : [previous, current]

    // In, between them.
    var low = ends[0].value <= ends[1].value ? 0 : 1
    var isNearEnd = false
    while count <= trials {
      let (least, most) = (min(ends[0].length, ends[1].length), max(ends[0].length, ends[1].length))
      if (most - least) * magnitude < resolution { break }
      var length = Self.cubicMinimum(ends[0], ends[1], within: least, most)
      let margin = 0.1 * (most - least)
      if min(most - length, length - least) < margin {
        if isNearEnd || length >= most || length <= least {
          length = abs(length - most) < abs(length - least) ? most - margin : least + margin
          isNearEnd = false
        } else {
          isNearEnd = true
        }
      } else {
        isNearEnd = false
      }
      let trial = try point(length)
      if isHigh(trial) || trial.value >= ends[low].value {
        ends[1 - low] = trial
        low = ends[0].value <= ends[1].value ? 0 : 1
      } else {
        if isFlat(trial) { return Result(point: trial, trials: count, isAccepted: true) }
        if trial.slope * (ends[1 - low].length - ends[low].length) >= 0 { ends[1 - low] = ends[low] }
        ends[low] = trial
      }
    }
    return Result(point: ends[low], trials: count, isAccepted: false)
  }

  /// Where the cubic through two points and their slopes is least, kept within bounds; their middle where there is
  /// none.
  static func cubicMinimum(_ a: Point, _ b: Point, within least: Double, _ most: Double) -> Double {
    let (a, b) = a.length <= b.length ? (a, b) : (b, a)
    let d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.length - b.length)
    let square = d1 * d1 - a.slope * b.slope
    guard square >= 0 else { return (least + most) / 2 }
    let d2 = square.squareRoot()
    let length = b.length - (b.length - a.length) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return length.isNaN ? (least + most) / 2 : min(max(length, least), most)
  }
}
