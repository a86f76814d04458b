import Optimization
import Testing

/// The line search where it meets a wall; its trials are compared with torch's in BaselinesTests.
@Suite struct StrongWolfeTests {
  /// What is not finite beyond 0.3 is a wall: the search stays in front of it.
  @Test(arguments: [Double.nan, .infinity]) func atAWall(_ beyond: Double) {
    func point(_ t: Double) -> StrongWolfe.Point {
      StrongWolfe.Point(length: t, value: t > 0.3 ? beyond : -t, slope: t > 0.3 ? beyond : -1)
    }
    let result = StrongWolfe().search(from: point(0), first: 1, magnitude: 1, evaluate: point)
    #expect(result.point.length > 0.25 && result.point.length <= 0.3 && result.point.value < 0, "\(result)")
  }

  /// An evaluation that throws is the last.
  @Test func whatIsThrownEndsTheSearch() {
    struct Unreadable: Error {}
    var trials = 0
    #expect(throws: Unreadable.self) {
      try StrongWolfe().search(
        from: StrongWolfe.Point(length: 0, value: 0, slope: -1), first: 1, magnitude: 1
      ) { length throws(Unreadable) -> StrongWolfe.Point in
        trials += 1
        if trials == 3 { throw Unreadable() }
        return StrongWolfe.Point(length: length, value: -length, slope: -1)
      }
    }
    #expect(trials == 3)
  }
}
