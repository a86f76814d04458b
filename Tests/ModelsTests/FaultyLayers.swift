import LinearAlgebra
import Models
import Synchronization

/// Ways in which a layer can be wrong.
enum LayerFault: String, CaseIterable, Sendable {
  case none
  case transpose = "pullback is not the transpose, inputs"
  case parameterTranspose = "pullback is not the transpose, parameters"
  /// Tangent and cotangent both lack the same term: the adjoint identity holds.
  case missingTerm = "a term left out of pushforward and pullback, inputs"
  case missingBias = "the bias left out of pushforward and pullback"
  case constantTerm = "pushforward has a constant in it"
  case gramWithoutBias = "bias left out of the row Gram"
  case gramMixesParts = "the bias counted as penalised"
  case gramOverwrites = "the row Gram written, not added"
  case wrongNorms = "row norms without squares"
  case wrongGradients = "row gradients of the wrong rows"
  case ignoresRowWeights = "row weights ignored"
  case ignoresAlpha = "alpha of the bias ignored"
  case ignoresBeta = "beta ignored"
  case readsResult = "result read although beta is 0"
  case wrongRowProducts = "row products without the bias"
  case doublesBothTangents = "the input's tangent counted twice if there are both"
  case writesNeighbour = "an element after its own written"
  case nondeterministic = "answers with a counter in them"
  case remembers = "work areas of an older batch"
  case mixesRows = "a row's output depends on the next row"
  case wrongShape = "pullback of the wrong shape"
  case noSlices = "slices not told"
  case notFinite = "NaN in the pushforward"
}

/// y = g x^2 / 2 + x + b for each feature, which can be broken in one place. Right if `fault` is `.none`.
struct FaultyLayer: Layer {
  var type: String { "quadratic" }
  var fault = LayerFault.none

  func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
    [
      Layers.ParameterSpec("weight", shape: input, isPenalised: true, initializer: .normal(deviation: 1)),
      Layers.ParameterSpec("bias", shape: input, isPenalised: false, initializer: .normal(deviation: 1)),
    ]
  }

  func makeLinearization<Scalar: RealScalar>(
    at site: Layers.Site, as type: Scalar.Type
  ) -> any LayerLinearization<Scalar> { FaultyLinearization(all: site.slices, fault: fault) }
}

private let calls = Atomic<Int>(0)

struct FaultyLinearization<Scalar: RealScalar>: LayerLinearization {
  let all: [ParameterLayout.Slice]
  let fault: LayerFault
  /// Keeps what it had at the first batch that was as large.
  private var kept: [Scalar] = []

  init(all: [ParameterLayout.Slice], fault: LayerFault) { (self.all, self.fault) = (all, fault) }

  var slices: [ParameterLayout.Slice] { fault == .noSlices ? [] : all }
  private var width: Int { all[0].count }
  private var weight: Int { all[0].offset }
  private var bias: Int { all[1].offset }

  private func tick() -> Scalar {
    fault == .nondeterministic ? 1e-6 * Scalar(calls.wrappingAdd(1, ordering: .relaxed).newValue % 97) : 0
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    let (x, n) = (point.input, width)
    output.reshape(rows: x.rows, columns: n)
    if kept.count < point.rows || fault != .remembers {
      kept = [Scalar](repeating: point.values[bias], count: point.rows)
    }
    for i in 0..<x.rows {
      for j in 0..<n {
        let g = point.values[weight + j]
        output[i, j] = g * x[i, j] * x[i, j] / 2 + x[i, j] + point.values[bias + j]
        if fault == .remembers { output[i, j] += kept[i] - point.values[bias] }
        if fault == .mixesRows { output[i, j] += x[(i + 1) % x.rows, j] }
      }
    }
  }

  /// d y / d x.
  private func slope(_ point: Layers.Point<Scalar>, _ i: Int, _ j: Int) -> Scalar {
    (fault == .missingTerm ? 0 : 1) + point.values[weight + j] * point.input[i, j]
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    let noise = tick()
    let both: Scalar = fault == .doublesBothTangents && inputTangent != nil && tangent != nil ? 2 : 1
    result.reshape(rows: point.rows, columns: width)
    for i in 0..<point.rows {
      for j in 0..<width {
        var sum: Scalar = fault == .constantTerm ? 0.5 : noise
        if let v = inputTangent {
          sum += both * slope(point, i, j) * v[i, j]
          if fault == .mixesRows { sum += v[(i + 1) % v.rows, j] }
        }
        if let t = tangent {
          sum += point.input[i, j] * point.input[i, j] / 2 * t[weight + j]
          if fault != .missingBias { sum += t[bias + j] }
        }
        result[i, j] = fault == .notFinite && i == 0 ? .nan : sum
      }
    }
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    result.reshape(rows: point.rows, columns: fault == .wrongShape ? width + 1 : width)
    for i in 0..<point.rows {
      for j in 0..<width {
        result[i, j] = slope(point, i, fault == .transpose ? (j + 1) % width : j) * cotangents[i, j]
        if fault == .mixesRows { result[i, j] += cotangents[(i + point.rows - 1) % point.rows, j] }
      }
    }
  }

  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    let weights = fault == .ignoresRowWeights ? nil : rowWeights
    func accumulate(_ slice: ParameterLayout.Slice, _ j: Int, _ alpha: Scalar, _ sum: Scalar) {
      let k = slice.offset + j
      let beta = fault == .ignoresBeta ? 0 : beta[slice]
      result[k] = alpha * sum + (beta == 0 && fault != .readsResult ? 0 : beta * result[k])
    }
    for j in 0..<width {
      var (first, second): (Scalar, Scalar) = (0, 0)
      for i in 0..<point.rows {
        let c = cotangents[i, j] * (weights?[i] ?? 1)
        let x = point.input[i, fault == .parameterTranspose ? (j + 1) % width : j]
        first += c * x * x / 2
        if fault != .missingBias { second += c }
      }
      accumulate(all[0], j, alpha.penalised, first)
      accumulate(all[1], j, fault == .ignoresAlpha ? alpha.penalised : alpha.free, second)
    }
    if fault == .writesNeighbour, bias + width < result.count { result[bias + width] = 1 }
  }

  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    for i in 0..<point.rows {
      for j in 0..<width {
        let x = point.input[i, j]
        let own = fault == .missingBias || fault == .wrongRowProducts ? 0 : tangent[bias + j]
        result[i] += cotangents[i, j] * (x * x / 2 * tangent[weight + j] + own)
      }
    }
  }

  mutating func rowGradients(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Matrix<Scalar>]
  ) {
    for k in result.indices { result[k].reshape(rows: point.rows, columns: width) }
    for i in 0..<point.rows {
      let row = fault == .wrongGradients ? point.rows - 1 - i : i
      for j in 0..<width {
        let x = point.input[i, j]
        result[0][row, j] = cotangents[i, j] * x * x / 2
        if result.count > 1 { result[1][row, j] = fault == .missingBias ? 0 : cotangents[i, j] }
      }
    }
  }

  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    var gradients = [Matrix<Scalar>](repeating: Matrix(rows: 0, columns: 0), count: 2)
    let copy = FaultyLinearization(all: all, fault: fault == .missingBias ? .missingBias : .none)
    var whole = copy
    whole.rowGradients(of: cotangents, at: point, into: &gradients)
    if fault == .gramOverwrites { gram.reset(rows: point.rows) }
    gram.addRows(gradients[0].view, to: all[0])
    if fault != .gramWithoutBias { gram.addRows(gradients[1].view, to: all[fault == .gramMixesParts ? 0 : 1]) }
  }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    for i in 0..<point.rows {
      for j in 0..<width {
        let (x, c) = (point.input[i, j], cotangents[i, j])
        let bias: Scalar = fault == .missingBias ? 0 : 1
        result[i] += fault == .wrongNorms ? c * x * x : c * c * (x * x * x * x / 4 + bias)
      }
    }
  }
}
