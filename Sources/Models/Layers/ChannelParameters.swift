import LinearAlgebra

/// A gain and a bias for each channel, y = gain h + bias, as biases and normalisations have them.
///
/// Their gradients for a row with cotangent c are the channels' sums of c h and of c: [rows, C] numbers that `prepare`
/// computes once, after which no product goes over the activations again.
struct ChannelParameters<Scalar: RealScalar>: Sendable {
  let layout: ChannelLayout
  private let gainSlice: ParameterLayout.Slice?
  private let biasSlice: ParameterLayout.Slice?
  private let ones: [Scalar]
  private let zeros: [Scalar]
  private var gainRows = Matrix<Scalar>(rows: 0, columns: 0)
  private var biasRows = Matrix<Scalar>(rows: 0, columns: 0)

  init(_ layout: ChannelLayout, gain: ParameterLayout.Slice?, bias: ParameterLayout.Slice?) {
    self.layout = layout
    gainSlice = gain
    biasSlice = bias
    ones = [Scalar](repeating: 1, count: gain == nil ? layout.channels : 0)
    zeros = [Scalar](repeating: 0, count: bias == nil ? layout.channels : 0)
  }

  /// Ones if there is no such parameter.
  func gain(in values: [Scalar]) -> MatrixView<Scalar> {
    view(values, gainSlice) ?? MatrixView(ones, rows: 1, columns: layout.channels)
  }

  /// Zeros if there is no such parameter.
  func bias(in values: [Scalar]) -> MatrixView<Scalar> {
    view(values, biasSlice) ?? MatrixView(zeros, rows: 1, columns: layout.channels)
  }

  func gainTangent(in tangent: [Scalar]?) -> MatrixView<Scalar>? { tangent.flatMap { view($0, trainedGain) } }
  func biasTangent(in tangent: [Scalar]?) -> MatrixView<Scalar>? { tangent.flatMap { view($0, trainedBias) } }

  /// Takes the cotangents and h = (x - shift) factor; nil is 0 and 1.
  mutating func prepare(
    _ cotangents: Matrix<Scalar>, _ x: Matrix<Scalar>, shift: MatrixView<Scalar>? = nil,
    factor: MatrixView<Scalar>? = nil
  ) {
    if trainedGain != nil {
      Channels.sums(cotangents, times: x, layout, shift: shift, factor: factor, into: &gainRows)
    }
    if trainedBias != nil && !layout.isFlat { Channels.sums(cotangents, layout, into: &biasRows) }
  }

  func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar]
  ) {
    for (slice, rows) in rows(cotangents) {
      RowKernels.columnSums(
        rows.view, weights: rowWeights, alpha: alpha[slice], beta: beta[slice], into: &result, at: slice.offset)
    }
  }

  func addRowProducts(_ tangent: [Scalar], _ cotangents: Matrix<Scalar>, into result: inout [Scalar]) {
    for (slice, rows) in rows(cotangents) {
      Channels.addProducts(
        rows.view, MatrixView(tangent, offset: slice.offset, rows: 1, columns: layout.channels), into: &result)
    }
  }

  /// Into the result for each of `slices`, the layer's own.
  func rowGradients(
    _ slices: [ParameterLayout.Slice], of cotangents: Matrix<Scalar>, into result: inout [Matrix<Scalar>]
  ) {
    for (slice, rows) in rows(cotangents) {
      guard let k = slices.firstIndex(of: slice) else { continue }
      result[k].reshape(rows: rows.rows, columns: rows.columns)
      result[k].assign(rows.view)
    }
  }

  func addRowGram(of cotangents: Matrix<Scalar>, into gram: inout Linearizations.RowGram<Scalar>) {
    for (slice, rows) in rows(cotangents) { gram.addRows(rows.view, to: slice) }
  }

  func addRowSquaredNorms(of cotangents: Matrix<Scalar>, into result: inout [Scalar]) {
    for (_, rows) in rows(cotangents) { RowKernels.addDots(rows.view, rows.view, into: &result) }
  }

  /// Everything but what the layer does to its input.
  func costs(rows: Int) -> Layers.Costs {
    let trained = Double([trainedGain, trainedBias].count { $0 != nil } * layout.channels)
    let count = Double(rows)
    return Layers.Costs(
      parameters: 2 * count * trained, rowGram: count * count * trained,
      rowGramBytes: count * trained * Double(MemoryLayout<Scalar>.stride), rowSquaredNorms: 2 * count * trained)
  }

  private var trainedGain: ParameterLayout.Slice? { gainSlice.flatMap { $0.isFrozen ? nil : $0 } }
  private var trainedBias: ParameterLayout.Slice? { biasSlice.flatMap { $0.isFrozen ? nil : $0 } }

  private func view(_ values: [Scalar], _ slice: ParameterLayout.Slice?) -> MatrixView<Scalar>? {
    slice.map { MatrixView(values, offset: $0.offset, rows: 1, columns: layout.channels) }
  }

  /// The gradients of the single rows, for what is trained.
  private func rows(_ cotangents: Matrix<Scalar>) -> [(ParameterLayout.Slice, Matrix<Scalar>)] {
    var result: [(ParameterLayout.Slice, Matrix<Scalar>)] = []
    if let trainedGain { result.append((trainedGain, gainRows)) }
    if let trainedBias { result.append((trainedBias, layout.isFlat ? cotangents : biasRows)) }
    return result
  }
}

/// A layer on one batch whose parameters are a gain and a bias for each channel: all that is about them alone.
protocol ChannelLinearization: LayerLinearization {
  var parameters: ChannelParameters<Scalar> { get }
}

extension ChannelLinearization {
  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    parameters.parameterPullback(cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, into: &result)
  }

  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    parameters.addRowProducts(tangent, cotangents, into: &result)
  }

  mutating func rowGradients(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Matrix<Scalar>]
  ) {
    parameters.rowGradients(slices, of: cotangents, into: &result)
  }

  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    parameters.addRowGram(of: cotangents, into: &gram)
  }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    parameters.addRowSquaredNorms(of: cotangents, into: &result)
  }
}
