import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

/// EGN against golden values and dense solves, for every loss, form and option of memory.
@Suite struct ExactGaussNewtonTests {
  @Test(arguments: ["egn-scalar", "egn-vector"]) func golden(_ name: String) throws {
    func check<S: RealScalar>(_ type: S.Type) throws {
      let golden = try RegressionGolden.load(name)
      let (model, parameters, batch) = try golden.problem(S.self)
      let limit = tolerance(S.self, double: 1e-10, float: 2e-4)
      for solver in DescentOptions.Solver.available(for: .ggn) where solver != .dual {
        let options = DescentOptions(
          curvature: .ggn, solver: solver, tolerance: tolerance(S.self, double: 1e-14, float: 1e-6))
        var descent = Descent(Objective(model, loss: SquaredLoss()), options: options)
        let objective = descent.linearize(at: parameters, batch: batch)
        #expect(abs(objective - golden.loss) < limit * golden.loss)
        #expect(relativeError(descent.point.gradient(), golden.gradient.data) < limit)
        let (direction, report) = descent.direction(at: parameters, batch: batch, damping: golden.damping)
        let error = relativeError(direction, golden.egnDirection.data)
        #expect(error < limit, "\(name) \(solver) \(S.precisionName)")
        #expect(report.solve.outcome == .converged || S.self == Float.self)
        var findings = Findings(name)
        findings.expect(error, atMost: limit, "EGN direction")
        findings.report("\(name) \(solver.rawValue) \(S.precisionName)")
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  struct Setting: Sendable, CustomTestStringConvertible {
    var loss: any Loss
    var outputs: Int
    var testDescription: String { "\(loss.name) C \(outputs)" }

    static let all = [
      Setting(loss: SquaredLoss(), outputs: 1), Setting(loss: SquaredLoss(), outputs: 3),
      Setting(loss: try! HuberLoss(delta: 0.5), outputs: 1), Setting(loss: try! HuberLoss(delta: 0.5), outputs: 2),
      Setting(loss: PoissonLoss(), outputs: 1), Setting(loss: PoissonLoss(), outputs: 3),
      Setting(loss: SelectedSquaredLoss(), outputs: 3), Setting(loss: CrossEntropy(), outputs: 2),
      Setting(loss: CrossEntropy(), outputs: 4),
    ]

    func targets<S: RealScalar>(_ count: Int, _ generator: inout SeededGenerator) -> Targets<S> {
      let labels = generator.labels(count, classes: outputs)
      switch loss {
      case is CrossEntropy: return .classes(labels)
      case is SelectedSquaredLoss: return .selected(labels, (0..<count).map { _ in S(Float(generator.normal())) })
      default:
        return .values(
          Matrix(
            rows: count, columns: outputs, elements: (0..<count * outputs).map { _ in S(generator.index(below: 4)) }))
      }
    }

    /// A perceptron or a head, weighted and penalised or not.
    func run<M: Model>(
      _ wide: M, isPlain: Bool, seed: UInt64, _ check: (Parameters<Double>, Batch<Double>, Double) -> Void
    ) where M.Scalar == Double {
      var generator = SeededGenerator(seed: seed)
      let count = 7
      let features = (0..<count * 3).map { _ in Double(Float(generator.normal())) }
      let values = (0..<wide.layout.count).map { _ in Double(Float(0.5 * generator.normal())) }
      let batch = Batch<Double>(
        inputs: Inputs(Matrix(rows: count, columns: 3, elements: features)), targets: targets(count, &generator),
        weights: isPlain ? nil : [1, 2, 0, 1, 3, 1, 1])
      check(Parameters(layout: wide.layout, values: values), batch, isPlain ? 0 : 0.05)
    }
  }

  /// Every loss, curvature and solver on a perceptron and a head: the dense damped solve.
  @Test(arguments: Setting.all) func everyLoss(_ setting: Setting) throws {
    func check<M: Model>(_ model: M, hasDual: Bool) where M.Scalar == Double {
      for isPlain in [true, false] {
        setting.run(model, isPlain: isPlain, seed: 21) { parameters, batch, l2 in
          let dense = DenseLoss(model, setting.loss, parameters, batch, l2: l2)
          for curvature in [Curvature.ggn, .fgn, .fisher] {
            let expected = dense.direction(curvature, damping: 0.05)
            for solver in DescentOptions.Solver.available(for: curvature) where hasDual || solver != .dual {
              var descent = Descent(
                Objective(model, loss: setting.loss, l2: l2),
                options: DescentOptions(curvature: curvature, solver: solver, tolerance: 1e-13, maximumIterations: 2000)
              )
              let (direction, report) = descent.direction(at: parameters, batch: batch, damping: 0.05)
              let place = "\(setting.testDescription) \(curvature) \(solver) weights \(!isPlain) seed 21"
              #expect(relativeError(direction, to: expected) < 1e-9, "\(place)")
              let quadratic = dense.quadratic(curvature, direction)
              #expect(relativeError(report.quadratic, to: quadratic) < 1e-8, "\(place)")
              #expect(report.bound >= 0.99 * Double(direction.maximumMagnitude) || l2 > 0, "\(place)")
            }
          }
        }
      }
    }
    check(try Network<Double>(.mlp([3, 5, setting.outputs], activation: Layers.Activation(.tanh))), hasDual: false)
    check(LinearHead<Double>(features: 3, classes: setting.outputs), hasDual: true)
  }

  /// A budget that leaves room for blocks of outputs only: the same direction, and the formula of the sizes.
  @Test func blocks() throws {
    let setting = Setting(loss: CrossEntropy(), outputs: 6)
    let model = try Network<Double>(.mlp([3, 5, 6], activation: Layers.Activation(.tanh)))
    setting.run(model, isPlain: false, seed: 5) { parameters, batch, l2 in
      func direction(_ budget: Int) -> (direction: [Double], outcome: SolveReport.Outcome) {
        var options = DescentOptions(curvature: .ggn, solver: .gram)
        options.memoryBudget = budget
        var descent = Descent(Objective(model, l2: l2), options: options)
        let (direction, report) = descent.direction(at: parameters, batch: batch, damping: 0.05)
        return (direction, report.solve.outcome)
      }
      let whole = direction(1 << 30).direction
      let system = 42 * 42 * 8
      for outputs in [2, 4, 6, 8, 10] {
        let pair = 5 * 8 * (7 * outputs) * (7 * outputs)
        let (blocked, outcome) = direction(system + pair)
        #expect(outcome == .converged && relativeError(blocked, to: whole) < 1e-12, "\(outputs)")
      }
      #expect(direction(system + 5 * 8 * 14 * 14 - 1).outcome == .outOfMemory)
      #expect(direction(system - 1).direction.allSatisfy { $0.isFinite })
    }
  }

  @Test func aSystemBeyondTheBudgetIsRefused() throws {
    let model = try Network<Float>(.mlp([3, 5, 100], activation: Layers.Activation(.tanh)))
    var options = GaussNewtonOptions.egn()
    options.descent.memoryBudget = 64 << 20
    let optimizer = GaussNewtonOptimizer(Objective(model), options: options)
    #expect(throws: Never.self) { try optimizer.check(batchRows: 32) }
    let error = #expect(throws: OptimizerError.self) { try optimizer.check(batchRows: 512) }
    let text = error?.description ?? ""
    #expect(text.contains("512 rows x 100 outputs = 51200 unknowns take 10000 MB"), "\(text)")
    #expect(text.contains("the budget is 64 MB") && text.contains("a batch of at most") && text.contains("fgn"))
    // One output is a row for each example, at any size.
    let scalar = try Network<Float>(.mlp([3, 5, 1], activation: Layers.Activation(.tanh)))
    let single = GaussNewtonOptimizer(Objective(scalar, loss: SquaredLoss()), options: options)
    #expect(throws: Never.self) { try single.check(batchRows: 100_000) }
  }
}

/// A loss whose factor is used the wrong way round: N N^T in place of N^T N, and L J in place of L^T J.
private struct SwappedFactor: Loss {
  var name: String { "swapped" }
  func isScalar(outputs: Int) -> Bool { false }
  func check<Scalar>(_ targets: Targets<Scalar>, outputs: Int) throws(TargetError) {}
  func makeRows<Scalar: RealScalar>(as type: Scalar.Type) -> any LossRows<Scalar> { SwappedRows<Scalar>() }
}

private struct SwappedRows<Scalar: RealScalar>: LossRows {
  var base = MarginRows<Scalar>()
  var rows: Matrix<Scalar> {
    get { base.rows }
    set { base.rows = newValue }
  }
  mutating func evaluate(_ targets: Targets<Scalar>, weights: [Scalar]?) { base.evaluate(targets, weights: weights) }
  var loss: [Scalar] { base.loss }
  var residual: [Scalar] { base.residual }
  var rootWeight: [Scalar] { base.rootWeight }
  var weights: [Scalar]? { base.weights }
  func apply(_ weights: Curvature.Weights<Scalar>, to t: inout Matrix<Scalar>) { base.apply(weights, to: &t) }
  func applyHessian(to t: inout Matrix<Scalar>) {
    base.applyRoot(transposed: true, to: &t)
    base.applyRoot(transposed: false, to: &t)
  }
  func applyRoot(transposed: Bool, to t: inout Matrix<Scalar>) { base.applyRoot(transposed: !transposed, to: &t) }
  func start(norms: [Scalar], shift: Scalar, _ h: inout Matrix<Scalar>, _ right: inout Matrix<Scalar>) {
    base.start(norms: norms, shift: shift, &h, &right)
  }
  func moments() -> Curvature.Moments { base.moments() }
}

/// The mistake of a public implementation, which builds Q = L L^T from a factor that is L^T L, must be found out.
@Suite struct SwappedFactorTests {
  @Test(arguments: GoldenCase.heads + GoldenCase.networks) func theWrongFactorIsFoundOut(_ name: String) throws {
    let golden = try GoldenCase.load(name)
    func worst<M: Model>(_ model: M, _ loss: any Loss) -> (least: Double, most: Double) where M.Scalar == Double {
      let (parameters, batch) = golden.point(of: model)
      let errors = [DescentOptions.Solver.gram, .duncanGuttman].map { solver in
        var descent = Descent(
          Objective(model, loss: loss, l2: golden.l2), options: DescentOptions(curvature: .ggn, solver: solver))
        let (direction, _) = descent.direction(
          at: parameters, batch: batch, damping: golden.damping)
        return relativeError(direction, golden.ggnDirection.data)
      }
      return (errors.min()!, errors.max()!)
    }
    let isHead = GoldenCase.heads.contains(name)
    let (right, wrong) =
      isHead
      ? (worst(golden.head(Double.self), CrossEntropy()), worst(golden.head(Double.self), SwappedFactor()))
      : (
        worst(try golden.network(Double.self), CrossEntropy()),
        worst(try golden.network(Double.self), SwappedFactor())
      )
    // With two classes the rows are scalar and the factor is not used by the right loss.
    #expect(right.most < 1e-9, "\(name) \(right)")
    #expect(wrong.least > 0.01, "\(name) \(wrong)")
  }
}
