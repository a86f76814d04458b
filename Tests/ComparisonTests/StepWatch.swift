import FastGaussNewton

/// Calls a function with each record of one type, and stops where another says so, which is asked after each step.
struct StepWatch<Record: RunRecord>: RunObserver {
  var recorded: (Record) -> Void = { _ in }
  var stops: () -> Bool = { false }

  func partEnded(_ record: some RunRecord) {
    if let record = record as? Record { recorded(record) }
  }

  var wantsToStop: Bool { stops() }
}
