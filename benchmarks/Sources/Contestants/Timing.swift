import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Seconds of the clock and of all processors that this process used.
public struct Seconds: Sendable {
  public var wall: Double
  public var cpu: Double

  public init(wall: Double, cpu: Double) {
    self.wall = wall
    self.cpu = cpu
  }
}

public enum Timing {
  /// Runs `body` once.
  public static func measure(_ body: () throws -> Void) rethrows -> Seconds {
    let cpu = processSeconds
    let elapsed = try ContinuousClock().measure(body).components
    return Seconds(wall: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18, cpu: processSeconds - cpu)
  }

  /// The middle one; of an even number the upper of the two.
  public static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  /// As a line of JSON.
  public static func printLine(_ value: some Encodable) throws {
    print(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
    flush()
  }

  /// Sends off what was printed: standard output into a pipe is buffered.
  public static func flush() { fflush(nil) }

  /// Of all processors.
  public static var processSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
