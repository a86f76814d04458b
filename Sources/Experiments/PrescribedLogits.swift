import LinearAlgebra
import Losses
import Models
import Optimization
import RealModule

/// How the mass 1 - p_y is spread over the C - 1 competitors of an example: q, the softmax over them.
///
/// Which competitors are favoured is drawn for each example.
public enum CompetitorMass: Sendable, Equatable {
  /// One competitor and a uniform rest, such that 1 / |q|^2 is this number of effective competitors, 1...C - 1: from all
  /// mass on one to uniform.
  case effective(Double)
  /// Uniform on this many competitors, 1...C - 1, and nothing elsewhere: 1 / |q|^2 is their number.
  case support(Int)
  /// The softmax of standard normal logits times `scale`, at least 0 (uniform).
  case random(scale: Double)
}

/// A batch of which the logits are prescribed: features, labels, and logits with a given p_y and competitor mass.
///
/// Features are normal with variance 1 / D, so that |x|^2 is about 1 and a damping means the same for every D; labels are
/// uniform. A linear head at zero has these logits under `loss`, whatever the features are.
///
/// ```swift
/// let problem = PrescribedLogits(
///   rows: 8, features: 16, classes: 10, probability: 0.5, competitors: .effective(3), seed: 1)
/// let measure = problem.measure(damping: 0.01)
/// ```
public struct PrescribedLogits: Sendable {
  /// [B, D].
  public var features: Matrix<Double>
  /// [B], in 0..<C.
  public var labels: [Int32]
  /// log p [B, C]; e^-700 stands for no probability.
  public var logits: Matrix<Double>

  /// `rows` B, `features` D and `classes` C are at least 1, 1 and 2; `probability` is p_y, between 0 and 1.
  public init(
    rows: Int, features: Int, classes: Int, probability: Double, competitors: CompetitorMass, seed: UInt64
  ) {
    precondition(rows >= 1 && features >= 1 && classes >= 2, "a batch needs rows, features and two classes")
    precondition(probability > 0 && probability < 1, "p_y is between 0 and 1, got \(probability)")
    var generator = SeededGenerator(seed: seed, .prescribedLogits)
    let scale = 1 / Double(features).squareRoot()
    self.features = Matrix(
      rows: rows, columns: features, elements: (0..<rows * features).map { _ in scale * generator.normal() })
    labels = (0..<rows).map { _ in Int32(generator.index(below: classes)) }
    logits = Matrix(rows: rows, columns: classes)
    var masses = SeededGenerator(seed: seed, .competitorMasses)
    for i in 0..<rows {
      let q = Self.distribution(competitors, over: classes - 1, using: &masses)
      for k in 0..<classes where k != Int(labels[i]) {
        logits[i, k] = max(-700, Double.log((1 - probability) * q[k < Int(labels[i]) ? k : k - 1]))
      }
      logits[i, Int(labels[i])] = Double.log(probability)
    }
  }

  public var batch: Batch<Double> { Batch(features: features, labels: labels) }
  /// Without intercept: J J^T = X X^T x I_C.
  public var head: LinearHead<Double> {
    LinearHead(features: features.columns, classes: logits.columns, intercept: false)
  }
  /// Zero.
  public var parameters: Parameters<Double> { Parameters(layout: head.layout) }
  public func loss(_ weight: Curvature = .fgn) -> AdjustedCrossEntropy {
    AdjustedCrossEntropy(offsets: logits, weight: weight)
  }

  /// FGN against GGN at these logits.
  public func measure(damping: Double) -> DirectionMeasure {
    DirectionMeasure(Objective(head, loss: loss()), at: parameters, batch: batch, damping: damping)
  }

  /// |GGN - FGN| at these logits, to a relative `tolerance`.
  public func errorNorm(tolerance: Double = 1e-6) -> Double {
    DirectionMeasure.errorNorm(Objective(head, loss: loss()), at: parameters, batch: batch, tolerance: tolerance)
  }

  /// q over `count` competitors.
  private static func distribution(
    _ mass: CompetitorMass, over count: Int, using generator: inout SeededGenerator
  ) -> [Double] {
    let uniform = 1 / Double(count)
    switch mass {
    case .effective(let number):
      precondition(number >= 1 && number <= Double(count), "effective competitors are 1...\(count), got \(number)")
      // |q|^2 = r^2 (1 - 1/K) + 1/K for mass r on one of K and 1 - r on all of them.
      let concentrated = count == 1 ? 0 : (max(0, 1 / number - uniform) / (1 - uniform)).squareRoot()
      var q = [Double](repeating: (1 - concentrated) * uniform, count: count)
      q[generator.index(below: count)] += concentrated
      return q
    case .support(let size):
      precondition(size >= 1 && size <= count, "a support has 1...\(count) competitors, got \(size)")
      var q = [Double](repeating: 0, count: count)
      for k in generator.permutation(of: count).prefix(size) { q[Int(k)] = 1 / Double(size) }
      return q
    case .random(let scale):
      let logits = (0..<count).map { _ in scale * generator.normal() }
      let top = logits.max() ?? 0
      let weights = logits.map { Double.exp($0 - top) }
      let total = weights.reduce(0, +)
      return weights.map { $0 / total }
    }
  }
}
