import Foundation
import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Experiments

@Suite struct DirectionMeasureTests {
  @Test func goldenFilesAreThere() { #expect(GoldenCase.all.count >= 11) }

  @Test(arguments: GoldenCase.all) func agreesWithGoldenFiles(_ name: String) throws {
    let golden = try GoldenCase.load(name)
    func measure<M: Model>(_ model: M) -> DirectionMeasure where M.Scalar == Double {
      let (parameters, batch) = golden.point(of: model)
      return DirectionMeasure(
        Objective(model, l2: golden.l2), at: parameters, batch: batch, damping: golden.damping)
    }
    let measure =
      golden.model == "linear" ? measure(golden.head(Double.self)) : measure(try golden.network(Double.self))
    #expect(abs(measure.relativeError - golden.directionRelativeError) < 1e-8, "\(name)")
    #expect(abs(measure.cosine - golden.directionCosine) < 1e-8, "\(name)")
    #expect(abs(measure.keptShare - golden.traceFGN / golden.traceGGN) < 1e-8, "\(name)")
    if golden.l2 == 0 { #expect(abs(measure.lossBefore - golden.loss) < 1e-8 * golden.loss, "\(name)") }
  }

  /// Prescribed logits of C = 4 to 6 classes, B = 3 to 9 rows, D = 2 to 4 features.
  static func problem(_ seed: UInt64) -> PrescribedLogits {
    var generator = SeededGenerator(seed: seed, stream: 99)
    let classes = 4 + generator.index(below: 3)
    return PrescribedLogits(
      rows: 3 + generator.index(below: 7), features: 2 + generator.index(below: 3), classes: classes,
      probability: 0.05 + 0.9 * generator.uniform(), competitors: .random(scale: 2 * generator.uniform()), seed: seed)
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>) func errorNormIsTheLargestEigenvalue(_ seed: UInt64) {
    let problem = Self.problem(seed)
    var matrix = CurvatureOperator(
      .competitor, of: Objective(problem.head, loss: problem.loss()), at: problem.parameters, batch: problem.batch)
    var eigen = SymmetricEigen<Double>()
    let isFound = eigen.decompose(matrix.dense())
    #expect(isFound)
    let expected = eigen.values.last!
    let got = problem.errorNorm()
    #expect(abs(got - expected) <= 1e-6 * expected, "seed \(seed): \(got), expected \(expected)")
  }

  /// (F + lambda)(d_F - d_G) = E d_G, and F is positive semidefinite.
  @Test(arguments: 1...8 as ClosedRange<UInt64>) func differenceIsWithinTheBound(_ seed: UInt64) {
    let problem = Self.problem(seed)
    let norm = problem.errorNorm()
    for damping in [1e-4, 1e-2, 1, 100] {
      let measure = problem.measure(damping: damping)
      let bound = DirectionMeasure.bound(errorNorm: norm, damping: damping)
      #expect(measure.relativeError <= bound * (1 + 1e-6), "seed \(seed) damping \(damping)")
      #expect(measure.relativeError > 0)
      // Weak damping is far from the bound, strong damping within a factor of what is dropped along d_G.
      if damping == 100 { #expect(measure.relativeError > 0.01 * bound, "seed \(seed)") }
    }
  }

  @Test func twoClassesLeaveNothingOut() {
    let problem = PrescribedLogits(
      rows: 6, features: 3, classes: 2, probability: 0.3, competitors: .support(1), seed: 2)
    let measure = problem.measure(damping: 1e-3)
    #expect(measure.relativeError < 1e-12)
    #expect(abs(measure.cosine - 1) < 1e-12)
    #expect(abs(measure.keptShare - 1) < 1e-12)
    let norm = problem.errorNorm()
    #expect(norm < 1e-15)
  }

  /// The closed form and conjugate gradient agree where the choice between them falls.
  @Test func solversAgree() {
    let problem = PrescribedLogits(
      rows: 9, features: 4, classes: 100, probability: 0.3, competitors: .random(scale: 1), seed: 5)
    let iterative = problem.measure(damping: 1e-2)
    var descents = [Curvature.fgn, .ggn].map {
      Descent(Objective(problem.head, loss: problem.loss()), options: DescentOptions(curvature: $0, solver: .gram))
    }
    let directions = descents.indices.map {
      descents[$0].direction(at: problem.parameters, batch: problem.batch, damping: 1e-2).direction
    }
    var difference = directions[0]
    difference.combine(-1, directions[1])
    #expect(abs(difference.norm / directions[1].norm - iterative.relativeError) < 1e-11)
    #expect(abs(directions[0].norm / directions[1].norm - iterative.lengthRatio) < 1e-11)
  }
}

@Suite struct PrescribedLogitsTests {
  static let masses: [(CompetitorMass, Double?)] = [
    (.effective(1), 1), (.effective(2.5), 2.5), (.effective(9), 9), (.support(1), 1), (.support(4), 4),
    (.random(scale: 0), 9), (.random(scale: 2), nil),
  ]

  @Test(arguments: [0.1, 0.5, 0.9]) func logitsAreAsPrescribed(_ probability: Double) {
    for (mass, competitors) in Self.masses {
      let problem = PrescribedLogits(
        rows: 7, features: 3, classes: 10, probability: probability, competitors: mass, seed: 1)
      let rows = MarginRows(logits: problem.logits, labels: problem.labels)
      for i in 0..<7 {
        #expect(abs(rows.residual[i] - (1 - probability)) < 1e-14, "\(mass)")
        #expect(competitors.map { abs(rows.effectiveCompetitors[i] - $0) < 1e-10 } ?? true, "\(mass)")
      }
      // The head at zero has these logits, whatever its features.
      var objective = ObjectivePoint(Objective(problem.head, loss: problem.loss()))
      let loss = objective.evaluate(at: problem.parameters, batch: problem.batch)
      #expect(abs(loss - rows.meanLoss) < 1e-15)
    }
  }

  @Test func seedsDecideEverything() {
    func make(_ seed: UInt64) -> PrescribedLogits {
      PrescribedLogits(
        rows: 4, features: 3, classes: 6, probability: 0.5, competitors: .random(scale: 1), seed: seed)
    }
    #expect(make(1).logits == make(1).logits && make(1).features == make(1).features)
    #expect(make(1).logits != make(2).logits && make(1).features != make(2).features)
  }
}
