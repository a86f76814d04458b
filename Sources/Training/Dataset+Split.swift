import LinearAlgebra

/// Parts of a data set.
extension Dataset {
  /// Splits off a seeded fraction for validation, which may not leave either side empty. Rows keep their order.
  ///
  /// Of classes with one label an example, the fraction is taken of each class, as nearly as whole rows allow. A class's
  /// only example stays in training, as do rows of weight zero, which count for nothing.
  public func split(validationFraction: Double, seed: UInt64) throws(DataError) -> (
    training: Dataset, validation: Dataset
  ) {
    var generator = SeededGenerator(seed: seed, .split)
    let order = generator.permutation(of: count)
    let isStratified = classCount > 0 && labelsPerExample == 1
    let plain = plain(order, validationFraction)
    let isPossible = !plain.isEmpty && plain.count < count
    let held = isPossible && isStratified ? stratified(order, validationFraction) : plain
    guard isPossible, !held.isEmpty else {
      let classes = isPossible ? ", with an example of each class left to train on" : ""
      throw DataError(
        source,
        "expected a validation fraction that leaves rows on both sides of \(count)\(classes), got \(validationFraction)"
      )
    }
    var isHeld = [Bool](repeating: false, count: count)
    for row in held { isHeld[Int(row)] = true }
    return (try rows(order.filter { !isHeld[Int($0)] }.sorted()), try rows(held.sorted()))
  }

  /// The first rows of a random order.
  private func plain(_ order: [Int32], _ fraction: Double) -> ArraySlice<Int32> {
    order.prefix(fraction > 0 && fraction < 1 ? Int((Double(count) * fraction).rounded()) : 0)
  }

  /// The first rows of each class in a random order: the whole part of the class's share, and one more for those with
  /// the largest rest, of which the first in the order come first, until the fraction of all rows is held.
  private func stratified(_ order: [Int32], _ fraction: Double) -> ArraySlice<Int32> {
    let labels = labels
    let used = order.filter { row in weights.map { $0[Int(row)] > 0 } ?? true }
    var (counts, classes) = ([Int](repeating: 0, count: classCount), [Int]())
    for row in used {
      let label = Int(labels[Int(row)])
      if counts[label] == 0 { classes.append(label) }
      counts[label] += 1
    }
    let shares = counts.map { Double($0) * fraction }
    var quota = zip(counts, shares).map { min(max(0, $0 - 1), Int($1)) }
    var missing = Int((Double(used.count) * fraction).rounded()) - quota.reduce(0, +)
    let places = classes.enumerated().sorted {
      let (a, b) = (
        shares[$0.element] - Double(Int(shares[$0.element])), shares[$1.element] - Double(Int(shares[$1.element]))
      )
      return a != b ? a > b : $0.offset < $1.offset
    }
    for (_, label) in places where missing > 0 && quota[label] < counts[label] - 1 {
      quota[label] += 1
      missing -= 1
    }
    return used.filter { row in
      let label = Int(labels[Int(row)])
      quota[label] -= 1
      return quota[label] >= 0
    }[...]
  }
}
