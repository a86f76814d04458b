import FastGaussNewton
import Foundation
import Testing

@testable import Training

@Suite struct JSONLinesLogTests {
  struct Header: Encodable { var seed = 7 }

  /// Without the optional ones.
  static let keys: Set = [
    "epoch", "step", "steps", "undone", "rejected", "wallSeconds", "cpuSeconds", "objective", "loss", "accuracy",
    "damping", "stepLength", "solver", "iterations", "products", "modelPasses", "shortened",
  ]

  static func objects(_ text: String) throws -> [[String: Any]] {
    #expect(text.hasSuffix("\n"))
    return try text.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test(arguments: [false, true]) func eachLineIsAnObject(_ hasValidation: Bool) throws {
    let directory = TemporaryDirectory()
    let data = try blobs(Float.self, rows: 90, features: 3, classes: 3)
    let head = LinearHead<Float>(features: 3, classes: 3)
    var optimizer = GaussNewtonOptimizer(Objective(head))
    var log = try JSONLinesLog(path: directory.file("log.jsonl"), header: Header())
    let result = try Trainer(options: Trainer.Options(epochs: 3, batchSize: 30)).run(
      &optimizer, on: data, validation: hasValidation ? data : nil, observer: &log)
    let text = try directory.text("log.jsonl")
    let lines = try Self.objects(text)
    #expect(lines.count == 4)
    #expect((lines[0]["run"] as? [String: Int]) == ["seed": 7])
    let optional: Set = hasValidation ? ["validationLoss", "validationAccuracy"] : []
    for line in lines.dropFirst() { #expect(Set(line.keys) == Self.keys.union(optional)) }
    #expect(lines.dropFirst().map { $0["epoch"] as? Int } == [1, 2, 3])
    #expect(lines.dropFirst().map { $0["step"] as? Int } == [3, 6, 9])
    let decoded = try text.split(separator: "\n").dropFirst().map {
      try JSONDecoder().decode(Trainer.EpochRecord.self, from: Data($0.utf8))
    }
    #expect(decoded == result.epochs)
  }

  @Test func isCompleteAfterEachEpoch() throws {
    let directory = TemporaryDirectory()
    var log = try JSONLinesLog(path: directory.file("log"), header: Header())
    for count in 1...3 {
      #expect(try Self.objects(directory.text("log")).count == count)
      try log.partEnded(Trainer.EpochRecord(epoch: count))
    }
    #expect(directory.names == ["log"], "no temporary file is left")
  }

  @Test func numbersThatAreNotFiniteAreText() throws {
    let directory = TemporaryDirectory()
    var log = try JSONLinesLog(path: directory.file("log"), header: ["limit": Double.infinity])
    var record = Trainer.EpochRecord(epoch: 1)
    (record.loss, record.validationLoss) = (.nan, -.infinity)
    try log.partEnded(record)
    let lines = try Self.objects(directory.text("log"))
    #expect((lines[0]["run"] as? [String: String]) == ["limit": "inf"])
    #expect(lines[1]["loss"] as? String == "nan" && lines[1]["validationLoss"] as? String == "-inf")
  }

  @Test func aPathThatCannotBeWritten() {
    let directory = TemporaryDirectory()
    expectFailure(FileError.self, "missing/log", "cannot create") {
      try JSONLinesLog(path: directory.file("missing/log"), header: Header())
    }
  }
}

@Suite struct ObserversTests {
  @Test func allAreToldInOrder() throws {
    let (first, second) = (Recorder(), Recorder())
    var observers = Observers([RecordingObserver(recorder: first), RecordingObserver(recorder: second)])
    let plan = Trainer.Plan(epochs: 1, stepsPerEpoch: 1, examples: 1, hasValidation: false)
    observers.trainingStarted(plan)
    observers.stepTaken(1, epoch: 1, StepReport(outcome: .accepted, objective: 1))
    try observers.partEnded(Trainer.EpochRecord(epoch: 1))
    #expect(first.events == [.started(plan), .step(1, epoch: 1), .epoch(1)])
    #expect(second.events == first.events)
  }

  @Test func oneThatThrowsIsTheLastToldOf() {
    struct Full: Error {}
    struct FullDisk: RunObserver {
      mutating func partEnded(_ record: some RunRecord) throws { throw Full() }
    }
    let (before, after) = (Recorder(), Recorder())
    var observers = Observers([
      RecordingObserver(recorder: before), FullDisk(), RecordingObserver(recorder: after),
    ])
    #expect(throws: Full.self) { try observers.partEnded(Trainer.EpochRecord(epoch: 1)) }
    #expect(before.events == [.epoch(1)] && after.events.isEmpty)
  }

  @Test func oneThatWantsToStopIsEnough() {
    let (goes, stops) = (RecordingObserver(recorder: Recorder()), RecordingObserver(recorder: Recorder()) { true })
    #expect(!Observers([]).wantsToStop && !Observers([goes, SilentObserver()]).wantsToStop)
    #expect(Observers([goes, stops]).wantsToStop && Observers([stops, goes]).wantsToStop)
  }

  @Test func recordsOfOneType() throws {
    struct Other: RunRecord {}
    var epochs: [Int] = []
    let observer = RecordObserver<Trainer.EpochRecord> { epochs.append($0.epoch) }
    try observer.partEnded(Other())
    try observer.partEnded(Trainer.EpochRecord(epoch: 3))
    #expect(epochs == [3] && !observer.wantsToStop)
  }
}

@Suite struct ProgressDisplayTests {
  /// What a display writes about two epochs of two steps; `pause` before the last step.
  static func display(isTerminal: Bool, pause: Bool = false, validation: Bool = false) -> [String] {
    final class Lines { var all: [String] = [] }
    let lines = Lines()
    var display = ProgressDisplay(isTerminal: isTerminal) { lines.all.append($0) }
    display.trainingStarted(Trainer.Plan(epochs: 2, stepsPerEpoch: 2, examples: 8, hasValidation: validation))
    for epoch in 1...2 {
      for step in 1...2 {
        if pause, epoch == 2, step == 2 { Thread.sleep(forTimeInterval: 0.12) }
        display.stepTaken(
          2 * epoch - 2 + step, epoch: epoch, StepReport(outcome: .accepted, objective: 0.5, damping: 0.25))
      }
      var record = Trainer.EpochRecord(epoch: epoch)
      (record.objective, record.accuracy, record.damping, record.solver) = (1 / Double(epoch), 0.875, 0.25, "gram")
      record.wallSeconds = 1.5
      if validation { (record.validationLoss, record.validationAccuracy) = (0.75, 0.5) }
      if epoch == 2 { (record.undone, record.rejected) = (3, 1) }
      display.partEnded(record)
    }
    return lines.all
  }

  @Test func plainLines() {
    #expect(
      Self.display(isTerminal: false) == [
        "epoch 1/2  objective 1.0000  accuracy 87.50 %  lambda 0.250  gram  1.50 s\n",
        "epoch 2/2  objective 0.5000  accuracy 87.50 %  lambda 0.250  gram  1.50 s  undone 3 rejected 1\n",
      ])
    #expect(Self.display(isTerminal: false, pause: true).count == 2, "no live line")
  }

  @Test func validationIsShown() {
    let lines = Self.display(isTerminal: false, validation: true)
    #expect(lines[0].contains("accuracy 87.50 %  validation loss 0.7500 accuracy 50.00 %"))
  }

  @Test func liveLineOnATerminal() {
    let clear = "\r\u{1B}[2K"
    let quick = Self.display(isTerminal: true)
    #expect(quick.count == 2, "drawn at most ten times a second")
    #expect(quick.allSatisfy { $0.hasPrefix(clear + "epoch ") && $0.hasSuffix(" s\n") || $0.contains("undone") })
    let slow = Self.display(isTerminal: true, pause: true, validation: true)
    #expect(slow.count == 3)
    let live = slow[1]
    #expect(live.hasPrefix(clear + "[====================] epoch 2/2 objective 0.5000 accuracy 50.00 % lambda 0.250 "))
    #expect(live.hasSuffix(" ETA 0.0 s") && live.contains(" steps/s ") && !live.contains("\n"))
  }
}
