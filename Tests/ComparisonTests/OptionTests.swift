import FastGaussNewton
import Foundation
import TestSupport
import Testing

@testable import Comparison

/// Numbers of a caller that no comparison can be made with are errors, and end nothing.
@Suite struct OptionTests {
  static let cases: [(String, @Sendable (inout ComparisonOptions) throws -> Void)] = [
    ("optimizers needs at least one name", { $0.contestants = [] }),
    ("optimizers names one twice", { $0.contestants += $0.contestants }),
    ("seeds must be at least 1, got 0", { $0.seeds = [] }),
    ("seeds must be at most 10000, got 10001", { $0.seeds = Array(0...10_000) }),
    ("seeds has one twice", { $0.seeds = [3, 3] }),
    ("epochs must be at least 1, got 0", { $0.budget = .epochs(0) }),
    ("epochs must be at most 1000000, got 9223372036854775807", { $0.budget = .epochs(.max) }),
    ("steps must be at least 1, got -9223372036854775808", { $0.budget = .steps(.min) }),
    ("steps must be at most 1000000000", { $0.budget = .steps(.max) }),
    ("seconds must be at least 0.001, got 0.0", { $0.budget = .seconds(0) }),
    ("seconds must be at least 0.001, got nan", { $0.budget = .seconds(.nan) }),
    ("seconds must be at least 0.001, got inf", { $0.budget = .seconds(.infinity) }),
    ("batch-size must be at least 1, got -1", { $0.batchSize = -1 }),
    ("l2 must be 0 or more, got nan", { $0.l2 = .nan }),
    ("points must be at least 1, got 0", { $0.points = 0 }),
    ("points must be at most 100000, got 9223372036854775807", { $0.points = .max }),
    ("grid must be from 1 to 99, got 9223372036854775807", { $0.gridPoints = .max }),
    ("grid-factor must be above 1, got nan", { $0.gridFactor = .nan }),
    ("grid-factor must be above 1, got -2.0", { $0.gridFactor = -2 }),
    ("grid-factor and grid must not span more than 100 digits", { $0.gridFactor = 1e200 }),
    ("target must be a number, got nan", { $0.target = .nan }),
  ]

  @Test(arguments: cases.indices) func areRefused(_ index: Int) throws {
    let (part, change) = Self.cases[index]
    var options = try toyOptions("fgn", "sgd")
    try options.check()
    try change(&options)
    let error = #expect(throws: OptionError.self) { try OptimizerComparison(toyProblem(), options) }
    #expect(error?.code == .badOption && "\(error!)".contains(part), "\(error!)")
  }

  @Test func gridsThatCannotBe() throws {
    let method = try TrainingMethod("sgd")
    for (count, factor) in [(5, Double.nan), (5, 0), (5, -3), (5, .infinity), (.max, 2), (50, 1e200), (0, 2), (-4, 2)] {
      #expect(method.grid(count: count, factor: factor) == [method])
    }
    #expect(method.grid(count: 3, factor: 10).count == 3)
  }

  /// A directory is made for the first run, and not by looking at it.
  @Test func aDirectoryIsMadeForTheFirstRun() throws {
    let files = TemporaryDirectory()
    var options = try toyOptions("fgn")
    options.points = 0
    let store = try RunStore<ComparisonRow>(directory: files.file("out"))
    #expect(throws: OptionError.self) { try OptimizerComparison(toyProblem(), options, store: store) }
    #expect(files.names.isEmpty)
    options.points = 2
    var comparison = try OptimizerComparison(toyProblem(), options, store: store)
    _ = try comparison.run()
    #expect(files.names == ["out"])
  }
}
