import LinearAlgebra
import TestSupport
import Testing

@testable import Experiments

/// The experiments `concentration` and `damping`.
@Suite struct MechanismExperimentTests {
  static let experiments: [any Experiment] = [Concentration(), DampingSweep()]
  static let setting = ExperimentSetting(
    seeds: [3], isQuick: true, data: ExperimentData(directory: nil, features: nil))

  /// Cases small enough for a debug build.
  static func cases(_ experiment: any Experiment) throws -> [Case] {
    try experiment.cases(in: setting).filter { $0.name.contains("rows=32 ") || $0.name.contains("single") }
      .filter { !$0.name.contains("classes=196") && !$0.name.contains("classes=1000") }
  }

  @Test(arguments: experiments.map(\.name)) func rowsDoNotDependOnThreads(_ name: String) throws {
    let experiment = try #require(Self.experiments.first { $0.name == name })
    let cases = try Self.cases(experiment)
    #expect(cases.count >= 3)
    let runs = onThreads { try? cases.flatMap { try $0.run() } }
    let rows = try #require(runs[0])
    #expect(runs[1] == rows && runs[2] == rows)
    #expect(rows.allSatisfy { row in row.cells.values.allSatisfy { $0.number?.isFinite ?? true } })
  }

  /// Rows that are missing are said to be.
  @Test(arguments: experiments.map(\.name)) func nothingIsClaimedWithoutRows(_ name: String) throws {
    let experiment = try #require(Self.experiments.first { $0.name == name })
    for section in experiment.report(on: Rows([]), in: Self.setting) {
      #expect(section.verdict.title == "not measured", "\(section.title)")
    }
  }

  /// The verdicts follow the rows: the same report on rows in which the error is another.
  @Test func verdictsAreDecidedByRows() throws {
    let rows = try Self.cases(Concentration()).flatMap { try $0.run() }
    func verdict(_ rows: [Row], _ title: String) -> String? {
      Concentration().report(on: Rows(rows), in: Self.setting).first { $0.title == title }?.verdict.title
    }
    #expect(verdict(rows, "One example, uniform competitors") == "holds")
    let changed = rows.map { row in
      row["form"] == "uniform on a support" ? row.merging(Row(["relativeError": 0.1])) : row
    }
    #expect(verdict(changed, "One example, uniform competitors") == "fails")
    #expect(verdict(rows, "Concentrated mass") == "holds within limits")
    let grown = rows.map { row in row["part"] == "shape" ? row.merging(Row(["isLargestAtUniform": 1])) : row }
    #expect(verdict(grown, "Concentrated mass") == "holds")
    let apart = rows.map { row in row["competitors"] == 1 ? row.merging(Row(["relativeError": 0.2])) : row }
    #expect(verdict(apart, "Concentrated mass") == "fails")
  }
}
