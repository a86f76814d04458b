import Errors
import LinearAlgebra
import Training

/// Rows in K parts, with as equal a share of each class in each as there can be, drawn by a seed.
struct Folds: Sendable, Equatable {
  /// Rows that are held out, for each fold; ascending.
  let held: [[Int32]]
  private let count: Int

  /// Classes with one example are never held out: nothing could be learnt of them then. Nor are rows of weight zero,
  /// which count for nothing.
  ///
  /// - Throws: `OptionError` for fewer than two folds, `DataError` where there are fewer rows to hold out than folds.
  init<S: RealScalar>(_ data: Dataset<S>, folds: Int, seed: UInt64) throws {
    try OptionError.check(folds >= 2, "folds", "at least 2", got: folds)
    count = data.count
    guard data.count >= folds else {
      throw DataError(data.source, "expected at least one row for each of \(folds) folds, got \(data.count) rows")
    }
    var classes = [[Int32]](repeating: [], count: data.classCount)
    let weights = data.weights
    for (row, label) in data.labels.enumerated() where weights.map({ $0[row] > 0 }) ?? true {
      classes[Int(label)].append(Int32(row))
    }
    var generator = SeededGenerator(seed: seed, .folds)
    var parts = [[Int32]](repeating: [], count: folds)
    var next = 0
    for rows in classes where rows.count > 1 {
      for k in generator.permutation(of: rows.count) {
        parts[next % folds].append(rows[Int(k)])
        next += 1
      }
    }
    guard next >= folds else {
      throw DataError(
        data.source, "expected at least \(folds) rows of classes with two examples, for \(folds) folds, got \(next)")
    }
    held = parts.map { $0.sorted() }
  }

  /// The rows that are not held out in a fold, ascending.
  func training(of fold: Int) -> [Int32] {
    var isHeld = [Bool](repeating: false, count: count)
    for row in held[fold] { isHeld[Int(row)] = true }
    return (0..<Int32(count)).filter { !isHeld[Int($0)] }
  }
}
