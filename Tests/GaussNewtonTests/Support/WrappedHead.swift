import LinearAlgebra
import Models
import Synchronization

/// Ways in which a linearisation can be wrong.
enum Fault: String, CaseIterable, Sendable {
  case none
  /// The pullback's weight part is not that of the pushforward's transpose.
  case transpose = "wrong transpose"
  case pullbackWithoutBias = "bias left out of the pullback"
  case pushforwardWithoutBias = "bias left out of the pushforward"
  case gramWithoutBias = "bias left out of the row Gram"
  case normsWithoutBias = "bias left out of the row norms"
  case sharedGramWithoutBias = "bias left out of the shared Gram"
  case ignoresRowWeights = "row weights ignored"
  case ignoresBeta = "beta ignored"
  case ignoresPenalisedAlpha = "alpha of the weights ignored"
}

/// How often a linearisation was asked for what.
final class CallCounter: Sendable {
  private let passes = Atomic<Int>(0)

  func count() { passes.wrappingAdd(1, ordering: .relaxed) }
  /// Forward passes, pushforwards and pullbacks.
  var total: Int { passes.load(ordering: .relaxed) }
}

/// A linear head that counts its passes, and can be broken in one place.
struct WrappedHead<Scalar: RealScalar>: Model {
  let inner: LinearHead<Scalar>
  var fault = Fault.none
  let counter = CallCounter()

  init(_ inner: LinearHead<Scalar>, fault: Fault = .none) {
    (self.inner, self.fault) = (inner, fault)
  }

  var layout: ParameterLayout { inner.layout }
  var inputWidth: Int { inner.inputWidth }
  var outputWidth: Int { inner.outputWidth }
  var layerCount: Int { inner.layerCount }

  func initialParameters(using generator: inout SeededGenerator) -> Parameters<Scalar> {
    inner.initialParameters(using: &generator)
  }

  func makeLinearization() -> WrappedLinearization<Scalar> {
    WrappedLinearization(inner: inner.makeLinearization(), head: self)
  }
}

struct WrappedLinearization<Scalar: RealScalar>: Linearization {
  var inner: Linearizations.OfHead<Scalar>
  let head: WrappedHead<Scalar>

  private func withoutBias(_ x: [Scalar]) -> [Scalar] {
    var result = x
    for slice in head.layout.slices where !slice.isPenalised { result.scale(by: 0, range: slice.range) }
    return result
  }

  mutating func linearize(
    at parameters: Parameters<Scalar>, inputs: Inputs<Scalar>, outputs: inout Matrix<Scalar>
  ) {
    head.counter.count()
    inner.linearize(at: parameters, inputs: inputs, outputs: &outputs)
  }

  mutating func pushforward(_ tangent: [Scalar], into result: inout Matrix<Scalar>) {
    head.counter.count()
    let isFaulty = head.fault == .pushforwardWithoutBias
    inner.pushforward(isFaulty ? withoutBias(tangent) : tangent, into: &result)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar]
  ) {
    head.counter.count()
    var (alpha, beta, rowWeights, cotangents) = (alpha, beta, rowWeights, cotangents)
    if head.fault == .ignoresRowWeights { rowWeights = nil }
    if head.fault == .ignoresBeta { beta = ParameterLayout.Factors(0) }
    if head.fault == .ignoresPenalisedAlpha { alpha.penalised = alpha.free }
    if head.fault == .transpose && cotangents.columns > 1 {
      for i in 0..<cotangents.rows {
        (cotangents[i, 0], cotangents[i, 1]) = (cotangents[i, 1], cotangents[i, 0])
      }
    }
    inner.pullback(cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, into: &result)
    if head.fault == .pullbackWithoutBias { result = withoutBias(result) }
  }

  var layout: ParameterLayout { inner.layout }

  var cotangents: Matrix<Scalar> {
    get { inner.cotangents }
    set { inner.cotangents = newValue }
  }

  mutating func rowProducts(_ tangent: [Scalar], into result: inout [Scalar]) {
    head.counter.count()
    let isFaulty = head.fault == .pushforwardWithoutBias
    inner.rowProducts(isFaulty ? withoutBias(tangent) : tangent, into: &result)
  }

  mutating func rowGram(into gram: inout Linearizations.RowGram<Scalar>) {
    inner.rowGram(into: &gram)
    if head.fault == .gramWithoutBias {
      let penalised = gram.penalised
      gram.reset(rows: gram.rows)
      gram.add(penalised, to: head.layout.slices[0])
    }
  }

  mutating func rowSquaredNorms(into result: inout [Scalar]) {
    inner.rowSquaredNorms(into: &result)
    guard head.fault == .normsWithoutBias else { return }
    var squares = result
    RowKernels.dots(cotangents.view, cotangents.view, into: &squares)
    for i in 0..<result.count { result[i] -= squares[i] }
  }

  var isIsotropic: Bool { inner.isIsotropic }

  mutating func sharedGram(metric: ParameterLayout.Factors<Scalar>, into result: inout Matrix<Scalar>) -> Bool {
    var metric = metric
    if head.fault == .sharedGramWithoutBias { metric.free = 0 }
    return inner.sharedGram(metric: metric, into: &result)
  }

  var costs: Linearizations.Costs { inner.costs }

  mutating func release() { inner.release() }
}
