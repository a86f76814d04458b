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
  /// No row's |x| is greater.
  private let largestFeature: Double
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
    /// The gap is at most this, but for rounding.
    var bound: Double
    /// What rounding may add to `bound`, at worst.
    var rounding: Double
    /// The same of a look that computes the weights of dual variables.
    var roundingOfProduct: Double
    /// What `bound` may be for dual variables that are tilted until their mean residual is zero.
    var promise: Double
    /// What promises it: (1 - blend) q + blend p.
    var blend: Double
    /// Mean of y - m for those [C].
    var residuals: [Double]
    /// Of weights and bias; of a look at q = p.
    var gradient: ClassPanels<Scalar>?
  }

  /// Dual variables to look from.
  struct Duals {
    /// q [N, C]; nil is p.
    var values: [Data]?
    /// W - W(q), of the features less their mean where `isCentred`; nil where it is not known.
    var distance: ClassPanels<Scalar>?
    var isCentred = false
    /// How often the weights have been rounded.
    var updates = 0.0
    /// Mean of q (1 - q) [C], for what a tilt costs; nil where it is not known.
    var curvature: [Data]?
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
    largestFeature = moments.largestNorm
    sweep = SoftmaxSweep(classes: problem.classes, entriesPerRow: problem.entriesPerRow)
  }

  /// Looks at a point.
  ///
  /// - Parameters:
  ///   - blend: of dual variables m = (1 - blend) q + blend p, whose weights are computed, for another half pass. Nil takes
  ///     those of q as they are known.
  ///   - tilt: logarithms of factors of m, by class [C]: such as make the mean residual smaller.
  mutating func look(
    at panels: ClassPanels<Scalar>, _ duals: Duals, blend: Double? = nil, tilt: [Double]? = nil
  ) throws -> Found {
    passes += blend == nil ? 0.5 : 1
    var sums = SoftmaxSweep<Scalar>.GapSums(classes: problem.classes)
    var gradient = blend.map { _ in ClassPanels<Scalar>(features: problem.width, classes: problem.classes) }
    try add(panels, duals.values, blend ?? 0, tilt, &gradient, &sums)
    let count = Double(problem.count)
    let value = objective.value(meanLoss: sums.loss / count, squaredNorm: panels.weightSquaredNorm)
    var found = Found(
      objective: value, rowsBehind: sums.rowsBehind, bound: .infinity, rounding: 0, roundingOfProduct: 0,
      promise: .infinity, blend: blend ?? 0, residuals: [], gradient: nil)
    if blend == 1, tilt == nil {
      found.gradient = gradient
      found.gradient!.elements.combine(Scalar(problem.l2), panels.elements, range: panels.weightRange)
      if !problem.hasIntercept { for k in panels.biasRange { found.gradient!.elements[k] = 0 } }
    }
    guard problem.l2 > 0, value.isFinite else { return found }
    let (q, p) = (sums.duals.map { $0 / count }, sums.probabilities.map { $0 / count })
    let bound = Bound(
      self, panels, normalizer: sums.normalizers / count, curvature: duals.curvature?.map { Double($0) })
    let divergence = sums.divergence / count
    var known: (terms: Terms, distance: ClassPanels<Scalar>)?
    if tilt == nil, var distance = duals.distance {
      // W(q) of the features less their mean.
      if problem.hasIntercept, !duals.isCentred {
        distance.addOuterProduct(1, zip(shares, q).map { Scalar(($0 - $1) / problem.l2) }, mean)
      }
      let terms = bound.terms(divergence, q, distance)
      known = (terms, distance)
      found.take(bound, terms, blend: 0)
      found.rounding = rounding(panels, terms, updates: duals.updates)
      found.roundingOfProduct = rounding(panels, terms, loss: sums.loss / count)
    }
    if let blend, var away = gradient {
      // W - W(m) of the features less their mean.
      let m = tilt != nil ? q : zip(q, p).map { (1 - blend) * $0 + blend * $1 }
      if problem.hasIntercept { away.addOuterProduct(-1, zip(m, shares).map { Scalar($0 - $1) }, mean) }
      away.elements.combine(1, panels.elements, range: panels.weightRange, beta: Scalar(1 / problem.l2))
      let terms = bound.terms(tilt != nil ? divergence : (1 - blend) * divergence, m, away)
      let rounding = rounding(panels, terms, loss: sums.loss / count)
      if found.take(bound, terms, blend: blend) { (found.rounding, found.roundingOfProduct) = (rounding, rounding) }
      if let known {
        // In between, where KL is at most the mean of both ends.
        let across = Double(known.distance.elements.dot(away.elements, range: panels.weightRange))
        for step in 1..<16 {
          let t = Double(step) / 16
          found.take(bound, known.terms.mixed(with: terms, t, across: across), blend: t * blend)
        }
      }
    }
    found.bound = min(found.bound, found.objective)
    return found
  }

  private mutating func add(
    _ panels: ClassPanels<Scalar>, _ duals: [Data]?, _ blend: Double, _ tilt: [Double]?,
    _ gradient: inout ClassPanels<Scalar>?, _ sums: inout SoftmaxSweep<Scalar>.GapSums
  ) throws {
    let (alpha, classes) = (Scalar(1 / Double(problem.count)), problem.classes)
    let factors = tilt.map { $0.map { Scalar(Double.exp($0)) } }
    func add(_ chunk: Features<Scalar>, _ range: Range<Int>, _ values: [Scalar]?, first: Int) {
      sweep.look(
        chunk, first: range.lowerBound, labels: problem.labels, weights: weights,
        duals: .init(values: values, first: first, blend: Scalar(blend), tilt: factors), panels: panels, alpha: alpha,
        gradient: &gradient, sums: &sums)
    }
    if Data.self == Scalar.self {
      let own = duals as! [Scalar]?
      return try problem.forEachChunk(rows: problem.chunkRows(4 << 20, blockSize: sweep.blockSize)) { chunk, range in
        add(convert(chunk), range, own, first: range.lowerBound)
      }
    }
    // Copies of features and dual variables, of about a megabyte each.
    let most = max(1, (1 << 18) / classes / sweep.blockSize) * sweep.blockSize
    let rows = min(problem.chunkRows(1 << 20, blockSize: sweep.blockSize), duals == nil ? .max : most)
    try problem.forEachCopy(rows: rows) { chunk, range in
      let part = duals.map { convertDuals($0[range.lowerBound * classes..<range.upperBound * classes]) }
      add(convert(chunk), range, part, first: 0)
    }
  }

  /// What rounding may add to a bound. Logits are off by at most e in the mean square, and KL(q, p) so by e |p - q| + e^2
  /// / 2; weights that are the sum of many changes by a unit for each, and those that are computed by a unit for each
  /// addition of a row.
  private func rounding(
    _ panels: ClassPanels<Scalar>, _ terms: Terms, updates: Double = 0, loss: Double? = nil
  ) -> Double {
    let unit = Double(Scalar.ulpOfOne) / 2
    let values = panels.weightSquaredNorm.squareRoot()
    let largest = Double(panels.elements[panels.biasRange].reduce(0) { max($0, $1.magnitude) })
    let e = unit * (problem.entriesPerRow + 16) * (values * featureSize + largest)
    let away = (2 * max(0, terms.divergence)).squareRoot()
    var w = unit * updates * values
    if let loss {
      // |m - y| is at most 2 (1 - m_y), and that at most the loss where m = p.
      let additions = Double(sweep.blockSize) + Double(problem.count) / Double(sweep.blockSize)
      w = unit * (additions * 2 * min(1, loss + away) * largestFeature / problem.l2 + 4 * values)
    }
    return e * away + e * e / 2 + problem.l2 * (w * terms.dd.squareRoot() + w * w / 2)
  }
}

extension DualGap {
  /// The bound at one point, as a function of the dual variables.
  fileprivate struct Bound {
    let l2: Double
    let shares: [Double]
    let hasIntercept: Bool
    /// Mean of log sum e^z.
    let normalizer: Double
    /// The bias for features less their mean.
    let bias: [Double]
    let e: ClassPanels<Scalar>?
    let ee: Double
    /// Of the bias at the dual variables, on its diagonal.
    let curvature: [Double]?

    init(_ gap: DualGap, _ panels: ClassPanels<Scalar>, normalizer: Double, curvature: [Double]?) {
      self.curvature = curvature
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

    /// About what it adds to KL(m, p) to tilt m to a mean residual of zero: half its square by the inverse curvature.
    func costOfTilt(_ terms: Terms) -> Double {
      guard hasIntercept, let curvature else { return 0 }
      return zip(zip(terms.duals, shares), curvature).reduce(0) { sum, pair in
        let residual = pair.0.1 - pair.0.0
        return sum + (residual == 0 ? 0 : residual * residual / (2 * pair.1))
      }
    }

    /// The bound where the mean residual is zero.
    func untilted(_ terms: Terms) -> Double { terms.divergence + l2 * terms.dd / 2 }

    func value(_ terms: Terms) -> Double {
      guard hasIntercept else { return untilted(terms) }
      var theta = 0.0
      for (q, y) in zip(terms.duals, shares) where q > y { theta = max(theta, (q - y) / q) }
      guard theta < 1 else { return .infinity }
      guard theta > 0 else { return untilted(terms) }
      var u = zip(terms.duals, shares).map { max(0, ($1 - (1 - theta) * $0) / theta) }
      let total = u.reduce(0, +)
      guard total > 0, total.isFinite else { return .infinity }
      for c in u.indices { u[c] /= total }
      let ofMixed = zip(u, bias).reduce(normalizer) { $0 + ($1.0 > 0 ? $1.0 * (.log($1.0) - $1.1) : 0) }
      let rest = 1 - theta
      return rest * terms.divergence + theta * ofMixed
        + l2 * (rest * rest * terms.dd + 2 * theta * rest * terms.de + theta * theta * ee) / 2
    }
  }
}

extension DualGap.Found {
  /// Takes the bound of some dual variables if it promises less.
  @discardableResult
  fileprivate mutating func take(_ bound: DualGap.Bound, _ terms: DualGap.Terms, blend: Double) -> Bool {
    self.bound = min(self.bound, bound.value(terms))
    let promise = bound.untilted(terms) + bound.costOfTilt(terms)
    guard promise < self.promise else { return false }
    (self.promise, self.blend, residuals) = (promise, blend, zip(bound.shares, terms.duals).map { $0 - $1 })
    return true
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
