import Dispatch
import FastGaussNewton
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ctrl-C as a flag: the first lets the step in progress finish and the model be saved, the second ends at once.
enum Interrupt {
  private static let count = Atomic<Int>(0)

  /// Watches for as long as the caller keeps what is returned.
  static func watch() -> any DispatchSourceSignal {
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: DispatchQueue(label: "interrupt"))
    source.setEventHandler {
      if count.wrappingAdd(1, ordering: .relaxed).newValue > 1 { _exit(130) }
    }
    source.resume()
    return source
  }

  static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }
}

/// Ends a run after Ctrl-C.
struct InterruptObserver: RunObserver {
  var wantsToStop: Bool { Interrupt.isRequested }
}
