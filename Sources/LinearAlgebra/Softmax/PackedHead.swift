import CKernels

/// The weights of a linear head z = x W^T + b, packed once for prediction.
///
/// What is asked of the logits is taken while they are in registers (the highest class) or in cache (the highest k), so
/// that no [N, C] is written. A logit is one chain of additions over the features from b on, so it has the same bits in
/// any block of rows and with any number of threads. 2 N C D flops; b D (N + C) bytes where rows fit the cache a block
/// at a time. Memory: the weights once more, and 50 kB a thread (with `top`, 300 kB).
package struct PackedHead<Scalar: RealScalar>: Sendable {
  package let classCount: Int
  package let featureCount: Int
  private let packed: [Scalar]
  private let bias: [Scalar]

  /// Bytes of weights, and of rows, that stay in a core's second-level cache together.
  private static var cacheBytes: Int { 400_000 }
  private static var lanes: Int { 64 / MemoryLayout<Scalar>.stride }
  private static var tileRows: Int { 12 }

  /// Packs `weight` [C, D] and `bias` [1, C].
  package init(weight: MatrixView<Scalar>, bias: MatrixView<Scalar>?) {
    let (classes, width) = (weight.rows, weight.columns)
    precondition(classes >= 1 && width >= 1, "a head needs classes and features, got \(classes), \(width)")
    precondition(bias.map { $0.rows == 1 && $0.columns == classes } ?? true, "a bias of \(classes) elements")
    (classCount, featureCount) = (classes, width)
    var packed = [Scalar](repeating: 0, count: fgn_thin_packed_size(classes, width))
    weight.withPointer { w in packed.withMutablePointer { Scalar.kernels.pointee.main.thinPack(w, classes, width, $0) }
    }
    self.packed = packed
    var padded = [Scalar](repeating: 0, count: (classes + 15) / 16 * 16)
    padded.withMutablePointer { padded in
      if let bias {
        bias.withPointer { Scalar.kernels.pointee.prediction.bias($0, classes, padded) }
      } else {
        Scalar.kernels.pointee.prediction.bias(nil, classes, padded)
      }
    }
    self.bias = padded
  }

  private var vectors: Int { (classCount + Self.lanes - 1) / Self.lanes }
  /// Vectors of classes at a time, an even number.
  private var vectorBlock: Int {
    max(2, min(vectors, Self.cacheBytes / (featureCount * Self.lanes * MemoryLayout<Scalar>.stride)) & ~1)
  }
  /// Rows at a time.
  private var rowBlock: Int {
    let rows = Self.cacheBytes / (featureCount * MemoryLayout<Scalar>.stride)
    return min(max(rows / Self.tileRows, 1), 64) * Self.tileRows
  }

  /// The class of the highest logit of each row of x [N, D], the lowest of equals, into result[offset...]; returns the
  /// first row with a logit that is not finite, or nil.
  package func classes(of x: MatrixView<Scalar>, into result: inout [Int32], at offset: Int = 0) -> Int? {
    precondition(result.count >= offset + x.rows, "a place for each of \(x.rows) rows")
    let (width, lanes, vectors, vectorBlock) = (featureCount, Self.lanes, vectors, vectorBlock)
    let size = min(x.rows, rowBlock) * lanes
    return result.withUnsafeMutableBufferPointer { result in
      guard let result = result.baseAddress else { return nil }
      return forEachBlock(of: x, workspace: 3 * size) { x, packed, bias, rows, first, area in
        let (at, check) = (area + size, area + 2 * size)
        for v in stride(from: 0, to: vectors, by: vectorBlock) {
          Scalar.kernels.pointee.prediction.best(
            x, packed, bias, area, at, check, rows, width, v, min(vectors, v + vectorBlock))
        }
        return Scalar.kernels.pointee.prediction.bestClasses(area, at, check, rows, result + offset + first)
      }
    }
  }

  /// The k highest classes of each row of x [N, D] and their probabilities; returns the first row with a logit that is
  /// not finite, or nil. Beside the product N (C + inserts x k) for the selection, and an exponential for each logit.
  package func top(of x: MatrixView<Scalar>, into result: inout TopRows<Scalar>) -> Int? {
    result.reset(rows: x.rows, classes: classCount)
    let (width, lanes, classCount, vectors) = (featureCount, Self.lanes, classCount, vectors)
    let vectorBlock = min(vectorBlock, max(2, 65_536 / (min(x.rows, rowBlock) * lanes) & ~1))
    let stride = vectorBlock * lanes
    return result.withPointers { top in
      forEachBlock(of: x, workspace: min(x.rows, rowBlock) * stride) { x, packed, bias, rows, first, area in
        for v in Swift.stride(from: 0, to: vectors, by: vectorBlock) {
          let last = min(vectors, v + vectorBlock)
          Scalar.kernels.pointee.prediction.logits(x, packed, bias, area, stride, rows, width, classCount, v, last)
          let count = min(classCount, last * lanes) - v * lanes
          let bad = top.add(area, stride: stride, rows: rows, row: first, classes: v * lanes, count)
          if bad >= 0 { return bad }
        }
        top.finish(rows: rows, row: first)
        return -1
      }
    }
  }

  /// softmax(z / temperature) [N, C] of each row of x; returns the first row with a logit that is not finite, or nil.
  package func probabilities(
    of x: MatrixView<Scalar>, temperature: Double = 1, into result: inout Matrix<Scalar>
  ) -> Int? {
    result.reshape(rows: x.rows, columns: classCount)
    let (width, lanes, classCount, vectors, vectorBlock) = (featureCount, Self.lanes, classCount, vectors, vectorBlock)
    return result.elements.withMutablePointer { out in
      forEachBlock(of: x, workspace: 1) { x, packed, bias, rows, first, _ in
        let out = out + first * classCount
        for v in stride(from: 0, to: vectors, by: vectorBlock) {
          let last = min(vectors, v + vectorBlock)
          Scalar.kernels.pointee.prediction.logits(
            x, packed, bias, out + v * lanes, classCount, rows, width, classCount, v, last)
        }
        return Scalar.kernels.pointee.prediction.softmax(out, rows, classCount, Scalar(1 / temperature))
      }
    }
  }

  /// Runs `body` on blocks of rows with a work area of its thread; `body` returns a row of the block that is not
  /// finite, or -1. Returns the first of those.
  private func forEachBlock(
    of x: MatrixView<Scalar>, workspace size: Int,
    _ body: (
      UnsafePointer<Scalar>, UnsafePointer<Scalar>, UnsafePointer<Scalar>, _ rows: Int, _ first: Int,
      UnsafeMutablePointer<Scalar>
    ) -> Int
  ) -> Int? {
    precondition(x.columns == featureCount, "the head takes \(featureCount) features, got \(x.columns)")
    let (width, rowBlock) = (featureCount, rowBlock)
    let work = 2 * Double(x.rows) * Double(classCount) * Double(width)
    let pieces = Partition.pieces(x.rows, step: Self.tileRows, work: work, grain: Products.grain)
    let workers = Partition.workers(pieces.count)
    // Lines of cache apart, so that threads do not share one.
    let size = (size + 15) / 16 * 16 + 16
    var areas = [Scalar](repeating: 0, count: workers * size)
    var bad = [Int](repeating: -1, count: pieces.count)
    areas.withMutablePointer { areas in
      bad.withUnsafeMutableBufferPointer { bad in
        let bad = bad.baseAddress
        packed.withPointer { packed in
          bias.withPointer { bias in
            x.withPointer { x in
              Partition.run(pieces.count, workers: workers) { piece, worker in
                for first in stride(from: pieces[piece].lowerBound, to: pieces[piece].upperBound, by: rowBlock) {
                  let rows = min(rowBlock, pieces[piece].upperBound - first)
                  let row = body(x + first * width, packed, bias, rows, first, areas + worker * size)
                  if row >= 0 {
                    bad?[piece] = first + row
                    return
                  }
                }
              }
            }
          }
        }
      }
    }
    return bad.first { $0 >= 0 }
  }
}
