#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Seconds since it was made, of the clock on the wall and of all processors.
package struct RunClock: Sendable {
  private let start = ContinuousClock.now
  private let cpuStart = Self.processSeconds
  private let limit: Double?

  /// - Parameter limit: seconds on the wall after which `isOver`; nil for never.
  package init(limit: Double? = nil) { self.limit = limit }

  package var wallSeconds: Double {
    let elapsed = (ContinuousClock.now - start).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
  }

  package var cpuSeconds: Double { Self.processSeconds - cpuStart }

  package var isOver: Bool { limit.map { wallSeconds >= $0 } ?? false }

  private static var processSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
