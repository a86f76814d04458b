import FastGaussNewton
import Testing

/// The examples of observers.
@Suite struct ObserverExamples {
  private static func run(_ observer: inout some RunObserver, epochs: Int) throws -> Trainer.Result<Float> {
    let data = try OptimumExamples.data()
    let head = LinearHead<Float>(features: data.featureCount, classes: data.classCount)
    var optimizer = GaussNewtonOptimizer(Objective(head))
    return try Trainer(options: Trainer.Options(epochs: epochs, batchSize: 20)).run(
      &optimizer, on: data, observer: &observer)
  }

  @Test func stopsByLoss() throws {
    struct Losses: RunObserver {
      var all: [Double] = []
      mutating func partEnded(_ record: some RunRecord) {
        if let epoch = record as? Trainer.EpochRecord { all.append(epoch.loss) }
      }
      var wantsToStop: Bool { all.last.map { $0 < 0.9 } ?? false }
    }
    var observer = Losses()
    let result = try Self.run(&observer, epochs: 50)
    #expect(result.outcome == .interrupted && observer.all == result.epochs.map(\.loss))
    #expect(observer.all.dropLast().last.map { $0 < 0.9 } == true && observer.all.dropLast(2).allSatisfy { $0 >= 0.9 })
  }

  @Test func recordsOfOneType() throws {
    var observer = RecordObserver<Trainer.EpochRecord> { print($0.epoch, $0.objective) }
    #expect(try Self.run(&observer, epochs: 2).epochs.count == 2)
  }
}
