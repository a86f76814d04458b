import FastGaussNewton
import Foundation
import TestSupport
import Testing

@testable import Comparison

@Suite struct ResumeTests {
  let directory = NSTemporaryDirectory() + "/comparison-\(UUID().uuidString)"

  func options() throws -> ComparisonOptions { try toyOptions("fgn", "sgd", "adam:lr=0.01") }

  func remove() { try? FileManager.default.removeItem(atPath: directory) }

  func file(_ name: String) throws -> String { try String(contentsOfFile: directory + "/" + name, encoding: .utf8) }

  @Test func anInterruptionChangesNothing() throws {
    defer { remove() }
    try withThreads { try interrupt() }
  }

  private func interrupt() throws {
    var whole = try OptimizerComparison(toyProblem(), options())
    let expected = try #require(try whole.run()).timeless
    var (steps, attempts, reused) = (0, 0, 0)
    var result: ComparisonReport?
    while result == nil {
      attempts += 1
      try #require(attempts < 20)
      var comparison = try OptimizerComparison(toyProblem(), options(), store: RunStore(directory: directory))
      var observer = StepWatch<ComparisonProgress>(
        recorded: { reused += $0.isReused ? 1 : 0 },
        stops: {
          steps += 1
          return steps % 37 == 0
        })
      result = try comparison.run(observer: &observer)
    }
    #expect(attempts > 2 && reused > 5, "it was interrupted \(attempts) times")
    #expect(result?.timeless == expected)
    // 3 settings, of which one is run again with the other seed, and 2 for each of the others: 8 runs of 7 rows.
    let lines = try file("rows.jsonl").split(separator: "\n")
    #expect(lines.count == 56)
    let table = try file("rows.csv").split(separator: "\n")
    #expect(table.count == 57 && table[0].hasPrefix("key,contestant,optimizer,seed,point,step,epoch,"))
    #expect(table.allSatisfy { $0.components(separatedBy: ",").count >= 24 })
  }

  /// The number of threads is part of what a run is.
  @Test func onlyTheSameRunIsReused() throws { try withThreads { try checkReuse() } }

  private func checkReuse() throws {
    defer { remove() }
    func reused(_ change: (inout ComparisonOptions, inout ComparisonProblem<LinearHead<Double>>) throws -> Void) throws
      -> Int
    {
      var (options, problem, count) = (try toyOptions("fgn", "adam:lr=0.01"), try toyProblem(), 0)
      try change(&options, &problem)
      var comparison = try OptimizerComparison(problem, options, store: RunStore(directory: directory), version: "1")
      var observer = RecordObserver<ComparisonProgress> { count += $0.isReused ? 1 : 0 }
      _ = try comparison.run(observer: &observer)
      return count
    }
    #expect(try reused { _, _ in } == 0)
    #expect(try reused { _, _ in } == 4)
    #expect(try reused { options, _ in options.seeds = [1, 2] } == 2)
    #expect(try reused { options, _ in options.contestants[1] = try TrainingMethod("adam:lr=0.02") } == 2)
    #expect(try reused { options, _ in options.target = 0.5 } == 4, "the target changes no run")
    #expect(try reused { options, _ in options.batchSize = 20 } == 0)
    #expect(try reused { options, _ in options.l2 = 0.1 } == 0)
    #expect(try reused { options, _ in options.points = 3 } == 0)
    #expect(try reused { options, _ in options.measuresTraining = true } == 0)
    #expect(try reused { options, _ in options.measuresEarly = false } == 0)
    #expect(try reused { options, _ in options.budget = .epochs(3) } == 0)
    #expect(try reused { options, _ in options.budget = .steps(10) } == 0)
    #expect(try reused { _, problem in problem.training = try problem.training.rows(Array(0..<41)) } == 0)
    #expect(try reused { _, problem in try problem.training.setWeights((0..<42).map { Double($0) }) } == 0)
    #expect(try reused { _, _ in } == 4, "other comparisons leave rows alone")
  }

  @Test func rowsThatAreNone() throws {
    defer { remove() }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data("{\"key\": \"x\"}\n".utf8).write(to: URL(filePath: directory + "/rows.jsonl"))
    do {
      _ = try RunStore<ComparisonRow>(directory: directory)
      Issue.record("read")
    } catch let error as FileError {
      #expect(error.kind == .badData && error.description.contains("rows.jsonl: line 1: expected a row"))
    }
  }

  /// The rows of a run whose end is missing are dropped, and it is run again.
  @Test func aCutRunIsRunAgain() throws { try withThreads { try checkCutRun() } }

  private func checkCutRun() throws {
    defer { remove() }
    var first = try OptimizerComparison(toyProblem(), options(), store: RunStore(directory: directory))
    let expected = try #require(try first.run()).timeless
    let lines = try file("rows.jsonl").split(separator: "\n")
    try Data((lines.dropLast(2).joined(separator: "\n") + "\n").utf8).write(
      to: URL(filePath: directory + "/rows.jsonl"))
    var again = try OptimizerComparison(toyProblem(), options(), store: RunStore(directory: directory))
    var fresh = 0
    var observer = RecordObserver<ComparisonProgress> { fresh += $0.isReused ? 0 : 1 }
    let result = try #require(try again.run(observer: &observer))
    #expect(fresh == 1 && result.timeless == expected)
    #expect(try file("rows.jsonl").split(separator: "\n").count == lines.count)
  }

  @Test func aDirectoryThatCannotBe() {
    #expect(throws: FileError.self) { try RunStore<ComparisonRow>(directory: "/nowhere/at/all") }
  }
}
