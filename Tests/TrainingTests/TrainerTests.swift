import FastGaussNewton
import Testing

@testable import Training

/// The loop with a scripted optimizer: what is kept, when it ends, who is told.
@Suite struct TrainerTests {
  static let head = LinearHead<Double>(features: 1, classes: 2, intercept: false)

  /// One feature of 1 in every row; the logits are (w, 0), so the loss of class 0 falls with w.
  static func rows(zeros: Int, ones: Int) throws -> Dataset<Double> {
    let labels = [Int32](repeating: 0, count: zeros) + [Int32](repeating: 1, count: ones)
    return try Dataset(
      features: Matrix(rows: labels.count, columns: 1, elements: labels.map { _ in 1 }), labels: labels,
      classNames: ["0", "1"], source: "rows")
  }

  /// Runs a script with one step an epoch, or with `batchSize` smaller, more.
  static func run(
    _ script: [Double?], epochs: Int? = nil, batchSize: Int = 4, patience: Int? = nil, timeLimit: Double? = nil,
    start: Double? = nil, validation: Dataset<Double>? = nil, recorder: Recorder = Recorder(),
    isInterrupted: @escaping () -> Bool = { false }
  ) throws -> Trainer.Result<Double> {
    var optimizer = ScriptedOptimizer(script, Objective(head))
    let options = Trainer.Options(
      epochs: epochs ?? script.count, batchSize: batchSize, timeLimit: timeLimit, patience: patience)
    var observer = RecordingObserver(recorder: recorder, isInterrupted: isInterrupted)
    return try Trainer(options: options).run(
      &optimizer, from: start.map { Parameters(layout: head.layout, values: [$0, 0]) }, on: rows(zeros: 3, ones: 1),
      validation: validation, observer: &observer)
  }

  @Test func theBestEpochIsKept() throws {
    // The optimum of three against one is w = log 3 = 1.1.
    let result = try Self.run([5, 1, 3, -2])
    #expect(result.outcome == .finished && result.bestEpoch == 2)
    #expect(result.parameters.values == [1, 0])
    #expect(result.epochs.map(\.epoch) == [1, 2, 3, 4])
    #expect(result.explanation == "script")
  }

  @Test func validationDecidesWhereThereIsOne() throws {
    let result = try Self.run([5, 1, 3, -2], validation: Self.rows(zeros: 1, ones: 9))
    #expect(result.bestEpoch == 4 && result.parameters.values == [-2, 0])
    #expect(result.epochs.allSatisfy { $0.validationAccuracy != nil && $0.validationLoss != nil })
    #expect(result.epochs[3].validationAccuracy == 0.9 && result.epochs[3].accuracy == 0.25)
  }

  @Test func parametersThatAreNotFiniteAreNotKept() throws {
    let result = try Self.run([2, .nan, .infinity])
    #expect(result.bestEpoch == 1 && result.parameters.values == [2, 0])
    let none = try Self.run([.nan], start: 0.5)
    #expect(none.bestEpoch == 0 && none.parameters.values == [0.5, 0])
  }

  @Test func equalIsNotBetter() throws { #expect(try Self.run([2, 2, 2]).bestEpoch == 1) }

  @Test func startsWhereItIsTold() throws {
    let result = try Self.run([nil], start: 1)
    #expect(result.parameters.values == [1, 0] && result.bestEpoch == 0 && result.startValue != nil)
  }

  /// What was given to start from is kept where nothing better comes, and only then.
  @Test func startIsACandidate() throws {
    // Best is the logarithm of 3.
    #expect(try Self.run([0, 5], start: 1).parameters.values == [1, 0])
    let better = try Self.run([6, 1], start: 5)
    #expect(better.parameters.values == [1, 0] && better.bestEpoch == 2)
  }

  @Test func patience() throws {
    let script: [Double?] = [0, 1, 5, 6, 1.1, 1.1]
    let impatient = try Self.run(script, patience: 2)
    #expect(impatient.outcome == .stoppedEarly && impatient.bestEpoch == 2 && impatient.epochs.count == 4)
    let patient = try Self.run(script, patience: 3)
    #expect(patient.outcome == .finished && patient.bestEpoch == 5 && patient.epochs.count == 6)
    // The last epoch ends the run anyway.
    #expect(try Self.run([1, 2, 3], patience: 2).outcome == .finished)
  }

  @Test func everyStepRefused() throws {
    let result = try Self.run([nil, 1, nil, nil, 7, 7], epochs: 3, batchSize: 2)
    #expect(result.outcome == .diverged)
    #expect(result.epochs.map(\.rejected) == [1, 2])
    #expect(result.bestEpoch == 1 && result.parameters.values == [1, 0])
  }

  @Test func timeLimit() throws {
    let result = try Self.run([1, 2, 3, 4], epochs: 2, batchSize: 2, timeLimit: 1e-9)
    #expect(result.outcome == .timeLimit && result.epochs.count == 1)
    #expect(result.epochs[0].steps == 1 && result.parameters.values == [1, 0], "what there is, is kept")
    #expect(try Self.run([1, 2], timeLimit: 1e9).outcome == .finished)
  }

  @Test func interruption() throws {
    var asked = 0
    let recorder = Recorder()
    let result = try Self.run([1, 1.2, 3, 4], epochs: 2, batchSize: 2, recorder: recorder) {
      asked += 1
      return asked == 3
    }
    #expect(result.outcome == .interrupted && asked == 3, "asked once a step")
    #expect(result.epochs.map(\.steps) == [2, 1] && result.epochs[1].step == 3)
    #expect(result.bestEpoch == 1 && result.parameters.values == [1.2, 0])
    #expect(recorder.records.count == 2, "the epoch that was cut short is told too")
  }

  @Test func observersAreToldInOrder() throws {
    let recorder = Recorder()
    _ = try Self.run([1, 2, 3, 4], epochs: 2, batchSize: 3, recorder: recorder)
    let plan = Trainer.Plan(epochs: 2, stepsPerEpoch: 2, examples: 4, hasValidation: false)
    #expect(
      recorder.events == [
        .started(plan), .step(1, epoch: 1), .step(2, epoch: 1), .epoch(1), .step(3, epoch: 2), .step(4, epoch: 2),
        .epoch(2),
      ])
    #expect(plan.totalSteps == 4)
  }

  @Test func recordsAddUp() throws {
    let recorder = Recorder()
    let result = try Self.run([nil, 1, 2, 3], epochs: 2, batchSize: 2, recorder: recorder)
    #expect(result.epochs == recorder.records)
    let (first, second) = (result.epochs[0], result.epochs[1])
    #expect((first.step, first.steps, first.rejected, first.undone) == (2, 2, 1, 0))
    #expect((second.step, second.steps, second.rejected) == (4, 2, 0))
    #expect(second.solver == "script" && second.damping == 0.5 && second.stepLength == 1)
    #expect(first.wallSeconds > 0 && second.wallSeconds >= first.wallSeconds && second.cpuSeconds >= first.cpuSeconds)
    var evaluator = Evaluator(Objective(Self.head))
    let at = Parameters(layout: Self.head.layout, values: [3, 0])
    let final = try evaluator.evaluate(at, try Self.rows(zeros: 3, ones: 1))
    #expect((second.objective, second.loss, second.accuracy) == (final.objective, final.loss, final.accuracy))
  }

  @Test func anObserverThatThrowsEndsTheRun() throws {
    struct Full: Error {}
    struct FullDisk: RunObserver {
      mutating func partEnded(_ record: some RunRecord) throws { throw Full() }
    }
    var optimizer = ScriptedOptimizer([1, 1], Objective(Self.head))
    var observer = FullDisk()
    #expect(throws: Full.self) {
      try Trainer(options: Trainer.Options(epochs: 2)).run(
        &optimizer, on: Self.rows(zeros: 2, ones: 2), observer: &observer)
    }
    #expect(optimizer.state.step == 1)
  }

  @Test func dataThatDoNotFitTheModel() throws {
    var optimizer = ScriptedOptimizer([], Objective(Self.head))
    var silent = SilentObserver()
    for (features, classes, parts) in [
      (2, 2, ["takes 1 features", "have 2"]), (1, 3, ["has 2 classes", "have 3"]),
    ] {
      let other = try blobs(Double.self, rows: 10, features: features, classes: classes)
      let fitting = try Self.rows(zeros: 1, ones: 1)
      for (training, validation) in [(other, nil), (fitting, other)] {
        expectFailure(DataError.self, "blobs", parts[0], parts[1]) {
          try Trainer(options: Trainer.Options()).run(
            &optimizer, on: training, validation: validation, observer: &silent)
        }
      }
    }
  }

  @Test func everyOutcomeSaysWhatToDo() {
    let all: [Trainer.Outcome] = [.finished, .stoppedEarly, .timeLimit, .interrupted, .diverged]
    #expect(Set(all.map(\.remedy)).count == 5)
  }
}
