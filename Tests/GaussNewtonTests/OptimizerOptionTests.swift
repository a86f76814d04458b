import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

/// The options of the EGN paper, alone and together, against the same thing written out on `Descent` and
/// `ObjectivePoint`; for FGN, the GGN and EGN.
@Suite struct OptimizerOptionTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    var path: Path
    var momentum: GaussNewtonOptions.Momentum = 0
    var lineSearch: LineSearch?
    var damping: GaussNewtonOptions.Damping = .fixed(0.02)
    var l2 = 0.0

    var testDescription: String {
      "\(path.testDescription) \(momentum) l2 \(l2) \(damping) search \(lineSearch != nil)"
    }

    static let paths = [
      Path(curvature: .fgn, solver: .gram), Path(curvature: .ggn, solver: .cg), Path(curvature: .ggn, solver: .gram),
    ]

    static let all: [Setting] = paths.flatMap { path in
      [0, 0.03].flatMap { l2 in
        [
          Setting(path: path, momentum: .averaged(0.8), l2: l2),
          Setting(path: path, lineSearch: LineSearch(maximum: 4), l2: l2),
          Setting(path: path, damping: .gainRatio(initial: 1e-3, factor: 1.5), l2: l2),
          Setting(path: path, momentum: .projected(0.6), lineSearch: LineSearch(maximum: 2), l2: l2),
          Setting(
            path: path, momentum: .averaged(0.5), lineSearch: LineSearch(maximum: 3),
            damping: .gainRatio(initial: 0.1, factor: 2), l2: l2),
        ]
      }
    }

    var options: GaussNewtonOptions {
      var options = GaussNewtonOptions(
        descent: DescentOptions(
          curvature: path.curvature, solver: path.solver, tolerance: 1e-13, maximumIterations: 2000),
        damping: damping, trustRegion: GaussNewtonOptions.TrustRegion(radius: .infinity, warmUp: 0, deviations: 1e9),
        momentum: momentum, schedule: .constant)
      options.lineSearch = lineSearch
      return options
    }
  }

  /// The same steps by hand, all of them in parameter space: one direction of `Descent` a step.
  struct ByHand {
    let setting: Setting
    var lambda: Double
    var length: Double?
    var average: [Double] = []
    var last: [Double] = []
    var count = 0

    init(_ setting: Setting) {
      self.setting = setting
      switch setting.damping {
      case .fixed(let value), .gainRatio(let value, _): lambda = value
      case .automatic: fatalError("not for this test")
      }
    }

    /// The next parameters; the same ones if the step is refused.
    mutating func step<M: Model>(_ model: M, _ parameters: Parameters<Double>, _ batch: Batch<Double>) -> [Double]
    where M.Scalar == Double {
      let (options, l2) = (setting.options, setting.l2)
      var objective = ObjectivePoint(Objective(model, l2: l2))
      let dense = DenseLoss(model, CrossEntropy(), parameters, batch, l2: l2)
      var direction = dense.direction(
        options.descent.curvature, damping: lambda, memory: last.isEmpty ? nil : last)
      var factor = 1.0
      if case .averaged(let beta) = setting.momentum {
        if average.isEmpty { average = direction.map { _ in 0 } }
        average = zip(average, direction).map { beta * $0 + (1 - beta) * $1 }
        count += 1
        var power = 1.0
        for _ in 0..<count { power *= beta }
        factor = 1 / (1 - power)
        direction = average
      }
      let start = objective.evaluate(at: parameters, batch: batch)
      let moved = { (length: Double) -> (values: [Double], objective: Double) in
        let values = zip(parameters.values, direction).map { $0 + length * factor * $1 }
        var other = ObjectivePoint(Objective(model, l2: l2))
        return (values, other.evaluate(at: Parameters(layout: model.layout, values: values), batch: batch))
      }
      let slope = factor * zip(dense.gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      var isGood = true
      var taken = 1.0
      if let search = setting.lineSearch {
        taken = min(search.maximum, search.growth * (length ?? search.maximum))
        var trials = 1
        func accepts() -> Bool { slope < 0 && moved(taken).objective <= start + 0.1 * taken * slope }
        while !accepts() && trials < search.trials {
          taken *= 0.8
          trials += 1
        }
        isGood = accepts()
        length = taken
      }
      if case .gainRatio(_, let growth) = setting.damping {
        let penalty = zip(
          direction, model.layout.trainable.flatMap { [Double](repeating: $0.isPenalised ? l2 : 0, count: $0.count) }
        )
        .reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
        let curvature = factor * factor * (dense.quadratic(options.descent.curvature, direction) + penalty)
        let after = moved(taken).objective
        if setting.lineSearch == nil { isGood = slope < 0 && after <= start }
        let ratio = (start - after) / -(taken * slope + 0.5 * taken * taken * curvature)
        if !isGood || ratio < 0.25 { lambda *= growth } else if ratio > 0.75 { lambda /= growth }
      }
      guard isGood else {
        (average, last, count) = ([], [], 0)
        return parameters.values
      }
      if case .projected(let mu) = setting.momentum, mu > 0 { last = direction.map { mu * $0 } }
      return moved(taken).values
    }
  }

  @Test(arguments: Setting.all) func asWrittenOut(_ setting: Setting) {
    let shape = Shape(batch: 20, features: 4, classes: 4, weighted: true, spread: 2)
    let problem = HeadProblem<Double>(shape, seed: 77)
    var optimizer = GaussNewtonOptimizer(
      Objective(problem.model, l2: setting.l2), options: setting.options)
    var parameters = problem.parameters
    var hand = ByHand(setting)
    for step in 0..<8 {
      let expected = hand.step(problem.model, parameters, problem.batch)
      let before = parameters.values
      let report = optimizer.step(&parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 100))
      let change = zip(parameters.values, before).map { $0 - $1 }
      let wanted = zip(expected, before).map { $0 - $1 }
      #expect((report.outcome == .accepted) == wanted.contains { $0 != 0 }, "step \(step) \(report) seed 77")
      #expect(
        report.outcome == .rejected || relativeError(change, to: wanted) < 1e-7,
        "step \(step) \(relativeError(change, to: wanted)) seed 77")
      if case .gainRatio = setting.damping {
        #expect(report.gainRatio != nil && abs(optimizer.state.damping.adapted! / hand.lambda - 1) < 1e-9)
      }
    }
  }

  /// A step that cannot help is refused by the gain ratio, lambda rises, and the next ones do help.
  @Test func aBadStepIsRejected() {
    let problem = HeadProblem<Double>(Shape(batch: 60, features: 2, classes: 6, spread: 3), seed: 3)
    var options = GaussNewtonOptions(
      descent: DescentOptions(curvature: .fgn, solver: .gram), damping: .gainRatio(initial: 1e-9, factor: 10),
      trustRegion: GaussNewtonOptions.TrustRegion(radius: .infinity, warmUp: 0, deviations: 1e9), momentum: 0,
      schedule: .constant)
    options.lineSearch = nil
    var optimizer = GaussNewtonOptimizer(Objective(problem.model), options: options)
    var parameters = problem.parameters
    var outcomes: [StepReport.Outcome] = []
    var objectives: [Double] = []
    for step in 0..<40 {
      let before = parameters.values
      let report = optimizer.step(&parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 40))
      outcomes.append(report.outcome)
      objectives.append(report.objective)
      if report.outcome == .rejected { #expect(parameters.values == before) }
    }
    #expect(outcomes.contains(.rejected) && outcomes.suffix(5).contains(.accepted), "\(outcomes)")
    #expect(zip(objectives, objectives.dropFirst()).allSatisfy { $1 <= $0 }, "\(objectives)")
    #expect(objectives.last! < 0.8 * objectives[0])
    #expect(optimizer.state.damping.adapted! > 1e-6)
  }

  /// A state that was encoded goes on bit for bit, with every option in use.
  @Test func stateGoesOn() throws {
    let problem = HeadProblem<Float>(Shape(batch: 20, features: 4, classes: 4), seed: 8)
    let options = GaussNewtonOptions.egnAsPublished()
    var optimizer = GaussNewtonOptimizer(Objective(problem.model, l2: 0.01), options: options)
    var parameters = problem.parameters
    for step in 0..<3 {
      _ = optimizer.step(&parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 6))
    }
    var other = GaussNewtonOptimizer(optimizer.objective, options: options)
    other.state = try decoded(optimizer.state)
    var copy = parameters
    for step in 3..<6 {
      let report = optimizer.step(&parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 6))
      #expect(other.step(&copy, on: problem.batch, at: Schedule.Progress(step: step, total: 6)) == report)
    }
    #expect(bits(copy.values) == bits(parameters.values))
  }
}
