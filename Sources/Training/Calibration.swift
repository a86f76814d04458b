import Errors
import LinearAlgebra

/// The temperature T of a classifier's probabilities softmax(z / T), fitted on validation data.
///
/// T minimises the weighted mean cross-entropy, which is convex in 1 / T: Newton's method in Double, held in a bracket.
/// T changes neither the order of classes nor the accuracy. Each step is a pass over the logits, N C exponentials.
///
/// The expected calibration error (ECE) is sum_b (W_b / W) |accuracy_b - confidence_b| over 15 equal bins of confidence,
/// the highest probability of a row: W_b the weight of the rows in bin b, ((b - 1) / 15, b / 15], with their mean
/// accuracy and confidence.
///
/// ```swift
/// let calibration = try file.calibrate(validation)
/// if calibration.outcome == .converged { file.temperature = calibration.temperature }
/// ```
///
/// Source: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017; the error is that of
/// Naeini, Cooper, Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
public struct Calibration: Sendable, Codable, Equatable {
  /// Why the temperature is what it is.
  public enum Outcome: String, Sendable, Codable {
    /// It is the minimiser.
    case converged
    /// Every row has its own class first: the loss falls to 0 as T does, and has no minimiser. T stays 1.
    case separable
    /// The logits say less than nothing about the classes: the loss falls as T grows without end. T stays 1.
    case uninformative

    /// What to do about it, as a sentence; empty for `converged`.
    public var remedy: String {
      switch self {
      case .converged: ""
      case .separable: "No row is classified wrongly: use more data, which the model was not trained on."
      case .uninformative: "The model is no better than equal probabilities: see whether classes and labels agree."
      }
    }
  }

  /// How good probabilities are.
  public struct Quality: Sendable, Codable, Equatable {
    /// Weighted mean cross-entropy, in nats.
    public var loss: Double
    /// ECE, from 0 to 1.
    public var calibrationError: Double
    /// The 15 bins, ascending.
    public var bins: [Bin]
  }

  /// Rows of like confidence.
  public struct Bin: Sendable, Codable, Equatable {
    /// Share of the rows' weight.
    public var share = 0.0
    /// Weighted means; 0 in an empty bin.
    public var confidence = 0.0
    public var accuracy = 0.0
  }

  public static var binCount: Int { 15 }

  public var temperature: Double
  public var outcome: Outcome
  /// Rows with a label.
  public var examples: Int
  /// At T = 1.
  public var before: Quality
  /// At `temperature`.
  public var after: Quality
}

extension ModelFile {
  /// Fits a temperature on labelled data that were standardised as the model wants them; it becomes the file's when
  /// assigned to `temperature`. Where logits take more than 256 MB they are computed again in each pass.
  /// - Throws: `DataError` for a regression, and for logits that are not finite.
  public func calibrate(_ data: Dataset<Scalar>) throws -> Calibration {
    var rows = try CalibrationRows(self, data)
    let before = try rows.quality(slope: 1)
    var calibration = Calibration(
      temperature: 1, outcome: .converged, examples: rows.count, before: before, after: before)
    guard rows.hasMistake else {
      calibration.outcome = .separable
      return calibration
    }
    guard try rows.sums(slope: 0).slope < 0 else {
      calibration.outcome = .uninformative
      return calibration
    }
    guard let slope = try rows.minimiser() else {
      calibration.outcome = .separable
      return calibration
    }
    // A file holds no other temperatures: beyond them the loss all but has no minimiser.
    guard ModelFile<Scalar>.temperatures.contains(1 / slope) else {
      calibration.outcome = slope < 1 ? .uninformative : .separable
      return calibration
    }
    calibration.temperature = 1 / slope
    calibration.after = try rows.quality(slope: 1 / calibration.temperature)
    return calibration
  }

  /// Loss and calibration error of probabilities softmax(z / temperature) on data as in `calibrate`.
  public func quality(_ data: Dataset<Scalar>, temperature: Double) throws -> Calibration.Quality {
    var rows = try CalibrationRows(self, data)
    return try rows.quality(slope: 1 / temperature)
  }
}

/// Logits with labels, block by block, and sums over them.
private struct CalibrationRows<Scalar: RealScalar> {
  struct Sums {
    var (loss, slope, curvature, weight) = (0.0, 0.0, 0.0, 0.0)
  }

  private let file: ModelFile<Scalar>
  private let data: Dataset<Scalar>
  /// The blocks and their first rows, where they are kept.
  private var kept: [(Matrix<Scalar>, Int)]?
  private var terms: [Double] = []
  /// Whether a class is above some row's own.
  private(set) var hasMistake = false
  private(set) var count = 0

  init(_ file: ModelFile<Scalar>, _ data: Dataset<Scalar>) throws {
    guard data.classCount > 0 else {
      throw DataError(data.source, "a temperature is for classes; these data have numbers to predict")
    }
    (self.file, self.data) = (file, data)
    let bytes = data.labels.count * data.classCount * MemoryLayout<Scalar>.stride
    if bytes <= 256 << 20 {
      var blocks: [(Matrix<Scalar>, Int)] = []
      try forEachBlock { logits, first in blocks.append((logits, first)) }
      kept = blocks
    }
  }

  private func weight(_ row: Int) -> Double {
    data.labels[row] < 0 ? 0 : data.weights.map { Double($0[row / data.labelsPerExample]) } ?? 1
  }

  private func forEachBlock(_ body: (Matrix<Scalar>, Int) -> Void) throws {
    if let kept {
      for (logits, first) in kept { body(logits, first) }
      return
    }
    try file.forEachBlock(data.features) { logits, first in
      guard logits.elements.isFinite else {
        let row = first + (logits.elements.firstIndex { !$0.isFinite } ?? 0) / logits.columns
        throw DataError(
          data.source,
          "row \(row / data.labelsPerExample): the logits overflow \(Scalar.precisionName);",
          remedy: .doublePrecision)
      }
      body(logits, first)
    }
  }

  /// How a row's own class stands among the logits.
  enum Standing {
    case first, tied, below
  }

  /// Calls `body` with the four terms of each row that weighs something, its weight, and how its class stands.
  private mutating func forEachRow(
    slope: Double, _ body: (ArraySlice<Double>, _ weight: Double, _ standing: Standing) -> Void
  ) throws {
    var terms = exchange(&terms, with: [])
    try forEachBlock { logits, first in
      let labels = Array(data.labels[first..<first + logits.rows])
      RowKernels.temperatureTerms(logits, labels: labels, slope: slope, into: &terms)
      let highest = RowKernels.argmax(logits)
      for i in 0..<logits.rows {
        let weight = weight(first + i)
        if weight == 0 { continue }
        let isBelow = logits[i, Int(labels[i])] < logits[i, Int(highest[i])]
        body(terms[4 * i..<4 * i + 4], weight, highest[i] == labels[i] ? .first : isBelow ? .below : .tied)
      }
    }
    self.terms = terms
  }

  /// Weighted means of the loss and its first two derivatives in 1 / T.
  mutating func sums(slope: Double) throws -> Sums {
    var sums = Sums()
    try forEachRow(slope: slope) { terms, weight, _ in
      let k = terms.startIndex
      sums.loss += weight * terms[k]
      sums.slope += weight * terms[k + 1]
      sums.curvature += weight * terms[k + 2]
      sums.weight += weight
    }
    sums.loss /= sums.weight
    sums.slope /= sums.weight
    sums.curvature /= sums.weight
    return sums
  }

  mutating func quality(slope: Double) throws -> Calibration.Quality {
    var bins = [Calibration.Bin](repeating: Calibration.Bin(), count: Calibration.binCount)
    var (loss, total, count, hasMistake) = (0.0, 0.0, 0, false)
    try forEachRow(slope: slope) { terms, weight, standing in
      let confidence = terms[terms.startIndex + 3]
      let bin = max(0, min(bins.count - 1, Int((confidence * Double(bins.count)).rounded(.up)) - 1))
      bins[bin].share += weight
      bins[bin].confidence += weight * confidence
      bins[bin].accuracy += standing == .first ? weight : 0
      loss += weight * terms[terms.startIndex]
      total += weight
      count += 1
      hasMistake = hasMistake || standing == .below
    }
    (self.count, self.hasMistake) = (count, hasMistake)
    for k in bins.indices where bins[k].share > 0 {
      bins[k].confidence /= bins[k].share
      bins[k].accuracy /= bins[k].share
      bins[k].share /= total
    }
    let error = bins.reduce(0) { $0 + $1.share * abs($1.accuracy - $1.confidence) }
    return Calibration.Quality(loss: loss / total, calibrationError: error, bins: bins)
  }

  /// The 1 / T at which the slope, negative at 0, is zero; nil where that is beyond 1e12.
  mutating func minimiser() throws -> Double? {
    var (low, high, slope) = (0.0, Double.infinity, 1.0)
    for _ in 0..<100 {
      let sums = try sums(slope: slope)
      if sums.slope < 0 { low = slope } else { high = slope }
      var next = slope - sums.slope / sums.curvature
      if !(next > low && next < high) || next > 8 * slope { next = high.isFinite ? (low + high) / 2 : 8 * slope }
      // The slope is known to the precision of the logits: a step below that of 1 / T is noise.
      let isDone = abs(next - slope) <= Double(Scalar.ulpOfOne) / 4 * slope
      slope = next
      if isDone || slope > 1e12 { break }
    }
    return slope <= 1e12 ? slope : nil
  }
}
