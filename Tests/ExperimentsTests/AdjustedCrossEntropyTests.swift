import LinearAlgebra
import Losses
import TestSupport
import Testing

@testable import Experiments

@Suite struct AdjustedCrossEntropyTests {
  static let precisions: [any RealScalar.Type] = [Float.self, Double.self]
  static let (count, classes) = (5, 6)

  /// Logits from confident to wrong, labels, and example weights.
  static func batch<S: RealScalar>(_ seed: UInt64) -> (logits: Matrix<S>, targets: Targets<S>, weights: [S]) {
    var generator = SeededGenerator(seed: seed)
    var logits = Matrix<S>(rows: count, columns: classes)
    for i in 0..<count {
      for k in 0..<classes { logits[i, k] = S(Double(1 + i) * generator.normal()) }
    }
    let labels = (0..<count).map { _ in Int32(generator.index(below: classes)) }
    return (logits, .classes(labels), (0..<count).map { _ in S(0.5 + generator.uniform()) })
  }

  static func evaluated<S: RealScalar>(
    _ loss: any Loss, _ logits: Matrix<S>, _ targets: Targets<S>, _ weights: [S]?
  ) -> any LossRows<S> {
    var rows = loss.makeRows(as: S.self)
    rows.rows = logits
    rows.evaluate(targets, weights: weights)
    return rows
  }

  /// The weight of one row by its definition, from the dense Hessian diag(p) - p p^T.
  static func weight(_ kind: Curvature, logits: [Double], label: Int) -> Double {
    let top = logits.max()!
    let exponentials = logits.map { exponential($0 - top) }
    let p = exponentials.map { $0 / exponentials.reduce(0, +) }
    let v = p.enumerated().reduce(0) { $0 + ($1.offset == label ? 0 : $1.element) }
    let a = p.indices.map { $0 == label ? 1 : -p[$0] / v }
    let length = a.reduce(0) { $0 + $1 * $1 }
    switch kind {
    case .fgn: return p[label] * v
    case .fisher: return v * v
    case .unit: return 1
    case .trace: return p.reduce(0) { $0 + $1 * (1 - $1) } / length
    case .rayleigh:
      let pa = zip(p, a).reduce(0) { $0 + $1.0 * $1.1 }
      return (zip(p, a).reduce(0) { $0 + $1.0 * $1.1 * $1.1 } - pa * pa) / (length * length)
    default: preconditionFailure("no weight of a row: \(kind.name)")
    }
  }

  @Test(arguments: Curvature.rowWeights.map(\.curvature)) func weightsAreThoseOfTheDenseHessian(_ kind: Curvature) {
    func run<S: RealScalar>(_ type: S.Type) {
      let limit = tolerance(type, double: 1e-12, float: 2e-4)
      let seed: UInt64 = 11
      let (logits, targets, weights) = Self.batch(seed) as (Matrix<S>, Targets<S>, [S])
      let rows = Self.evaluated(AdjustedCrossEntropy(weight: kind), logits, targets, weights)
      let plain = Self.evaluated(CrossEntropy(), logits, targets, weights)
      #expect(rows.weights! == plain.weights!)
      let traces = rows.traces(.fgn)
      for i in 0..<Self.count {
        let label = Int(targets.labels[i])
        let expected = Self.weight(kind, logits: logits.row(i).map { Double($0) }, label: label)
        let context = "seed \(seed), \(kind), row \(i), \(S.precisionName)"
        let got = Double(rows.rootWeight[i]) * Double(rows.rootWeight[i])
        #expect(abs(got - expected) <= limit * expected, "\(context): \(got), expected \(expected)")
        let a = plain.rows.row(i).map { Double($0) }
        let length = a.reduce(0) { $0 + $1 * $1 }
        #expect(abs(traces[i] - expected * length) <= limit * expected * length, "\(context)")
        // w weight a (a . t) for a unit vector t, of the second of two stacked copies.
        var t = Matrix<S>(rows: 2 * Self.count, columns: Self.classes)
        t[Self.count + i, label] = 1
        rows.apply(.fgn, to: &t)
        for k in 0..<Self.classes {
          let product = Double(plain.weights![i]) * expected * a[k]
          #expect(abs(Double(t[Self.count + i, k]) - product) <= limit * expected, "\(context) class \(k)")
        }
      }
    }
    for precision in Self.precisions { run(precision) }
  }

  @Test func withoutAdjustmentItIsCrossEntropyToTheBit() {
    func run<S: RealScalar>(_ type: S.Type) {
      let (logits, targets, weights) = Self.batch(3) as (Matrix<S>, Targets<S>, [S])
      let (own, plain) = (
        Self.evaluated(AdjustedCrossEntropy(), logits, targets, weights),
        Self.evaluated(CrossEntropy(), logits, targets, weights)
      )
      expectSameBits(own, plain, curvatures: Curvature.all)
      #expect(bits(own.rootWeight) == bits(plain.rootWeight))
    }
    for precision in Self.precisions { run(precision) }
  }

  /// The loss, its gradient, the GGN, what FGN leaves out and the Fisher do not depend on the row weight.
  @Test(arguments: Curvature.rowWeights.map(\.curvature)) func nothingButFGNChanges(_ kind: Curvature) {
    let (logits, targets, weights) = Self.batch(4) as (Matrix<Double>, Targets<Double>, [Double])
    let own = Self.evaluated(AdjustedCrossEntropy(weight: kind), logits, targets, weights)
    expectSameBits(
      own, Self.evaluated(CrossEntropy(), logits, targets, weights), curvatures: [.ggn, .competitor, .fisher])
  }

  func expectSameBits<S: RealScalar>(
    _ own: any LossRows<S>, _ plain: any LossRows<S>, curvatures: [Curvature]
  ) {
    #expect(bits(own.rows.elements) == bits(plain.rows.elements))
    #expect(bits(own.loss) == bits(plain.loss))
    #expect(bits(own.residual) == bits(plain.residual))
    for curvature in curvatures {
      #expect(own.traces(curvature) == plain.traces(curvature))
      var generator = SeededGenerator(seed: 5)
      var t = plain.rows
      for i in 0..<t.rows {
        for k in 0..<t.columns { t[i, k] = S(generator.normal()) }
      }
      var other = t
      own.apply(curvature, to: &t)
      plain.apply(curvature, to: &other)
      #expect(bits(t.elements) == bits(other.elements), "\(curvature) \(S.precisionName)")
    }
    var generators = (SeededGenerator(seed: 6), SeededGenerator(seed: 6))
    var samples = (plain.rows, plain.rows)
    own.sampledDescent(using: &generators.0, into: &samples.0)
    plain.sampledDescent(using: &generators.1, into: &samples.1)
    #expect(bits(samples.0.elements) == bits(samples.1.elements))
  }

  @Test func offsetsAreAddedToTheOutputs() {
    let (logits, targets, _) = Self.batch(7) as (Matrix<Double>, Targets<Double>, [Double])
    let (offsets, _, _) = Self.batch(8) as (Matrix<Double>, Targets<Double>, [Double])
    var sum = logits
    sum.combine(1, offsets)
    let own = Self.evaluated(AdjustedCrossEntropy(offsets: offsets), logits, targets, nil)
    expectSameBits(own, Self.evaluated(CrossEntropy(), sum, targets, nil), curvatures: Curvature.all)
  }

  @Test func offsetsThatDoNotFitAreRefused() {
    let loss = AdjustedCrossEntropy(offsets: Matrix(rows: 2, columns: 3))
    #expect(throws: TargetError("expected logit offsets for 1 rows of 3 outputs, got 2 of 3")) {
      try loss.check(Targets<Float>.classes([0]), outputs: 3)
    }
    #expect(throws: Never.self) { try loss.check(Targets<Float>.classes([0, 2]), outputs: 3) }
    #expect(throws: TargetError.self) { try loss.check(Targets<Float>.classes([0, 3]), outputs: 3) }
  }

  /// With two classes H = s a a^T: FGN with a weight of H is the GGN.
  @Test(arguments: Curvature.rowWeights.map(\.curvature)) func twoClasses(_ kind: Curvature) {
    let loss = AdjustedCrossEntropy(weight: kind)
    #expect(loss.isScalar(outputs: 2) == (kind == .fgn))
    let logits = Matrix<Double>(rows: 2, columns: 2, elements: [1, -0.5, 0, 3])
    let rows = Self.evaluated(loss, logits, .classes([0, 0]), nil)
    guard loss.isScalar(outputs: 2) else { return }
    for i in 0..<2 { #expect(abs(rows.traces(.fgn)[i] - rows.traces(.ggn)[i]) < 1e-15) }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
private func exponential(_ x: Double) -> Double { exp(x) }
