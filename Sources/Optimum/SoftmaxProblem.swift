import LinearAlgebra
import Training

/// What is minimised: the weighted mean of softmax cross-entropies plus (l2 / 2) |weight|^2, the bias free. Convex.
public struct SoftmaxProblem<Scalar: RealScalar>: Sendable {
  /// [N, D], in memory or in a file.
  public let features: Features<Scalar>
  /// [N], each in 0..<C.
  public let labels: [Int32]
  /// [N], with a mean of one over the rows; nil is ones.
  public let weights: [Scalar]?
  /// C, at least 2.
  public let classes: Int
  /// At least 0.
  public let l2: Double
  public let hasIntercept: Bool

  /// - Parameter weights: finite and non-negative, not all zero; only their ratios matter.
  public init(
    features: Features<Scalar>, labels: [Int32], classes: Int, weights: [Scalar]? = nil, l2: Double,
    hasIntercept: Bool = true
  ) {
    precondition(labels.count == features.rows && features.rows > 0, "a label for each of \(features.rows) rows")
    precondition(classes >= 2 && labels.allSatisfy { 0..<Int32(classes) ~= $0 }, "labels in 0..<\(classes)")
    precondition(l2 >= 0 && l2.isFinite, "l2 is at least 0, got \(l2)")
    precondition(weights.map { $0.count == labels.count } ?? true, "a weight for each row")
    self.features = features
    self.labels = labels
    self.classes = classes
    self.l2 = l2
    self.hasIntercept = hasIntercept
    self.weights = weights.map { weights in
      let factor = Scalar(Double(weights.count) / weights.sum)
      return weights.map { $0 * factor }
    }
  }

  /// N.
  public var count: Int { labels.count }
  /// D.
  public var width: Int { features.columns }

  /// Examples of each class, by weight, over all: [C], summing to one.
  var classShares: [Double] {
    var shares = [Double](repeating: 0, count: classes)
    for (i, label) in labels.enumerated() { shares[Int(label)] += weights.map { Double($0[i]) } ?? 1 }
    return shares.map { $0 / Double(count) }
  }

  /// D, or of sparse features the mean of the entries of a row.
  var entriesPerRow: Double { features.entryCount.map { Double($0) / Double(count) } ?? Double(width) }

  /// Rows of a chunk that is read from a file, or widened, at a time: about so many bytes of them, in whole blocks.
  func chunkRows(_ bytes: Int, blockSize: Int) -> Int {
    let perRow = max(1, (features.entryCount.map { 2 * $0 / max(1, count) } ?? width)) * MemoryLayout<Scalar>.stride
    return max(1, bytes / perRow / blockSize) * blockSize
  }

  /// Calls `body` with all rows in order, in chunks in memory: one chunk where they are in memory already.
  func forEachChunk(
    rows: Int, _ body: (_ chunk: Features<Scalar>, _ range: Range<Int>) throws -> Void
  ) throws {
    if features.isInMemory { return try body(features, 0..<count) }
    try forEachCopy(rows: rows, body)
  }

  /// Calls `body` with all rows in order, in copies of at most `rows` of them.
  func forEachCopy(
    rows: Int, _ body: (_ chunk: Features<Scalar>, _ range: Range<Int>) throws -> Void
  ) throws {
    var chunk = Features<Scalar>.none
    for start in stride(from: 0, to: count, by: rows) {
      let range = start..<min(count, start + rows)
      try features.read(range, into: &chunk)
      try body(chunk, range)
    }
  }
}

extension SoftmaxProblem {
  /// The problem of a data set with one label for each example.
  public init(_ data: Dataset<Scalar>, l2: Double, hasIntercept: Bool = true) {
    precondition(data.classCount >= 2 && data.labelsPerExample == 1, "expected one class for each example")
    self.init(
      features: data.features, labels: data.labels, classes: data.classCount, weights: data.weights, l2: l2,
      hasIntercept: hasIntercept)
  }
}
