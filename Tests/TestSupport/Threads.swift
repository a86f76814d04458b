import Foundation
import LinearAlgebra

private let threadsInUse = NSLock()

/// Runs `body` on 1, 2 and 3 threads and returns the three results. The thread count belongs to the process, so only
/// one caller at a time has its way.
public func onThreads<Result>(_ body: () -> Result) -> [Result] {
  threadsInUse.withLock {
    defer { Partition.threads = 0 }
    return [1, 2, 3].map { count in
      Partition.threads = count
      return body()
    }
  }
}

/// Runs `body` while nobody else sets the thread count; 0 is one for each core.
public func withThreads<Result>(_ count: Int = 0, _ body: () throws -> Result) rethrows -> Result {
  try threadsInUse.withLock {
    Partition.threads = count
    defer { Partition.threads = 0 }
    return try body()
  }
}

/// Whether the three results of `onThreads` are the same bit for bit.
public func areIdentical<S: RealScalar>(_ results: [[S]]) -> Bool {
  results.dropFirst().allSatisfy { bits($0) == bits(results[0]) }
}
