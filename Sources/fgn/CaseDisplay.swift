import Experiments
import FastGaussNewton

/// Progress of an experiment on standard error: a live line on a terminal, elsewhere a line now and then.
struct CaseDisplay {
  private let isTerminal = StandardError.isTerminal
  private let start = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant?
  private var reused = 0

  mutating func show(_ progress: CaseProgress) {
    reused += progress.isReused ? 1 : 0
    let isLast = progress.number == progress.count
    let interval = isTerminal ? Duration.milliseconds(100) : .seconds(5)
    guard isLast || lastShown.map({ ContinuousClock.now - $0 > interval }) ?? true else { return }
    lastShown = .now
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let measured = progress.number - reused
    var line = "\(progress.experiment) \(progress.number)/\(progress.count)"
    if isTerminal {
      let done = progress.number * 20 / progress.count
      line = "[\(String(repeating: "=", count: done))\(String(repeating: " ", count: 20 - done))] \(line)"
    }
    line += "  \(progress.name), seed \(progress.seed)"
    if reused > 0 { line += "  (\(reused) from before)" }
    if measured > 0, !isLast {
      let left = elapsed / Double(measured) * Double(progress.count - progress.number)
      line += "  ETA \(NumberText.significant(left, 2)) s"
    }
    StandardError.write(isTerminal ? "\r\u{1B}[2K\(line)" : line + "\n")
  }

  /// Ends the live line.
  func end() {
    if isTerminal, lastShown != nil { StandardError.write("\n") }
  }
}
