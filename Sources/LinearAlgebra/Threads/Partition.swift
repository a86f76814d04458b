import Dispatch
import Synchronization

/// How work is cut and spread over threads.
///
/// Work is cut into pieces by its shape alone, never by the thread count, and every piece is computed on one
/// thread: so the result is the same bit for bit on any number of threads. Threads take the next piece when
/// they finish one, which evens out a noisy machine.
public enum Partition {
  private static let configured = Atomic<Int>(0)

  /// Threads to use, for the whole process: 0 (the default) means one for each core available, and so does a number
  /// below 0. It changes how fast an answer comes, never the answer.
  public static var threads: Int {
    get {
      let count = configured.load(ordering: .relaxed)
      return count > 0 ? count : availableCores
    }
    set {
      configured.store(max(0, newValue), ordering: .relaxed)
    }
  }

  static let availableCores = max(1, processors)

  /// At most this many pieces: enough for balance, few enough that each still runs at full speed.
  static let maximumPieces = 16

  /// Equal ranges that cover `0..<total`.
  struct Pieces {
    let total: Int
    let size: Int
    var count: Int { (total + size - 1) / size }
    subscript(index: Int) -> Range<Int> { index * size..<min(total, (index + 1) * size) }
  }

  /// Cuts `0..<total` into ranges whose ends are multiples of `step`, each costing at least about `grain` when
  /// the whole costs `work`.
  static func pieces(_ total: Int, step: Int, work: Double, grain: Double) -> Pieces {
    let wanted = Int(min(Double(maximumPieces), max(1, work / grain)))
    let size = ((total + wanted - 1) / wanted + step - 1) / step * step
    return Pieces(total: total, size: max(size, step))
  }

  /// Threads that would take pieces, if there are so many: how many work areas there must be.
  static func workers(_ count: Int) -> Int { max(1, min(threads, count)) }

  /// Runs `body` for each piece number. `body` must write only what belongs to its piece. No allocation of ours.
  static func run(_ count: Int, _ body: (Int) -> Void) {
    run(count, workers: workers(count)) { piece, _ in body(piece) }
  }

  /// The same with the number of the worker, for work areas: no two pieces run on one worker at a time.
  static func run(_ count: Int, workers: Int, _ body: (_ piece: Int, _ worker: Int) -> Void) {
    guard workers > 1 else {
      for piece in 0..<count { body(piece, 0) }
      return
    }
    let next = Atomic<Int>(0)
    withoutActuallyEscaping(body) { body in
      nonisolated(unsafe) let shared = body  // concurrentPerform returns when the last call has ended
      DispatchQueue.concurrentPerform(iterations: workers) { worker in
        while true {
          let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
          if piece >= count { return }
          shared(piece, worker)
        }
      }
    }
  }

  /// Cuts and runs in one go.
  static func forEach(_ total: Int, step: Int = 1, work: Double, grain: Double, _ body: (Range<Int>) -> Void) {
    let pieces = pieces(total, step: step, work: work, grain: grain)
    run(pieces.count) { body(pieces[$0]) }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Partition {
  /// Processors that this machine has online.
  package static var processors: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Lets another thread run.
  static func yieldProcessor() { _ = sched_yield() }
}
