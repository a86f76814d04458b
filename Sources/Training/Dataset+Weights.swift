import LinearAlgebra

/// Weights of examples and of classes.
extension Dataset {
  /// Replaces the example weights.
  ///
  /// - Throws: `DataError` that names the row of a weight that is negative, not finite or too small for this precision,
  ///   and for weights that are all zero.
  public mutating func setWeights(_ weights: [Scalar]?) throws(DataError) {
    if let weights {
      guard weights.count == count else {
        throw DataError(source, "expected one sample weight for each of \(count) rows, got \(weights.count)")
      }
      do { try SampleWeights.check(weights) } catch { throw error.of(source) }
      guard weights.indices.contains(where: { weights[$0] > 0 && isLabelled($0) }) else {
        throw DataError(source, "expected a sample weight above 0 on an example with a label, got only zeros")
      }
    }
    self.weights = weights
  }

  /// Takes the weights of a table, if it has any.
  mutating func setWeights(of table: [Double]) throws(DataError) {
    if table.isEmpty { return }
    do { try setWeights(SampleWeights.converted(table)) } catch { throw error.of(source) }
  }

  /// Multiplies the weights by W / (C' W_c), W the sum of all weights, C' the number of classes that weigh something
  /// and W_c the weights of one, so that each of them weighs the same in total. For examples of one label.
  public mutating func balanceClasses() throws(DataError) {
    try checkForClassWeights("balanced")
    let sums = classWeightSums
    let total = weights.map { $0.reduce(0) { $0 + Double($1) } } ?? Double(count)
    let present = Double(sums.count { $0 > 0 })
    try weighClasses(by: sums.map { $0 > 0 ? total / (present * $0) : 0 })
  }

  /// Multiplies the weights by those of the classes, by name; a class that is not named keeps its weight. For examples
  /// of one label.
  ///
  /// - Throws: `DataError` for a name that no class has, and for weights that are negative, not finite or all zero.
  public mutating func weighClasses(_ named: [String: Double]) throws(DataError) {
    try checkForClassWeights("weighted")
    if let name = named.keys.filter({ !classNames.contains($0) }).min() {
      throw DataError(
        source, "expected class weights of the classes \(DataFiles.list(classNames)), got one of \"\(name)\"")
    }
    let factors = classNames.map { named[$0] ?? 1 }
    if let k = factors.firstIndex(where: { !$0.isFinite || $0 < 0 }) {
      throw DataError(source, "class \"\(classNames[k])\": expected a finite weight of at least 0, got \(factors[k])")
    }
    try weighClasses(by: factors)
  }

  /// The weights of each class [C] in total; examples without weights weigh 1.
  var classWeightSums: [Double] {
    var sums = [Double](repeating: 0, count: classCount)
    for (row, label) in labels.enumerated() where label >= 0 {
      sums[Int(label)] += weights.map { Double($0[row / labelsPerExample]) } ?? 1
    }
    return sums
  }

  private func checkForClassWeights(_ what: String) throws(DataError) {
    guard classCount > 0 else { throw DataError(source, "classes are \(what), and the targets here are numbers") }
    guard labelsPerExample == 1 else {
      throw DataError(source, "classes are \(what) by weights of examples, which have \(labelsPerExample) labels here")
    }
  }

  private mutating func weighClasses(by factors: [Double]) throws(DataError) {
    let (labels, current) = (labels, weights)
    try setWeights(labels.indices.map { i in Scalar(factors[Int(labels[i])]) * (current?[i] ?? 1) })
  }
}

/// What may be a weight of an example.
package enum SampleWeights {
  /// Throws `DataError` with the row of a weight that is negative, not finite, or so small that its precision has lost
  /// digits of it (what is multiplied by its inverse would not be finite); and where all are zero.
  package static func check<S: RealScalar>(_ weights: [S]) throws(DataError) {
    if let row = weights.firstIndex(where: { !$0.isFinite || $0 < 0 || $0 > 0 && !$0.isNormal }) {
      throw refusal(row, Double(weights[row]), S.self)
    }
    guard weights.contains(where: { $0 > 0 }) else {
      throw DataError("", "expected a sample weight above 0 somewhere, got only zeros")
    }
    let sum = weights.reduce(0) { $0 + Double($1) }
    guard S(sum).isFinite else {
      throw DataError("", "expected sample weights whose sum is finite in \(S.precisionName), got \(sum)")
    }
  }

  /// The weights in another precision.
  ///
  /// - Throws: `DataError` as `check`, with the number that was given.
  package static func converted<S: RealScalar>(_ weights: [Double], to type: S.Type = S.self) throws(DataError) -> [S] {
    let result = weights.map { S($0) }
    if let row = weights.indices.first(where: { weights[$0] > 0 && !result[$0].isNormal || weights[$0].isNaN }) {
      throw refusal(row, weights[row], S.self)
    }
    try check(result)
    return result
  }

  private static func refusal<S: RealScalar>(_ row: Int, _ got: Double, _ type: S.Type) -> DataError {
    let isTiny = got > 0 && got < 1
    let expected =
      isTiny ? "0 or a sample weight of at least \(S.leastNormalMagnitude)" : "a finite sample weight of at least 0"
    // A number that this precision does not have is given as it was.
    return DataError("", "row \(row): expected \(expected), got \(isTiny || !S(got).isFinite ? "\(got)" : "\(S(got))")")
  }
}
