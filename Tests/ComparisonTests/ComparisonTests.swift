import FastGaussNewton
import Foundation
import TestSupport
import Testing

@testable import Comparison

@Suite struct ComparisonTests {
  func run(_ options: ComparisonOptions, test: Bool = false) throws -> ComparisonReport {
    var comparison = try OptimizerComparison(toyProblem(test: test), options)
    return try #require(try comparison.run())
  }

  @Test func epochsAreRespected() throws {
    let result = try run(toyOptions("fgn", "sgd:lr=0.1", budget: .epochs(2)))
    for contestant in result.contestants {
      #expect(contestant.runs.map(\.seed) == [0, 1])
      for run in contestant.runs {
        // 42 training rows in batches of at most 10: 5 steps an epoch, 4 points; powers of two before the first.
        #expect(run.rows.map(\.step) == [0, 1, 2, 3, 5, 8, 10])
        #expect(run.rows.map(\.point) == [0, 0, 0, 1, 2, 3, 4])
        #expect(run.last.epoch == 2 && run.outcome == .finished && run.rows.dropLast().allSatisfy { $0.outcome == nil })
        #expect(run.rows[0].validationLoss == run.rows[0].validationLoss && run.rows[0].cpuSeconds == 0)
        #expect(zip(run.rows, run.rows.dropFirst()).allSatisfy { $0.wallSeconds < $1.wallSeconds })
        #expect(run.best.validationLoss < run.rows[0].validationLoss)
      }
    }
  }

  @Test func stepsAreRespected() throws {
    var options = try toyOptions("fgn", "lbfgs", budget: .steps(7))
    options.points = 20
    var result = try run(options)
    #expect(result.contestants[0].runs[0].rows.map(\.step) == Array(0...7), "a point a step at most")
    let last = result.contestants[1].runs[0].last
    #expect(last.step == 7 && last.epoch == 7, "L-BFGS takes all rows")
    (options.points, options.measuresEarly) = (1, false)
    result = try run(options)
    #expect(result.contestants[0].runs[0].rows.map(\.step) == [0, 7], "no powers of two")
  }

  @Test func secondsAreRespected() throws {
    for clock in Clock.allCases {
      var options = try toyOptions("fgn", "sgd:lr=0.1", seeds: [0], budget: .seconds(0.05))
      options.clock = clock
      for contestant in try run(options).contestants {
        let rows = contestant.runs[0].rows
        let seconds = rows.map { $0.seconds(by: clock) }
        let longest = zip(seconds, seconds.dropFirst()).map { $1 - $0 }.max()!
        #expect(seconds.last! >= 0.05 && seconds.last! < 0.05 + longest, "\(clock) \(seconds)")
        #expect(rows.last?.point == 4 && rows.last!.step > 4)
        for row in rows { #expect(row.seconds(by: clock) >= 0.05 * Double(row.point) / 4 - 1e-9) }
      }
    }
  }

  /// Schedules end with the budget: near its end a cosine is small, however long steps take. No clock is asked.
  @Test func schedulesSpanABudgetOfSeconds() throws {
    var schedule = try PointSchedule(toyOptions("sgd", budget: .seconds(0.1)), stepsPerEpoch: 5)
    schedule.estimate = 0.001
    #expect(schedule.progress(step: 0, seconds: 0).total == 100)
    for each in [1e-4, 1e-3, 0.03] {
      var (last, step) = (1.0, 0)
      while Double(step) * each < 0.1 {
        let length = Schedule.cosine.factor(at: schedule.progress(step: step, seconds: Double(step) * each))
        #expect(length <= last + 1e-12 || step == 1, "steps of \(each) s, step \(step)")
        (last, step) = (length, step + 1)
      }
      #expect(last < (each < 0.01 ? 0.01 : 0.3), "steps of \(each) s end at \(last)")
      #expect(schedule.point(step: step, seconds: Double(step) * each) == 4)
    }
  }

  @Test func contestantsTakeTurns() throws {
    var order: [String] = []
    var comparison = try OptimizerComparison(
      toyProblem(), toyOptions("fgn", "sgd", "adam", seeds: [4, 5, 6], budget: .epochs(1)))
    var observer = RecordObserver<ComparisonProgress> {
      order.append("\($0.isTuning ? "grid " : "")\($0.run.seed) \($0.run.contestant)")
    }
    _ = try comparison.run(observer: &observer)
    let rates = ["0.032", "0.1", "0.32"]
    let adam = ["0.00032", "0.001", "0.0032"]
    #expect(
      order.prefix(6) == [
        "grid 4 sgd:learning-rate=\(rates[0])", "grid 4 adam:learning-rate=\(adam[0])",
        "grid 4 adam:learning-rate=\(adam[1])", "grid 4 sgd:learning-rate=\(rates[1])",
        "grid 4 sgd:learning-rate=\(rates[2])", "grid 4 adam:learning-rate=\(adam[2])",
      ])
    let names = order.dropFirst(6).map { $0.split(separator: ":")[0] }
    #expect(
      names == ["4 fgn", "4 sgd", "4 adam", "5 sgd", "5 adam", "5 fgn", "6 adam", "6 fgn", "6 sgd"])
  }

  /// Bit for bit, apart from seconds.
  @Test func sameSeedsSameRows() throws { try withThreads { try checkSameSeeds() } }

  private func checkSameSeeds() throws {
    let options = try toyOptions("fgn", "egn", "adam", "kfac:lr=0.1", "sophia:lr=0.01", "lbfgs")
    let first = try run(options).timeless
    #expect(try run(options).timeless == first)
    var other = options
    other.seeds = [0, 2]
    let different = try run(other).contestants[0].runs
    #expect(different[0].rows.map(\.timeless) == Array(first[0..<7]))
    #expect(different[1].last.validationLoss != first[13].validationLoss)
  }

  /// The same run, with two more columns: no pass over the training rows moves a parameter or counts as time of steps.
  @Test func trainingIsMeasured() throws {
    var options = try toyOptions("fgn", seeds: [3])
    let plain = try run(options).timeless
    #expect(plain.allSatisfy { $0.trainingLoss == nil && $0.trainingAccuracy == nil })
    options.measuresTraining = true
    let measured = try run(options).timeless
    #expect(measured.map(\.validationLoss) == plain.map(\.validationLoss))
    let losses = try measured.map { try #require($0.trainingLoss) }
    let problem = try toyProblem()
    var evaluator = Evaluator(Objective(problem.model))
    let start = try evaluator.evaluate(Parameters(layout: problem.model.layout), problem.training)
    #expect(losses[0] == start.loss && measured[0].trainingAccuracy == start.accuracy)
    #expect(losses[losses.count - 1] < losses[0])
    let cells = Dictionary(uniqueKeysWithValues: measured[1].cells.map { ($0.column, $0.text) })
    #expect(cells["trainingLoss"] == "\(losses[1])" && cells["step"] == "1")
  }

  /// One contestant by itself is what it is in a comparison.
  @Test func aRunByItself() throws { try withThreads { try checkRunByItself() } }

  private func checkRunByItself() throws {
    let options = try toyOptions("adam:lr=0.01")
    let contestant = options.contestants[0]
    let run = try ContestantRun(problem: toyProblem(), options: options, contestant: contestant, seed: 1)
    try run.check()
    let rows = try run.rows().map { row in
      var row = row.timeless
      row.key = ""
      return row
    }
    let expected = try self.run(options).contestants[0].runs[1].rows.map { row in
      var row = row.timeless
      row.key = ""
      return row
    }
    #expect(rows == expected && rows.count == 7)
    var observer = StepWatch<ComparisonProgress>(stops: { true })
    #expect(try run.rows(observer: &observer) == nil)
  }

  @Test func settingsAreChosenOnValidation() throws {
    for all in [false, true] {
      var options = try toyOptions("sgd", seeds: [0, 1, 2])
      options.tunesOnAllSeeds = all
      let sgd = try run(options, test: true).contestants[0]
      #expect(sgd.tuning.count == (all ? 9 : 3) && sgd.grid.count == 3)
      let best = try #require(sgd.grid.min { $0.loss < $1.loss })
      #expect(sgd.chosen == best.settings)
      for point in sgd.grid {
        let runs = sgd.tuning.filter { $0.contestant == point.settings.description }
        let mean = runs.map(\.best.validationLoss).reduce(0, +) / Double(runs.count)
        #expect(abs(mean - point.loss) < 1e-15 && runs.count == (all ? 3 : 1))
      }
      #expect(sgd.runs.allSatisfy { $0.contestant == best.settings.description } && sgd.runs.count == 3)
      #expect(sgd.runs[0] == sgd.tuning.first { $0.contestant == best.settings.description }, "it is not run twice")
    }
  }

  @Test func anEdgeIsGoneBeyond() throws {
    var options = try toyOptions("adam", seeds: [0])
    let plain = try run(options).contestants[0]
    #expect(plain.grid.count == 3 && plain.chosen == plain.grid[2].settings, "this problem wants larger rates")
    options.extendsGrid = true
    let extended = try run(options).contestants[0]
    #expect((4...6).contains(extended.grid.count))
    #expect(extended.runs[0].best.validationLoss <= plain.runs[0].best.validationLoss)
  }

  @Test func whatDivergesIsStoppedAndTheRestGoesOn() throws {
    let data = try toyRegression()
    let parts = try data.split(validationFraction: 0.3, seed: 1)
    let problem = ComparisonProblem(
      model: LinearHead<Double>(features: 3, classes: 1), loss: SquaredLoss(), training: parts.training,
      validation: parts.validation)
    var comparison = try OptimizerComparison(problem, toyOptions("sgd:lr=1000", "fgn", budget: .epochs(30)))
    let result = try #require(try comparison.run())
    let (lost, sound) = (result.contestants[0].runs[0], result.contestants[1].runs[0])
    #expect(lost.outcome == .diverged && lost.last.step < 150 && sound.outcome == .finished)
    #expect(lost.best.validationLoss.isFinite && lost.best == lost.rows[0])
    let summary = result.summary
    #expect(summary.entries.map(\.diverged) == [2, 0] && summary.winners[0].contestant == "fgn")
    #expect(summary.metrics == [.validationLoss, .validationRMSE])
    #expect(summary.target < lost.best.validationLoss, "what diverged sets no target")
    #expect(summary.text.contains("2 of 2"))
    #expect(result.figure().svg().contains("</svg>"))
  }

  @Test func dataMustFit() throws {
    var problem = try toyProblem()
    problem.loss = SquaredLoss()
    let options = try toyOptions("fgn")
    #expect(throws: DataError.self) { try OptimizerComparison(problem, options) }
    problem = try toyProblem()
    problem.model = LinearHead(features: 4, classes: 3)
    #expect(throws: DataError.self) { try OptimizerComparison(problem, options) }
  }
}
