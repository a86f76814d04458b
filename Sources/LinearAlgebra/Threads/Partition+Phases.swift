import Dispatch
import Synchronization

extension Partition {
  /// Runs phases one after the other, each in pieces that threads share: `body` is called once for each piece of each
  /// phase, and a phase begins when all pieces of the one before have ended. For many short phases, where `run` would
  /// wake the threads for each: they wait here by spinning, and give way to other work after a while. Any one thread
  /// can do it all, so nothing hangs when the others are not scheduled.
  ///
  /// - Parameters:
  ///   - count: phases, below 2^31.
  ///   - workers: threads that there is work for; as many as there are by default.
  ///   - pieces: of a phase, 1 to 2^15, the same at each call.
  static func phases(
    _ count: Int, workers: Int? = nil, pieces: (Int) -> Int, _ body: (_ phase: Int, _ piece: Int) -> Void
  ) {
    let most = min(workers ?? maximumPieces, Self.workers(maximumPieces))
    guard most > 1, count > 0 else {
      for phase in 0..<count {
        for piece in 0..<pieces(phase) { body(phase, piece) }
      }
      return
    }
    // Which phase, and which of its pieces is next: one number, so that nobody takes a piece of a phase that is over.
    let ticket = Atomic<Int>(0)
    let done = Atomic<Int>(0)
    withoutActuallyEscaping(body) { body in
      withoutActuallyEscaping(pieces) { pieces in
        nonisolated(unsafe) let body = body  // concurrentPerform returns when the last call has ended
        nonisolated(unsafe) let pieces = pieces
        DispatchQueue.concurrentPerform(iterations: most) { _ in
          var spins = 0
          while true {
            let seen = ticket.load(ordering: .acquiring)
            let (phase, piece) = (seen >> 16, seen & 0xffff)
            if phase == count { return }
            let total = pieces(phase)
            if piece == total {
              spins += 1
              if spins & 0xff == 0 { yieldProcessor() }
              continue
            }
            guard ticket.compareExchange(expected: seen, desired: seen + 1, ordering: .relaxed).exchanged else {
              continue
            }
            spins = 0
            body(phase, piece)
            if done.add(1, ordering: .acquiringAndReleasing).newValue == total {
              done.store(0, ordering: .relaxed)
              ticket.store((phase + 1) << 16, ordering: .releasing)
            }
          }
        }
      }
    }
  }
}
