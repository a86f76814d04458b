import LinearAlgebra
import TestSupport
import Testing

@testable import Optimization

/// The loop on f(x) = 1/2 sum of d_k x_k^2, whose minimum is zero.
@Suite struct LBFGSLoopTests {
  /// A point that is moved by the loop, with counts of what it is asked for.
  struct Quadratic<S: RealScalar> {
    let curvature: [S]
    var x: [S]
    var memory = CurvaturePairs<S>()
    var loop = LBFGSLoop<S>(history: 5, lineSearch: StrongWolfe(), minimumCurvature: 1e-10)
    var evaluations = 0
    var isExact = false
    var longest = Double.infinity

    init(_ curvature: [Double], from x: [Double]) {
      self.curvature = curvature.map { S($0) }
      self.x = x.map { S($0) }
      loop.gradient = gradient
    }

    var gradient: [S] { zip(curvature, x).map { $0 * $1 } }
    var value: Double { zip(curvature, x).reduce(0) { $0 + Double($1.0 * $1.1 * $1.1) } / 2 }

    mutating func step() -> LBFGSLoop<S>.Step {
      var (loop, memory) = (loop, memory)
      let start = x
      let step = loop.step(from: value, with: &memory, hasMetric: isExact) { vector, scale in
        for k in vector.indices { vector[k] = isExact ? vector[k] / curvature[k] : vector[k] * S(scale) }
      } evaluate: { length, direction, gradient in
        if length > longest { return nil }
        evaluations += 1
        x = zip(start, direction).map { $0 + S(length) * $1 }
        gradient = self.gradient
        return value
      }
      if step.length == 0 { x = start }
      (self.loop, self.memory) = (loop, memory)
      return step
    }
  }

  private func check<S: RealScalar>(_ type: S.Type, limit: Double) {
    var problem = Quadratic<S>([1, 10, 100, 0.1], from: [1, -2, 0.5, 3])
    for number in 0..<40 {
      let (before, pairs) = (problem.value, problem.memory.pairs.count)
      let step = problem.step()
      #expect(problem.loop.gradient == problem.gradient, "the gradient is that of the point, step \(number)")
      guard step.length > 0 else { break }
      #expect(problem.value < before && problem.memory.pairs.count == min(5, pairs + 1), "step \(number)")
    }
    #expect(problem.value < limit, "\(problem.value), \(S.precisionName)")
  }

  @Test func reachesTheMinimum() {
    check(Double.self, limit: 1e-20)
    check(Float.self, limit: 1e-8)
  }

  /// From the exact inverse curvature the first trial is the minimum; from none it is min(1, 1 / |g|_1).
  @Test func theFirstLength() {
    var exact = Quadratic<Double>([2, 50], from: [3, -1])
    exact.isExact = true
    #expect(exact.step().length == 1 && exact.value < 1e-28 && exact.evaluations == 1)
    var plain = Quadratic<Double>([2, 50], from: [3, -1])
    plain.loop = LBFGSLoop(
      history: 5, lineSearch: StrongWolfe(curvature: 0.999_999), minimumCurvature: 0)
    plain.loop.gradient = plain.gradient
    #expect(plain.step().length == 1 / 56.0)
  }

  @Test func aGradientOfZeroIsNoDirection() {
    var problem = Quadratic<Double>([1, 2], from: [0, 0])
    let step = problem.step()
    #expect(step.length == 0 && step.search == nil && problem.evaluations == 0 && problem.loop.gradient == [0, 0])
  }

  /// Where no trial may be made the point stays, and what was remembered is forgotten.
  @Test func stepsThatAreTooLong() {
    var problem = Quadratic<Double>([1, 3], from: [1, 1])
    _ = problem.step()
    #expect(!problem.memory.isEmpty)
    let (x, gradient) = (problem.x, problem.gradient)
    problem.longest = 0
    let step = problem.step()
    #expect(step.length == 0 && step.search?.isAccepted == false && problem.memory.isEmpty)
    #expect(problem.x == x && problem.loop.gradient == gradient)
    problem.longest = .infinity
    #expect(problem.step().length > 0)
  }

  /// A metric that is not positive definite makes a direction that climbs: pairs go, and if that does not help the
  /// step.
  @Test func directionsThatClimb() {
    var (loop, memory) = (
      LBFGSLoop<Double>(history: 3, lineSearch: StrongWolfe(), minimumCurvature: 0), CurvaturePairs<Double>()
    )
    var change = [1.0]
    memory.remember(&change, direction: [1], length: 1, history: 3, minimumCurvature: 0)
    loop.gradient = [2]
    var turns = 0
    let step = loop.step(from: 1, with: &memory, hasMetric: true) { vector, _ in
      turns += 1
      vector[0] = .nan
    } evaluate: { _, _, _ in
      Issue.record("nothing to evaluate")
      return nil
    }
    #expect(turns == 2 && step.length == 0 && step.search == nil && memory.isEmpty && loop.gradient == [2])
  }

  @Test func metricsAreRenewedAfterPowersOfTwo() {
    #expect((0...40).filter { LBFGSLoop<Float>.renewsMetric(after: $0) } == [0, 1, 2, 4, 8, 16, 32])
  }
}
