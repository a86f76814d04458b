import LinearAlgebra

/// The order in which an epoch visits the rows: random, but in pools that can be read from a file.
///
/// Rows that stand together in 16 kilobytes are a strip; 4,096 strips drawn at random (64 megabytes) are a pool, whose
/// rows are visited in random order. So a file sorted by class is mixed well all the same, and a disk reads stretches.
/// The order is the same wherever the features are.
struct VisitOrder: Sendable {
  private let rows: [Int32]
  private let stripRows: Int
  private var generator: SeededGenerator

  private static var stripsOfPool: Int { 4096 }

  /// - Parameters:
  ///   - rows: the numbers of the rows to visit, ascending.
  ///   - bytesPerRow: how many bytes the features of a row take.
  init(rows: [Int32], bytesPerRow: Int, seed: UInt64) {
    self.rows = rows
    stripRows = max(1, (16 << 10) / max(1, bytesPerRow))
    generator = SeededGenerator(seed: seed, .visits)
  }

  /// The pools of the next epoch.
  mutating func pools() -> [[Int32]] {
    let strips = (rows.count + stripRows - 1) / stripRows
    let order = generator.permutation(of: strips)
    return stride(from: 0, to: strips, by: Self.stripsOfPool).map { first in
      let pool = order[first..<min(strips, first + Self.stripsOfPool)].sorted().flatMap { strip in
        rows[Int(strip) * stripRows..<min(rows.count, (Int(strip) + 1) * stripRows)]
      }
      return generator.permutation(of: pool.count).map { pool[Int($0)] }
    }
  }
}
