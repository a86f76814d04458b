import FastGaussNewton
import TensorFiles

/// Ctrl-C as a flag: the first lets the step in progress finish and the model be saved, the second ends at once.
enum Interrupt {
  static func watch() { OperatingSystem.countInterrupts() }

  static var isRequested: Bool { OperatingSystem.interrupts > 0 }
}

/// Ends a run after Ctrl-C.
struct InterruptObserver: RunObserver {
  var wantsToStop: Bool { Interrupt.isRequested }
}
