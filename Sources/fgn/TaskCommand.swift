import ArgumentParser
import Comparison
import FastGaussNewton
import Figures
import Tasks

/// `fgn task`: control problems, learned by the methods of this package.
struct TaskCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "task",
    abstract: "Learn a control problem: the gain of linear plants, or the action values of a simulated system.",
    discussion: """
      lqr       fitted Q iteration on four linear plants, against the gain of the Riccati equation
      cartpole  double deep Q-learning, 500 at best
      acrobot   the same, about -80 at best
      Exit code 0 if the goal is reached: each plant's gain to 1e-6, or a mean return of 475 (cartpole) or -100 \
      (acrobot) over 100 greedy episodes, in four of five seeds at least.
      """)

  enum Name: String, ExpressibleByArgument, CaseIterable { case lqr, cartpole, acrobot }

  @Argument(help: "lqr, cartpole or acrobot.")
  var name: Name
  @Option(help: "A method as in `fgn compare`, such as egn, adam or adam:lr=1e-3.")
  var optimizer = "egn"
  @Option(help: "The first seed: the same seed gives the same result.")
  var seed: UInt64 = 0
  @Option(help: "Runs, with one seed after the other.")
  var seeds: Int = 1
  @Option(help: "Steps in the environment at most; fits of a plant for lqr.")
  var steps: Int?
  @Option(help: "Where the learning curve goes, .svg.")
  var curve: String?
  @Flag(help: "Print the result as one JSON object.")
  var json = false

  func validate() throws {
    _ = try method()
    guard seeds >= 1 else { throw ValidationError("--seeds must be at least 1, got \(seeds).") }
    try requireAtMost(seeds, 10_000, "--seeds")
    try requireAtMost(steps, 1_000_000_000, "--steps")
    guard seed <= .max - UInt64(seeds) else {
      throw ValidationError("--seed is too large for \(seeds) seeds, got \(seed).")
    }
    guard steps ?? 1 >= 1 else { throw ValidationError("--steps must be at least 1, got \(steps ?? 0).") }
  }

  func run() throws {
    var isReached = false
    try reportingFailures {
      var files = RunFiles()
      files.writes(curve, "the curve", endings: [".svg"])
      try files.checkAll()
      switch name {
      case .lqr: isReached = try learnGains()
      case .cartpole: isReached = try learnValues(CartPole(), task: .cartPole)
      case .acrobot: isReached = try learnValues(Acrobot(), task: .acrobot)
      }
    }
    if !isReached { throw ExitCode(1) }
  }

  private func method() throws -> TaskOptimizer {
    do { return try TaskOptimizer(optimizer) } catch { throw ValidationError("\(error)") }
  }

  private var seedRange: Range<UInt64> { seed..<seed + UInt64(seeds) }

  private func learnGains() throws -> Bool {
    let method = try self.method()
    let runs = seedRange.flatMap { seed in
      LinearPlant.examples.map { plant in
        var task = GainLearning(plant: plant)
        if let steps { task.iterations = steps }
        let run = GainRun(task, optimizer: method, seed: seed)
        logger.info("\(plant.name), seed \(seed): gain error \(NumberText.significant(run.gainError))")
        return run
      }
    }
    if let curve { try AtomicFile.write(GainRun.figure(runs), to: curve) }
    let summary = TaskSummary(task: name.rawValue, optimizer: optimizer, goal: 1e-6, runs: runs)
    if json { try printJSON(summary) } else { GainRun.show(runs) }
    return summary.isReached
  }

  private func learnValues(_ environment: some Environment, task: ValueTask) throws -> Bool {
    var options = task.options
    if let steps { options.steps = steps }
    options.warmUp = min(options.warmUp, max(options.steps, options.batchSize))
    let method = try self.method()
    let runs = try seedRange.map { seed in
      let run = try ValueRun(environment, task: task, options: options, optimizer: method, seed: seed) {
        logger.info("seed \(seed): step \($0.step), mean return \(NumberText.fixed($0.meanReturn, 1))")
      }
      if !json { run.show() }
      return run
    }
    if let curve { try AtomicFile.write(ValueRun.figure(runs), to: curve) }
    let summary = TaskSummary(task: name.rawValue, optimizer: optimizer, goal: task.goal, runs: runs)
    if json { try printJSON(summary) } else { print("\(summary.reached) of \(runs.count) seeds reach \(task.goal)") }
    return summary.isReached
  }
}

/// What `fgn task --json` prints.
struct TaskSummary<Run: TaskRun>: Encodable {
  var task: String
  var optimizer: String
  /// Largest gain error, or smallest mean return.
  var goal: Double
  var reached: Int
  var runs: [Run]

  init(task: String, optimizer: String, goal: Double, runs: [Run]) {
    (self.task, self.optimizer, self.goal, self.runs) = (task, optimizer, goal, runs)
    reached = runs.count { $0.reaches(goal) }
  }

  var isReached: Bool { 5 * reached >= Run.fifths * runs.count }
}

protocol TaskRun: Encodable {
  /// Of five runs, how many must reach the goal.
  static var fifths: Int { get }
  func reaches(_ goal: Double) -> Bool
}
