import Errors
import LinearAlgebra
import Models
import Optimization
import Training

extension SoftmaxRegression {
  /// What is minimised: the weighted mean of softmax cross-entropies plus (l2 / 2) |weight|^2, the bias free. Convex.
  public struct Problem<Scalar: RealScalar>: Sendable {
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

    /// - Parameter weights: finite and non-negative, none of them subnormal and not all zero; only their ratios matter.
    /// - Throws: `DataError` where there are no rows or fewer than two classes, for a label that is no class, and for
    ///   weights that are none; `OptionError` for a penalty below 0.
    public init(
      features: Features<Scalar>, labels: [Int32], classes: Int, weights: [Scalar]? = nil, l2: Double,
      hasIntercept: Bool = true
    ) throws {
      func check(_ condition: Bool, _ message: @autoclosure () -> String) throws(DataError) {
        if !condition { throw DataError("", message()) }
      }
      try check(features.rows > 0 && features.columns > 0, "expected examples with features, got none")
      try check(
        labels.count == features.rows, "expected one label for each of \(features.rows) rows, got \(labels.count)")
      try check(classes >= 2, "expected at least two classes, got \(classes)")
      if let row = labels.firstIndex(where: { $0 < 0 || $0 >= classes }) {
        throw DataError("", "row \(row): expected a label in 0..<\(classes), got \(labels[row])")
      }
      try OptionError.checkPenalty(l2)
      if let weights {
        try check(weights.count == labels.count, "expected one weight for each row, got \(weights.count)")
        try SampleWeights.check(weights)
      }
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
}

extension SoftmaxRegression.Problem {
  /// The problem of a linear head's objective on a data set with one label for each example.
  ///
  /// - Throws: `DataError` for numbers to predict and for labels of positions.
  public init(_ data: Dataset<Scalar>, _ objective: Objective<LinearHead<Scalar>>) throws {
    try self.init(data, l2: objective.l2, hasIntercept: objective.model.hasIntercept)
  }

  /// What is minimised: softmax cross-entropy of a linear head, with the penalty.
  var objective: Objective<LinearHead<Scalar>> {
    Objective(LinearHead(features: width, classes: classes, intercept: hasIntercept), l2: l2)
  }

  /// The problem of a data set with one label for each example.
  ///
  /// - Throws: `DataError` for numbers to predict and for labels of positions; `OptionError` for a penalty below 0.
  public init(_ data: Dataset<Scalar>, l2: Double, hasIntercept: Bool = true) throws {
    guard data.classCount >= 2, data.labelsPerExample == 1 else {
      let got = data.classCount > 0 ? "\(data.labelsPerExample) for each" : "numbers to predict"
      throw DataError(data.source, "expected one class for each example, got \(got)")
    }
    try self.init(
      features: data.features, labels: data.labels, classes: data.classCount, weights: data.weights, l2: l2,
      hasIntercept: hasIntercept)
  }
}
