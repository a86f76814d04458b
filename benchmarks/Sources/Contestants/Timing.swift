import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Seconds of the clock and of all processors that this process used.
package struct Seconds: Sendable {
  package var wall: Double
  package var cpu: Double

  package init(wall: Double, cpu: Double) {
    self.wall = wall
    self.cpu = cpu
  }
}

package enum Timing {
  /// Runs `body` once.
  package static func measure(_ body: () throws -> Void) rethrows -> Seconds {
    let cpu = processSeconds
    let elapsed = try ContinuousClock().measure(body).components
    return Seconds(wall: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18, cpu: processSeconds - cpu)
  }

  /// The middle one; of an even number the upper of the two.
  package static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  /// As a line of JSON.
  package static func printLine(_ value: some Encodable) throws {
    print(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
    flush()
  }

  /// Sends off what was printed: standard output into a pipe is buffered.
  package static func flush() { fflush(nil) }

  /// Of all processors.
  package static var processSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
