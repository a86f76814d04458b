import ArgumentParser
import Comparison
import FastGaussNewton

extension Schedule: ExpressibleByArgument {}

/// How steps are computed in training.
struct MethodArguments: ParsableArguments {
  @Option(
    help: """
      fgn (default), ggn, egn, fisher, sgd, nesterov, adam, adamw, sgn, sqn, lbfgs, kfac, shampoo or sophia; options \
      may follow, such as sgd:learning-rate=0.1:momentum=0.9.
      """)
  var optimizer: String?

  @Option(help: "fgn, ggn (full Gauss-Newton) or fisher (empirical): the same as --optimizer.")
  var curvature: Curvature?

  @Option(help: "auto picks the cheapest; gram, cg, gram-cg for fgn and fisher; cg, dual for ggn.")
  var solver: Solver?

  @Option(help: "auto, or a starting value of lambda: it adapts from there. See --fixed-damping.")
  var damping: String?

  @Option(help: "Keep lambda at this value: for experiments.")
  var fixedDamping: String?

  @Option(help: "Rate of methods that need one; each has a default.")
  var learningRate: String?

  @Option(help: "Step length over the run: constant, linear or cosine.")
  var schedule: Schedule?

  @Option(help: "Fraction of the run in which the learning rate rises.")
  var warmUp: String?

  @Option(help: "Decoupled weight decay, for methods with a learning rate.")
  var weightDecay: String?

  @Option(help: "Largest norm of the gradient, for methods with a learning rate.")
  var clipping: String?

  @Option(help: "Momentum, from 0 to below 1.")
  var momentum: String?

  @Option(help: "Leave out examples whose gradients disagree: the cosine below which they do, from -1 to below 1.")
  var gradientAgreement: String?

  /// Whether any of these options was given.
  var isGiven: Bool {
    let texts = [
      optimizer, damping, fixedDamping, learningRate, warmUp, weightDecay, clipping, momentum, gradientAgreement,
    ]
    return texts.contains { $0 != nil } || curvature != nil || solver != nil || schedule != nil
  }

  func validate() throws {
    _ = try contestant()
  }

  /// The method with the options that were given.
  func contestant() throws -> Contestant {
    do {
      var contestant = try Contestant(optimizer ?? curvature?.name ?? "fgn")
      if let curvature, contestant.name.rawValue != curvature.name {
        throw ContestantError("give --optimizer or --curvature, not both")
      }
      let given: [(OptimizerOption, String?)] = [
        (.solver, solver?.rawValue), (.damping, damping), (.fixedDamping, fixedDamping), (.learningRate, learningRate),
        (.schedule, schedule?.rawValue), (.warmUp, warmUp), (.weightDecay, weightDecay), (.clipping, clipping),
        (.momentum, momentum), (.gradientAgreement, gradientAgreement),
      ]
      for (option, value) in given {
        if let value { try contestant.set(option.rawValue, to: value) }
      }
      try contestant.check()
      return contestant
    } catch let error as ContestantError {
      throw ValidationError("\(error)")
    }
  }
}
