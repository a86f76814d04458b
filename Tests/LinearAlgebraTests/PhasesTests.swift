import Synchronization
import TestSupport
import Testing

@testable import LinearAlgebra

/// Phases run one after the other, each of their pieces once.
@Suite struct PhasesTests {
  private final class Record: Sendable {
    let calls = Mutex<[(phase: Int, piece: Int)]>([])
    let running = Mutex<[Int: Int]>([:])
    let overlaps = Atomic<Int>(0)

    func run(_ phase: Int, _ piece: Int) {
      running.withLock { running in
        running[phase, default: 0] += 1
        if running.contains(where: { $0.key != phase && $0.value > 0 }) { overlaps.add(1, ordering: .relaxed) }
      }
      calls.withLock { $0.append((phase, piece)) }
      running.withLock { $0[phase, default: 0] -= 1 }
    }
  }

  @Test(arguments: [0, 1, 2, 7, 200]) func everyPieceOnceAndPhasesInOrder(count: Int) {
    let records = onThreads {
      let record = Record()
      Partition.phases(count, pieces: { 1 + $0 * 5 % 16 }) { record.run($0, $1) }
      return record
    }
    for (threads, record) in zip(1..., records) {
      let calls = record.calls.withLock { $0 }
      let context = "\(count) phases, \(threads) threads"
      #expect(record.overlaps.load(ordering: .relaxed) == 0, "phases overlap, \(context)")
      #expect(zip(calls, calls.dropFirst()).allSatisfy { $0.phase <= $1.phase }, "order, \(context)")
      for phase in 0..<count {
        let pieces = calls.filter { $0.phase == phase }.map(\.piece).sorted()
        #expect(pieces == Array(0..<1 + phase * 5 % 16), "phase \(phase), \(context)")
      }
    }
  }

  /// What a phase writes, the next one reads, whichever threads do it.
  @Test func aPhaseSeesTheOneBefore() {
    let totals = onThreads {
      var cells = [Int](repeating: 1, count: 16)
      cells.withUnsafeMutableBufferPointer { cells in
        nonisolated(unsafe) let cells = cells
        Partition.phases(400, pieces: { _ in 8 }) { phase, piece in
          let (from, to) = phase & 1 == 0 ? (0, 8) : (8, 0)
          cells[to + piece] = (cells[from + piece] + cells[from + (piece + 1) % 8]) & 0xffff
        }
      }
      return Array(cells)
    }
    #expect(totals[0] == totals[1] && totals[0] == totals[2])
  }
}
