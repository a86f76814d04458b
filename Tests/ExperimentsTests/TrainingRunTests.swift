import Comparison
import FastGaussNewton
import TestSupport
import Testing

@testable import Experiments

@Suite struct TrainingRunTests {
  /// Noisy classes around random centres.
  static func split(seed: UInt64 = 7) throws -> Split<Double> {
    var generator = SeededGenerator(seed: seed)
    let centers = (0..<9).map { _ in 2 * generator.normal() }
    func data(_ rows: Int) throws -> Dataset<Double> {
      let labels = (0..<rows).map { Int32($0 % 3) }
      let elements = labels.flatMap { label in
        (0..<3).map { centers[3 * Int(label) + $0] + generator.normal() }
      }
      return try Dataset(
        features: Matrix(rows: rows, columns: 3, elements: elements), labels: labels, classNames: ["a", "b", "c"])
    }
    return Split(name: "toy", training: try data(42), validation: try data(18))
  }

  static func runs(_ budget: Budget = .epochs(2)) throws -> TrainingRuns<LinearHead<Double>> {
    var runs = TrainingRuns(try split(), model: LinearHead<Double>(features: 3, classes: 3), budget: budget)
    (runs.batchSize, runs.points, runs.l2) = (10, 4, 1e-3)
    return runs
  }

  @Test func rowsSayWhatHappened() throws {
    var runs = try Self.runs()
    runs.labels = Row(["temperature": 3])
    let rows = try runs.rows("adam:lr=0.01", as: "Adam", seed: 5)
    // 5 steps an epoch, 4 points; powers of two before the first.
    #expect(rows.map { $0["step"]?.number } == [0, 1, 2, 3, 5, 8, 10])
    for row in rows {
      #expect(row["method"] == "Adam" && row["optimizer"] == "adam" && row["learningRate"] == 0.01)
      #expect(row["data"] == "toy" && row["budget"] == 2 && row["batchSize"] == 10 && row["temperature"] == 3)
      for column in ["trainingLoss", "trainingAccuracy", "validationLoss", "validationAccuracy", "cpuSeconds"] {
        #expect(row[column]?.number != nil, "\(column)")
      }
    }
    #expect(rows.map { $0["isLast"] } == [0, 0, 0, 0, 0, 0, 1] && rows[6]["outcome"] == "finished")
    #expect(rows[5]["outcome"] == nil && rows[6]["epoch"] == 2 && rows[6]["validationRMSE"] == nil)
    let (first, last) = (rows[0]["trainingLoss"]!.number!, rows[6]["trainingLoss"]!.number!)
    #expect(last < first, "seed 5")
    #expect(try runs.rows("adam:lr=0.01", seed: 5)[0]["method"] == "adam:learning-rate=0.01")
  }

  /// The last row is what it is among all of them.
  @Test func theEndAlone() throws {
    var runs = try Self.runs()
    let all = try runs.rows("fgn", seed: 3)
    runs.keepsLastOnly = true
    let end = try runs.rows("fgn", seed: 3)
    #expect(end.count == 1)
    let losses = [end[0], all[all.count - 1]].map { $0["validationLoss"] }
    #expect(losses[0] == losses[1] && end[0]["isLast"] == 1)
  }

  /// Bit for bit on any number of threads, timing aside.
  @Test(arguments: ["fgn", "ggn", "egn", "kfac:lr=0.1", "adam:lr=0.01", "lbfgs"])
  func sameSeedsSameRows(_ method: String) throws {
    let runs = try Self.runs()
    func timeless(_ seed: UInt64) -> [[String: Value]]? {
      try? runs.rows(method, seed: seed).map { $0.cells.filter { !Row.isTiming($0.key) } }
    }
    let results = onThreads { timeless(1) }
    let first = try #require(results[0])
    #expect(results[1] == first && results[2] == first)
    // All rows at once from zero: nothing is drawn.
    #expect((timeless(2) != first) == (method != "lbfgs"))
  }

  @Test func casesTakeTurnsAndSayWhatTheyDependOn() throws {
    let runs = try Self.runs()
    let cases = try runs.cases(["fgn", "adam:lr=0.01"], seeds: [1, 2])
    #expect(cases.map(\.seed) == [1, 1, 2, 2] && cases[0].name == cases[2].name && cases[0].name != cases[1].name)
    #expect(try cases[3].run().map { $0["step"] } == runs.rows("adam:lr=0.01", seed: 2).map { $0["step"] })
    func changed(_ change: (inout TrainingRuns<LinearHead<Double>>) throws -> Void) throws -> Bool {
      var other = runs
      try change(&other)
      let case0 = try other.cases(["fgn", "adam:lr=0.01"], seeds: [1, 2])[0]
      return case0.name != cases[0].name || case0.data != cases[0].data
    }
    #expect(try !changed { _ in })
    #expect(try changed { $0.batchSize = 9 })
    #expect(try changed { $0.l2 = 0 })
    #expect(try changed { $0.points = 3 })
    #expect(try changed { $0.budget = .epochs(3) })
    #expect(try changed { $0.budget = .steps(2) })
    #expect(try changed { $0.measuresTraining = false })
    #expect(try changed { $0.keepsLastOnly = true })
    #expect(try changed { $0.labels["x"] = 1 })
    #expect(try changed { $0.split = try Self.split(seed: 8) })
    #expect(try changed { $0.start = Parameters(layout: $0.model.layout) })
  }

  @Test func whatDoesNotFitIsAnError() throws {
    let runs = try Self.runs()
    #expect(throws: TrainingMethod.Failure.self) { try runs.rows("fgm", seed: 0) }
    #expect(throws: TrainingMethod.Failure.self) { try runs.cases(["fgn:lr=1"], seeds: [0]) }
    var other = runs
    other.model = LinearHead(features: 4, classes: 3)
    #expect(throws: DataError.self) { try other.rows("fgn", seed: 0) }
  }
}
