import Training

/// Writes down the records of one type, and stops when those so far say so.
struct StoppingObserver<Record: RunRecord>: RunObserver {
  private(set) var records: [Record] = []
  private let stops: ([Record]) -> Bool

  init(_ stops: @escaping ([Record]) -> Bool = { _ in false }) { self.stops = stops }

  mutating func partEnded(_ record: some RunRecord) {
    if let record = record as? Record { records.append(record) }
  }

  var wantsToStop: Bool { stops(records) }
}
