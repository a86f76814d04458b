/// Operations on long vectors. Memory-bound; cut into fixed pieces of at least 64k elements.
extension Array where Element: RealScalar {
  static var vectorGrain: Double { 65_536 }

  /// self = alpha x + beta self.
  package mutating func combine(_ alpha: Element, _ x: [Element], beta: Element = 1) {
    precondition(x.count == count, "vectors of \(count) and \(x.count) elements")
    combine(alpha, x, range: 0..<count, beta: beta)
  }

  /// self[range] = alpha x[range] + beta self[range].
  package mutating func combine(_ alpha: Element, _ x: [Element], range: Range<Int>, beta: Element = 1) {
    precondition(range.upperBound <= Swift.min(count, x.count), "range \(range) in vectors of \(count) and \(x.count)")
    x.withPointer { x in
      withMutablePointer { y in
        Partition.forEach(range.count, step: 16, work: Double(range.count), grain: Self.vectorGrain) { r in
          let start = range.lowerBound + r.lowerBound
          Element.kernels.pointee.main.axpby(alpha, x + start, beta, y + start, r.count)
        }
      }
    }
  }

  /// self[range] = factor self[range]; everything by default.
  package mutating func scale(by factor: Element, range: Range<Int>? = nil) {
    let range = range ?? 0..<count
    precondition(range.upperBound <= count, "range \(range) in a vector of \(count)")
    withMutablePointer { y in
      Partition.forEach(range.count, step: 16, work: Double(range.count), grain: Self.vectorGrain) { r in
        let start = y + range.lowerBound + r.lowerBound
        Element.kernels.pointee.main.axpby(0, start, factor, start, r.count)
      }
    }
  }

  /// self . x over `range`, the pieces' sums added in double and in order.
  package func dot(_ x: [Element], range: Range<Int>? = nil) -> Element {
    let range = range ?? 0..<count
    precondition(range.upperBound <= Swift.min(count, x.count), "range \(range) in vectors of \(count) and \(x.count)")
    let pieces = Partition.pieces(range.count, step: 4096, work: Double(range.count), grain: Self.vectorGrain)
    return withPointer { a in
      x.withPointer { b in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: Partition.maximumPieces) { sums in
          let sums = sums.baseAddress!
          Partition.run(pieces.count) { piece in
            let start = range.lowerBound + pieces[piece].lowerBound
            sums[piece] = Double(Element.kernels.pointee.main.dot(a + start, b + start, pieces[piece].count))
          }
          var total = 0.0
          for piece in 0..<pieces.count { total += sums[piece] }
          return Element(total)
        }
      }
    }
  }

  /// The sum of the elements, added in double. For [B] vectors: plain code.
  package var sum: Double { VectorLoops.sum(self) }

  /// The Euclidean norm.
  package var norm: Element { dot(self).squareRoot() }

  /// False if any element is NaN or infinite.
  package var isFinite: Bool {
    let total = count
    return withPointer { Element.kernels.pointee.main.allFinite($0, total) != 0 }
  }

  /// The largest absolute value; NaN is passed over.
  package var maximumMagnitude: Element {
    let total = count
    return withPointer { Element.kernels.pointee.main.maxAbs($0, total) }
  }
}

/// Plain loops, compiled for each precision.
enum VectorLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func sum<S: RealScalar>(_ x: [S]) -> Double {
    var total = 0.0
    for value in x { total += Double(value) }
    return total
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func zeros<S: RealScalar>(_ count: Int) -> [S] { [S](repeating: 0, count: count) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func fill<S: RealScalar>(_ x: inout [S], with value: S) {
    x.withUnsafeMutableBufferPointer { $0.update(repeating: value) }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func copyDiagonal<S: RealScalar>(_ elements: [S], order: Int, _ result: inout [S]) {
    for i in 0..<order { result[i] = elements[i * order + i] }
  }
}
