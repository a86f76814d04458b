import LinearAlgebra

/// A Jacobian as the checks see it: the function and the products with its derivative, on flat vectors.
struct CheckedJacobian<Scalar: RealScalar> {
  /// Length of a tangent.
  var count: Int
  /// Root mean square of what is moved: sets the steps of differences.
  var scale: Double
  /// The outputs, at the point moved by a step.
  var value: ([Scalar]) -> [Scalar]
  var pushforward: ([Scalar]) -> [Scalar]
  var pullback: ([Scalar]) -> [Scalar]
}

/// What the checks ask of the parameters' side of a model or a layer.
protocol CheckedRows<Scalar>: AnyObject {
  associatedtype Scalar: RealScalar
  /// Where the trainable parameters are in tangents and results.
  var slices: [ParameterLayout.Slice] { get }
  /// Length of tangents and results, which may hold more than the slices.
  var bufferCount: Int { get }
  func pushforward(_ tangent: [Scalar]) -> Matrix<Scalar>
  func pullback(
    _ cotangents: Matrix<Scalar>, _ rowWeights: [Scalar]?, _ alpha: ParameterLayout.Factors<Scalar>,
    _ beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar])
  func backpropagate(_ cotangents: Matrix<Scalar>)
  /// This and the rest are about the cotangents that were carried back, given again.
  func rowPullback(
    _ rowWeights: [Scalar], _ cotangents: Matrix<Scalar>, _ alpha: ParameterLayout.Factors<Scalar>,
    _ beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar])
  func rowProducts(_ tangent: [Scalar], _ cotangents: Matrix<Scalar>) -> [Scalar]
  func rowGram(_ cotangents: Matrix<Scalar>) -> (penalised: Matrix<Scalar>, free: Matrix<Scalar>)
  func rowSquaredNorms(_ cotangents: Matrix<Scalar>) -> [Scalar]
  /// [R, bufferCount], nil for a model: it has none.
  func rowGradients(_ cotangents: Matrix<Scalar>) -> Matrix<Scalar>?
}

/// The checks that models and layers share, and their verdicts.
struct Examiner<Scalar: RealScalar> {
  private(set) var report = Linearizations.Report()
  private var generator: SeededGenerator
  /// What the next verdicts are about.
  var layer = "model"

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  private static var isSingle: Bool { Scalar.significandBitCount < 30 }
  /// For identities that hold to rounding.
  static var rounding: Double { 1000 * Double(Scalar.ulpOfOne) }
  /// For finite differences that settle; at most the second where they do not.
  static var differenceLimits: (Double, Double) { isSingle ? (2e-3, 0.05) : (1e-8, 0.05) }

  mutating func expect(
    _ check: Linearizations.Report.Check, _ error: Double, atMost limit: Double = Self.rounding, advice: String? = nil,
    remark: String = ""
  ) {
    report.verdicts.append(
      Linearizations.Report.Verdict(
        check: check, layer: layer, error: error, limit: limit,
        advice: error <= limit ? remark : advice ?? check.advice))
  }

  mutating func expect(_ check: Linearizations.Report.Check, _ holds: Bool, advice: String? = nil) {
    expect(check, holds ? 0 : .infinity, atMost: 0, advice: advice)
  }

  /// Standard normal numbers.
  mutating func vector(_ count: Int) -> [Scalar] { (0..<count).map { _ in Scalar(generator.normal()) } }

  mutating func matrix(_ rows: Int, _ columns: Int) -> Matrix<Scalar> {
    Matrix(rows: rows, columns: columns, elements: vector(rows * columns))
  }

  static func rootMeanSquare(_ x: [Scalar]) -> Double {
    x.isEmpty ? 0 : Vectors.norm(x) / Double(x.count).squareRoot()
  }

  /// |a - b| / |b|, 0 where both are nothing.
  static func relativeError(_ a: [Scalar], _ b: [Scalar]) -> Double { ratio(Vectors.distance(a, b), Vectors.norm(b)) }

  // MARK: Linearity, adjoint, differences

  /// A linear pushforward and pullback that are each other's transposes, and are the derivative.
  mutating func check(_ jacobian: CheckedJacobian<Scalar>, isInput: Bool) {
    guard jacobian.count > 0 else { return }
    typealias Check = Linearizations.Report.Check
    let outputs = jacobian.pushforward(vector(jacobian.count)).count
    var linear = linearityError(jacobian.count, jacobian.pushforward)
    linear = largest(linear, linearityError(outputs, jacobian.pullback))
    expect(isInput ? Check.inputLinearity : .linearity, linear)

    var adjoint = 0.0
    for _ in 0..<3 {
      let (v, u) = (vector(jacobian.count), vector(outputs))
      let (forward, back) = (jacobian.pushforward(v), jacobian.pullback(u))
      let size = largest(Vectors.norm(u) * Vectors.norm(forward), Vectors.norm(back) * Vectors.norm(v))
      adjoint = largest(adjoint, ratio((Vectors.dot(u, forward) - Vectors.dot(back, v)).magnitude, size))
    }
    expect(isInput ? Check.inputAdjoint : .adjoint, adjoint)
    checkDifferences(jacobian, isInput ? .inputDifferences : .differences)
  }

  /// f(a u + b v) = a f(u) + b f(v).
  private mutating func linearityError(_ count: Int, _ f: ([Scalar]) -> [Scalar]) -> Double {
    let (u, v) = (vector(count), vector(count))
    let (a, b) = (Scalar(0.75), Scalar(-1.5))
    let together = f(zip(u, v).map { a * $0 + b * $1 })
    let (fu, fv) = (f(u), f(v))
    let expected = zip(fu, fv).map { a * $0 + b * $1 }
    let size = 0.75 * Vectors.norm(fu) + 1.5 * Vectors.norm(fv)
    return ratio(Vectors.distance(together, expected), size)
  }

  /// Against central differences along three random directions, the median.
  ///
  /// Three estimates a direction: a wide one of fourth order, for smooth functions, and two narrow ones of second
  /// order, for functions with kinks. The best counts. Where no two of them agree to the limit the limit is twice their
  /// disagreement, up to a twentieth. Outputs that have another slope on either side of the point are at a kink: there
  /// any slope between the two is right.
  private mutating func checkDifferences(_ jacobian: CheckedJacobian<Scalar>, _ check: Linearizations.Report.Check) {
    let steps = Self.isSingle ? (wide: 0.05, middle: 1e-2, narrow: 2e-3) : (wide: 2e-3, middle: 1e-5, narrow: 1e-6)
    let (floor, ceiling) = Self.differenceLimits
    let here = jacobian.value([Scalar](repeating: 0, count: jacobian.count))
    var outcomes: [(error: Double, limit: Double, kinks: Int)] = []
    for _ in 0..<3 {
      let (v, product) = direction(jacobian, outputSize: Self.rootMeanSquare(here))
      func moved(_ step: Double) -> [Double] { jacobian.value(v.map { Scalar(step) * $0 }).map { Double($0) } }
      func slope(_ step: Double) -> [Double] {
        zip(moved(step), moved(-step)).map { ($0 - $1) / (2 * Double(Scalar(step))) }
      }
      let (after, before) = (moved(steps.narrow), moved(-steps.narrow))
      let step = Double(Scalar(steps.narrow))
      let right = zip(after, here).map { ($0 - Double($1)) / step }
      let left = zip(before, here).map { (Double($1) - $0) / step }
      var estimates = [
        zip(slope(steps.wide), slope(2 * steps.wide)).map { (4 * $0 - $1) / 3 }, slope(steps.middle),
        zip(right, left).map { ($0 + $1) / 2 },
      ]
      let width = (Self.isSingle ? 0.1 : 1e-4) * Examiner<Double>.rootMeanSquare(estimates[2])
      let kinks = here.indices.filter { (right[$0] - left[$0]).magnitude > width }
      for k in kinks where 4 * kinks.count <= 3 * here.count {
        let between = min(max(Double(product[k]), min(left[k], right[k])), max(left[k], right[k]))
        for e in estimates.indices { estimates[e][k] = between }
      }
      let size = estimates.reduce(Vectors.norm(product)) { largest($0, Vectors.norm($1)) }
      let errors = estimates.map { ratio(Vectors.distance(product, $0), size) }
      let doubts = (1...2).map { ratio(Vectors.distance(estimates[$0 - 1], estimates[$0]), size) }
      outcomes.append((smallest(errors), min(ceiling, max(floor, 2 * smallest(doubts))), kinks.count))
    }
    func order(_ x: (error: Double, limit: Double, kinks: Int)) -> Double {
      x.error.isNaN ? .infinity : x.error / x.limit
    }
    let median = outcomes.sorted { order($0) < order($1) }[1]
    var remark = median.limit > floor ? "differences do not settle here, so the limit is higher: a kink is near" : ""
    if median.kinks > 0 { remark = "\(median.kinks) of \(here.count) outputs are at a kink" }
    expect(check, median.error, atMost: median.limit, remark: remark)
  }

  /// A random direction and its product, of a length that moves outputs about as much as they are large, and what is
  /// moved no more than it is large.
  private mutating func direction(
    _ jacobian: CheckedJacobian<Scalar>, outputSize: Double
  ) -> (v: [Scalar], product: [Scalar]) {
    var v = vector(jacobian.count)
    let change = Self.rootMeanSquare(jacobian.pushforward(v))
    var length = max(jacobian.scale, 1)
    if change > 0, change.isFinite { length = min(length, max(outputSize, 1e-3) / change) }
    v = v.map { Scalar(length) * $0 }
    return (v, jacobian.pushforward(v))
  }

  // MARK: Rows

  /// Pullbacks with weights and factors, and all that is about carried cotangents. R pullbacks, R P numbers.
  mutating func check(_ subject: some CheckedRows<Scalar>) {
    guard !subject.slices.isEmpty else { return }
    let none = [Scalar](repeating: .nan, count: subject.bufferCount)
    let tangent = embedded(subject)
    let image = subject.pushforward(tangent)
    let u = matrix(image.rows, image.columns)
    let (one, zero) = (ParameterLayout.Factors<Scalar>(1), ParameterLayout.Factors<Scalar>(0))

    var whole = none
    subject.pullback(u, nil, one, zero, into: &whole)
    let weights = vector(u.rows)
    var scaled = u
    RowKernels.scale(&scaled, by: weights)
    var (weighted, expected) = (none, none)
    subject.pullback(scaled, nil, one, zero, into: &expected)
    subject.pullback(u, weights, one, zero, into: &weighted)
    expect(.rowWeights, sliceError(subject.slices, weighted, expected))

    var (factorError, isClean) = (0.0, true)
    for (alpha, beta) in [
      (
        ParameterLayout.Factors<Scalar>(penalised: 0.5, free: 2),
        ParameterLayout.Factors<Scalar>(penalised: -1, free: 0.25)
      ),
      (ParameterLayout.Factors(penalised: -1, free: 1), ParameterLayout.Factors(penalised: 1, free: 0)),
      (ParameterLayout.Factors(penalised: 3, free: -0.5), ParameterLayout.Factors(penalised: 0, free: 1)),
    ] {
      for rowWeights in [nil, weights] {
        let old = vector(subject.bufferCount)
        var result = old
        for slice in subject.slices where beta[slice] == 0 { result.scale(by: .nan, range: slice.range) }
        let start = result
        subject.pullback(u, rowWeights, alpha, beta, into: &result)
        let exact = combined(subject, alpha, rowWeights == nil ? whole : expected, beta, old)
        factorError = largest(factorError, sliceError(subject.slices, result, exact))
        isClean = isClean && isUntouched(result, start, outside: subject.slices)
      }
    }
    expect(.factors, factorError)
    expect(.ownParameters, isClean)
    checkCarried(subject, u, tangent, image, weights, expected)
  }

  /// What follows `backpropagate`, or a layer's `prepare`.
  private mutating func checkCarried(
    _ subject: some CheckedRows<Scalar>, _ u: Matrix<Scalar>, _ tangent: [Scalar], _ image: Matrix<Scalar>,
    _ weights: [Scalar], _ expected: [Scalar]
  ) {
    let (one, zero) = (ParameterLayout.Factors<Scalar>(1), ParameterLayout.Factors<Scalar>(0))
    subject.backpropagate(u)
    var row = [Scalar](repeating: .nan, count: subject.bufferCount)
    subject.rowPullback(weights, u, one, zero, into: &row)
    var carried = sliceError(subject.slices, row, expected)

    // Row products before the second pullback: neither may spoil what the other needs.
    let products = subject.rowProducts(tangent, u)
    var (difference, size) = (0.0, 0.0)
    for i in 0..<u.rows {
      let (a, b) = (Array(u.row(i)), Array(image.row(i)))
      difference = largest(difference, (Double(products[i]) - Vectors.dot(a, b)).magnitude)
      size = largest(size, Vectors.norm(a) * Vectors.norm(b))
    }
    let (alpha, beta) = (
      ParameterLayout.Factors<Scalar>(penalised: 2, free: -1), ParameterLayout.Factors<Scalar>(penalised: -0.5, free: 3)
    )
    let old = vector(subject.bufferCount)
    row = old
    subject.rowPullback(weights, u, alpha, beta, into: &row)
    carried = largest(carried, sliceError(subject.slices, row, combined(subject, alpha, expected, beta, old)))
    expect(.rowPullback, carried)
    expect(.rowProducts, ratio(difference, size))

    // Explicit rows, from pullbacks.
    var unit = [Scalar](repeating: 0, count: u.rows)
    var rows: [[Scalar]] = []
    for i in 0..<u.rows {
      unit[i] = 1
      subject.rowPullback(unit, u, one, zero, into: &row)
      unit[i] = 0
      rows.append(row)
    }
    if let gradients = subject.rowGradients(u) {
      var error = gradients.rows == u.rows ? 0 : Double.infinity
      for i in 0..<gradients.rows {
        error = largest(error, sliceError(subject.slices, Array(gradients.row(i)), rows[i]))
      }
      expect(.rowGradients, error)
    }
    let gram = subject.rowGram(u)
    let exact = rows.map { row in subject.slices.reduce(0.0) { $0 + Vectors.dot(row, row, $1.range) } }
    var error = 0.0
    for isPenalised in [true, false] {
      let part = isPenalised ? gram.penalised : gram.free
      let slices = subject.slices.filter { $0.isPenalised == isPenalised }
      error = largest(error, gramError(part, rows, slices, floor: 0.01 * (exact.max() ?? 0)))
    }
    expect(.rowGram, error)
    let norms = subject.rowSquaredNorms(u)
    let distance = zip(norms, exact).reduce(0.0) { largest($0, (Double($1.0) - $1.1).magnitude) }
    expect(.rowSquaredNorms, ratio(distance, exact.max() ?? 0))
  }

  /// alpha x + beta y on the slices.
  private func combined(
    _ subject: some CheckedRows<Scalar>, _ alpha: ParameterLayout.Factors<Scalar>, _ x: [Scalar],
    _ beta: ParameterLayout.Factors<Scalar>,
    _ y: [Scalar]
  ) -> [Scalar] {
    var result = x
    for slice in subject.slices {
      for j in slice.range { result[j] = alpha[slice] * x[j] + beta[slice] * y[j] }
    }
    return result
  }

  /// A lower triangle against the rows over some slices, relative to the largest diagonal element or `floor`.
  private func gramError(
    _ gram: Matrix<Scalar>, _ rows: [[Scalar]], _ slices: [ParameterLayout.Slice], floor: Double
  ) -> Double {
    guard gram.rows == rows.count, gram.columns == rows.count else { return .infinity }
    var (difference, size) = (0.0, floor)
    for i in rows.indices {
      for j in 0...i {
        let exact = slices.reduce(0.0) { $0 + Vectors.dot(rows[i], rows[j], $1.range) }
        difference = largest(difference, (Double(gram[i, j]) - exact).magnitude)
        if i == j { size = largest(size, exact) }
      }
    }
    return ratio(difference, size)
  }

  /// A tangent with random numbers on the slices; NaN elsewhere, where nobody may look.
  mutating func embedded(_ subject: some CheckedRows<Scalar>) -> [Scalar] {
    var result = [Scalar](repeating: .nan, count: subject.bufferCount)
    for slice in subject.slices { result.replaceSubrange(slice.range, with: vector(slice.count)) }
    return result
  }

  /// The largest relative error over the slices, each against its own size, so that biases do not hide behind weights;
  /// but at least a hundredth of all, so that slices without effect (a bias before a normalisation) may round.
  private func sliceError(_ slices: [ParameterLayout.Slice], _ result: [Scalar], _ exact: [Scalar]) -> Double {
    let floor = 0.01 * slices.reduce(0.0) { $0 + Vectors.dot(exact, exact, $1.range) }.squareRoot()
    return slices.reduce(0.0) { error, slice in
      let (a, b) = (Array(result[slice.range]), Array(exact[slice.range]))
      return largest(error, ratio(Vectors.distance(a, b), largest(floor, Vectors.norm(b))))
    }
  }

  private func isUntouched(_ result: [Scalar], _ start: [Scalar], outside slices: [ParameterLayout.Slice]) -> Bool {
    let own = slices.reduce(into: [Bool](repeating: false, count: start.count)) { own, slice in
      for j in slice.range { own[j] = true }
    }
    return result.count == start.count && result.indices.allSatisfy { own[$0] || result[$0] == start[$0] }
  }

  // MARK: Determinism

  /// Every run gives the numbers of the first, bit for bit, and all are finite.
  mutating func checkRepeated(_ runs: [[[Scalar]]]) {
    var error = 0.0
    for run in runs.dropFirst() {
      for (a, b) in zip(run, runs[0]) { error = largest(error, bitwiseError(a, b)) }
    }
    expect(.finite, runs[0].allSatisfy(\.isFinite))
    expect(.determinism, error, atMost: 0)
  }

  /// 0 only for the same bits.
  private func bitwiseError(_ a: [Scalar], _ b: [Scalar]) -> Double {
    guard a.count == b.count else { return .infinity }
    if zip(a, b).allSatisfy({ Double($0).bitPattern == Double($1).bitPattern }) { return 0 }
    return largest(ratio(Vectors.distance(a, b), Vectors.norm(b)), .leastNonzeroMagnitude)
  }
}

/// |error| / size; 0 / 0 is 0: nothing was expected and nothing was got.
private func ratio(_ error: Double, _ size: Double) -> Double { error == 0 ? 0 : error / size }

/// The maximum, NaN if either is.
private func largest(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : max(a, b) }

/// The minimum of those that are numbers; NaN if none is.
private func smallest(_ x: [Double]) -> Double { x.filter { !$0.isNaN }.min() ?? .nan }

extension Matrix {
  /// Of a square matrix, row by row.
  var lowerTriangle: [Scalar] { (0..<rows).flatMap { row($0).prefix($0 + 1) } }
}

/// Sums in Double, whatever the precision of the vectors.
private enum Vectors {
  static func dot<A: RealScalar>(_ a: [A], _ b: [A], _ range: Range<Int>? = nil) -> Double {
    (range ?? 0..<a.count).reduce(0.0) { $0 + Double(a[$1]) * Double(b[$1]) }
  }

  static func norm<A: RealScalar>(_ a: [A]) -> Double { dot(a, a).squareRoot() }

  static func distance<A: RealScalar, B: RealScalar>(_ a: [A], _ b: [B]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0.0) { sum, pair in
      let difference = Double(pair.0) - Double(pair.1)
      return sum + difference * difference
    }.squareRoot()
  }
}
