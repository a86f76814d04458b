import LinearAlgebra
import Models
import Optimization
import RealModule

/// How far a point is above the optimum, by dual variables that need not belong to it: half a pass over the features.
///
/// For any W, b and any q_i in the simplex, with W(q) = (1 / (N l2)) sum of w_i (y_i - q_i) x_i^T, the objective is
///
///     f(W, b) = [mean of w_i H(q_i) - (l2 / 2) |W(q)|^2] + mean of w_i KL(q_i, p_i) + (l2 / 2) |W - W(q)|^2 - rho . b
///
/// with rho = mean of w_i (y_i - q_i). The bracket is the same at the optimum, and the two terms after it are not below 0
/// there: without a bias, or where rho = 0, they bound the gap. Where rho is not 0, u in the simplex and theta are such
/// that q' = (1 - theta) q + theta u has a mean of zero residuals, and as KL is convex in q,
///
///     gap <= (1 - theta) KL(q, p) + theta KL(u, p) + (l2 / 2) |W - (1 - theta) W(q) - theta W(u)|^2       (means)
///
/// in closed form. It is a proof: no curvature, no sample. At q = p it is |grad_W f|^2 / (2 l2) and the bias' part.
///
/// Features are taken less their mean where there is a bias, which changes neither objective nor gap: then W(u) is the
/// same for every u.
struct DualGap<Data: RealScalar, Scalar: RealScalar>: Sendable {
  private let problem: SoftmaxRegression.Problem<Data>
  private let convert: @Sendable (Features<Data>) -> Features<Scalar>
  private let convertDuals: @Sendable (ArraySlice<Data>) -> [Scalar]
  private let objective: Objective<LinearHead<Data>>
  private let weights: [Scalar]?
  private let shares: [Double]
  /// The mean of the features, where there is a bias.
  private let mean: [Scalar]
  /// The root of the mean square of features, for how logits are rounded.
  private let featureSize: Double
  private var sweep: SoftmaxSweep<Scalar>
  /// (1 / N) sum of w_i y_i (x_i - mean)^T, which is l2 W(u).
  private let classMeans: ClassPanels<Scalar>?
  /// Passes over the features so far.
  private(set) var passes = 0.0

  /// What a look finds.
  struct Found {
    var objective: Double
    /// How many rows there are whose class is not ahead of all others.
    var rowsBehind: Int
    /// The gap is at most this.
    var bound: Double
    /// What rounding may add to `bound`, at worst.
    var rounding: Double
    /// Of the dual variables (1 - blend) q + blend p, which have the bound; what it was looked for with, or the best.
    var blend: Double
    /// Of weights and bias; of a look with a blend of 1.
    var gradient: ClassPanels<Scalar>?
  }

  /// What the bound takes: means over the rows of KL(q, p), q and log sum e^z, and products of D = W - W(q) and E = W -
  /// W(u).
  struct Terms {
    var divergence: Double
    var duals: [Double]
    var dd: Double
    var de: Double
  }

  fileprivate init(
    _ problem: SoftmaxRegression.Problem<Data>, _ moments: FeatureMoments<Data>, weights: [Scalar]?,
    classMeans: ClassPanels<Scalar>?, mean: [Scalar],
    convert: @escaping @Sendable (Features<Data>) -> Features<Scalar>,
    convertDuals: @escaping @Sendable (ArraySlice<Data>) -> [Scalar]
  ) {
    self.problem = problem
    self.weights = weights
    self.convert = convert
    self.convertDuals = convertDuals
    objective = problem.objective
    shares = problem.classShares
    self.mean = mean
    self.classMeans = classMeans
    featureSize = moments.meanSquare.squareRoot()
    sweep = SoftmaxSweep(classes: problem.classes, entriesPerRow: problem.entriesPerRow)
  }

  /// Looks at a point from dual variables whose weights are known.
  ///
  /// - Parameters:
  ///   - duals: [N, C]; nil is q = p.
  ///   - distance: W - W(q), of the features less their mean where `isCentred`; nil where it is not known. Then `blend`
  ///     says for which dual variables the weights are computed.
  ///   - blend: of (1 - blend) q + blend p, whose weights are computed, for another half pass. A blend of 1 finds the
  ///     gradient.
  ///   - updates: how often the known weights have been rounded.
  mutating func look(
    at panels: ClassPanels<Scalar>, duals: [Data]?, distance: ClassPanels<Scalar>? = nil, isCentred: Bool = false,
    blend: Double? = nil, updates: Double = 0
  ) throws -> Found {
    passes += blend == nil ? 0.5 : 1
    var sums = SoftmaxSweep<Scalar>.GapSums(classes: problem.classes)
    var gradient = blend.map { _ in ClassPanels<Scalar>(features: problem.width, classes: problem.classes) }
    try add(panels, duals, blend ?? 0, &gradient, &sums)
    let count = Double(problem.count)
    let value = objective.value(meanLoss: sums.loss / count, squaredNorm: panels.weightSquaredNorm)
    var found = Found(
      objective: value, rowsBehind: sums.rowsBehind, bound: .infinity, rounding: 0, blend: blend ?? 0, gradient: nil)
    if blend == 1 {
      found.gradient = gradient
      found.gradient!.elements.combine(Scalar(problem.l2), panels.elements, range: panels.weightRange)
      if !problem.hasIntercept { for k in panels.biasRange { found.gradient!.elements[k] = 0 } }
    }
    guard problem.l2 > 0, value.isFinite else { return found }
    let (duals, probabilities) = (sums.duals.map { $0 / count }, sums.probabilities.map { $0 / count })
    let bound = Bound(self, panels, normalizer: sums.normalizers / count)
    var known: (terms: Terms, distance: ClassPanels<Scalar>)?
    if var distance {
      if problem.hasIntercept, !isCentred {
        // W(q) of the features less their mean.
        let residuals = zip(shares, duals).map { Scalar(($0 - $1) / problem.l2) }
        distance.addOuterProduct(1, residuals, mean)
      }
      let terms = bound.terms(sums.divergence / count, duals, distance)
      known = (terms, distance)
      (found.bound, found.blend) = (bound.value(terms), 0)
      found.rounding = rounding(panels, terms, updates: updates)
    }
    if let blend, var away = gradient {
      // W - W of the blended dual variables, of the features less their mean.
      let mixed = zip(duals, probabilities).map { (1 - blend) * $0 + blend * $1 }
      if problem.hasIntercept { away.addOuterProduct(-1, zip(mixed, shares).map { Scalar($0 - $1) }, mean) }
      away.elements.combine(1, panels.elements, range: panels.weightRange, beta: Scalar(1 / problem.l2))
      let terms = bound.terms((1 - blend) * sums.divergence / count, mixed, away)
      let value = bound.value(terms)
      if value < found.bound { (found.bound, found.blend) = (value, blend) }
      if let known {
        // In between, where KL is at most the mean of both ends.
        let across = Double(known.distance.elements.dot(away.elements, range: panels.weightRange))
        for step in 1..<16 {
          let t = Double(step) / 16
          let value = bound.value(known.terms.mixed(with: terms, t, across: across))
          if value < found.bound { (found.bound, found.blend) = (value, t * blend) }
        }
      }
    }
    found.bound = min(found.bound, found.objective)
    return found
  }

  private mutating func add(
    _ panels: ClassPanels<Scalar>, _ duals: [Data]?, _ blend: Double, _ gradient: inout ClassPanels<Scalar>?,
    _ sums: inout SoftmaxSweep<Scalar>.GapSums
  ) throws {
    let (alpha, t, classes) = (Scalar(1 / Double(problem.count)), Scalar(blend), problem.classes)
    func add(_ chunk: Features<Scalar>, _ range: Range<Int>, _ duals: [Scalar]?, firstDual: Int) {
      sweep.look(
        chunk, first: range.lowerBound, labels: problem.labels, weights: weights, duals: duals, firstDual: firstDual,
        blend: t, panels: panels, alpha: alpha, gradient: &gradient, sums: &sums)
    }
    if Data.self == Scalar.self {
      let own = duals as! [Scalar]?
      return try problem.forEachChunk(rows: problem.chunkRows(4 << 20, blockSize: sweep.blockSize)) { chunk, range in
        add(convert(chunk), range, own, firstDual: range.lowerBound)
      }
    }
    // Copies of features and dual variables, of about a megabyte each.
    let most = max(1, (1 << 18) / classes / sweep.blockSize) * sweep.blockSize
    let rows = min(problem.chunkRows(1 << 20, blockSize: sweep.blockSize), duals == nil ? .max : most)
    try problem.forEachCopy(rows: rows) { chunk, range in
      let part = duals.map { convertDuals($0[range.lowerBound * classes..<range.upperBound * classes]) }
      add(convert(chunk), range, part, firstDual: 0)
    }
  }

  /// What rounding may add to a bound: of logits, which are off by e at most in the mean square, KL(q, p) is by at most e
  /// |p - q| + e^2 / 2; of weights that are the sum of many changes.
  private func rounding(_ panels: ClassPanels<Scalar>, _ terms: Terms, updates: Double) -> Double {
    let unit = Double(Scalar.ulpOfOne) / 2
    let values = panels.weightSquaredNorm.squareRoot()
    let largest = Double(panels.elements[panels.biasRange].reduce(0) { max($0, $1.magnitude) })
    let e = unit * (problem.entriesPerRow + 16) * (values * featureSize + largest)
    let w = unit * updates * values
    return e * (2 * terms.divergence).squareRoot() + e * e / 2
      + problem.l2 / 2 * (2 * w * terms.dd.squareRoot() + w * w)
  }
}

extension DualGap {
  /// The bound at one point, as a function of the dual variables.
  private struct Bound {
    let l2: Double
    let shares: [Double]
    let hasIntercept: Bool
    /// Mean of log sum e^z.
    let normalizer: Double
    /// The bias for features less their mean.
    let bias: [Double]
    let e: ClassPanels<Scalar>?
    let ee: Double

    init(_ gap: DualGap, _ panels: ClassPanels<Scalar>, normalizer: Double) {
      (l2, shares, hasIntercept) = (gap.problem.l2, gap.shares, gap.problem.hasIntercept)
      self.normalizer = normalizer
      guard var e = gap.classMeans else {
        (bias, e, ee) = ([], nil, 0)
        return
      }
      bias = zip(panels.biasRange, panels.products(gap.mean)).map { Double(panels.elements[$0]) + $1 }
      e.elements.combine(1, panels.elements, range: panels.weightRange, beta: Scalar(-1 / l2))
      ee = e.weightSquaredNorm
      self.e = e
    }

    func terms(_ divergence: Double, _ duals: [Double], _ distance: ClassPanels<Scalar>) -> Terms {
      let de = e.map { Double($0.elements.dot(distance.elements, range: distance.weightRange)) } ?? 0
      return Terms(divergence: divergence, duals: duals, dd: distance.weightSquaredNorm, de: de)
    }

    func value(_ terms: Terms) -> Double {
      guard hasIntercept else { return terms.divergence + l2 / 2 * terms.dd }
      var theta = 0.0
      for (q, y) in zip(terms.duals, shares) where q > y { theta = max(theta, (q - y) / q) }
      guard theta < 1 else { return .infinity }
      guard theta > 0 else { return terms.divergence + l2 / 2 * terms.dd }
      var u = zip(terms.duals, shares).map { max(0, ($1 - (1 - theta) * $0) / theta) }
      let total = u.reduce(0, +)
      guard total > 0, total.isFinite else { return .infinity }
      for c in u.indices { u[c] /= total }
      let ofMixed = zip(u, bias).reduce(normalizer) { $0 + ($1.0 > 0 ? $1.0 * (.log($1.0) - $1.1) : 0) }
      let rest = 1 - theta
      return rest * terms.divergence + theta * ofMixed
        + l2 / 2 * (rest * rest * terms.dd + 2 * theta * rest * terms.de + theta * theta * ee)
    }
  }
}

extension DualGap.Terms {
  /// Of (1 - t) times these dual variables and t times others, D . D' being `across`.
  fileprivate func mixed(with other: Self, _ t: Double, across: Double) -> Self {
    let s = 1 - t
    return Self(
      divergence: s * divergence + t * other.divergence, duals: zip(duals, other.duals).map { s * $0 + t * $1 },
      dd: s * s * dd + 2 * s * t * across + t * t * other.dd, de: s * de + t * other.de)
  }
}

extension DualGap where Data == Scalar {
  init(_ problem: SoftmaxRegression.Problem<Data>, _ moments: FeatureMoments<Data>) throws {
    self.init(
      problem, moments, weights: problem.weights, classMeans: try problem.classMeans(moments), mean: moments.mean,
      convert: { $0 }, convertDuals: { Array($0) })
  }
}

extension DualGap where Scalar == Double {
  /// In double, on chunks of data that are widened.
  init(widening problem: SoftmaxRegression.Problem<Data>, _ moments: FeatureMoments<Data>) throws {
    self.init(
      problem, moments, weights: problem.weights?.widened, classMeans: try problem.classMeans(moments)?.widened,
      mean: moments.mean.widened, convert: { $0.widened }, convertDuals: { Array($0).widened })
  }
}

extension SoftmaxRegression.Problem {
  /// (1 / N) sum of w_i y_i (x_i - mean)^T where there are a bias and a penalty: one reading of the features.
  fileprivate func classMeans(_ moments: FeatureMoments<Scalar>) throws -> ClassPanels<Scalar>? {
    guard hasIntercept, l2 > 0 else { return nil }
    var sums = [Scalar](repeating: 0, count: classes * width)
    let blocks = chunkRows(4 << 20, blockSize: 1)
    let rows = features.isSparse ? max(1, min(blocks, (1 << 20) / classes)) : blocks
    try forEachCopy(rows: rows) { chunk, range in
      let ones = weights.map { Array($0[range]) } ?? [Scalar](repeating: 1, count: range.count)
      switch chunk {
      case .dense(let x):
        let hot = SparseMatrix(
          columns: classes, rowStarts: Array(0...range.count), columnIndices: Array(labels[range]), values: ones)
        SparseProducts.addTransposed(hot, rows: 0..<range.count, x.view, toPacked: &sums)
      case .sparse(let x):
        var hot = Matrix<Scalar>(rows: range.count, columns: classes)
        for (i, label) in labels[range].enumerated() { hot[i, Int(label)] = ones[i] }
        SparseProducts.addTransposed(x, rows: 0..<range.count, hot.view, toPacked: &sums)
      case .stored: preconditionFailure("a chunk is in memory")
      }
    }
    if features.isSparse {
      var rows: [Scalar] = []
      SparseProducts.pack(MatrixView(sums, rows: width, columns: classes), into: &rows)
      swap(&rows, &sums)
    }
    var panels = ClassPanels(features: width, classes: classes, values: sums)
    panels.elements.scale(by: Scalar(1 / Double(count)))
    panels.addOuterProduct(-1, classShares.map { Scalar($0) }, moments.mean)
    return panels
  }
}
