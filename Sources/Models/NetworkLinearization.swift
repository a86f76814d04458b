import LinearAlgebra

/// A network on one batch.
///
/// Where every row is an example, cotangents are carried back once and M's products stay inside the layers: each costs
/// half of a pushforward or a pullback. Where positions are rows, the layers before them (the trunk) mix the rows of an
/// example, and what is trained there is carried through with every product.
public struct NetworkLinearization<Scalar: RealScalar>: Linearization {
  public let layout: ParameterLayout
  public var cotangents = Matrix<Scalar>(rows: 0, columns: 0)
  private let inputWidth: Int
  private let outputWidth: Int
  /// T and the width of a position, where positions are the rows.
  private let positions: (count: Int, width: Int)?
  /// Layers before the positions become rows.
  private var trunk: LayerStack<Scalar>?
  private let isTrunkTrained: Bool
  private var head: LayerStack<Scalar>
  private var trunkPoint = LayerPoint<Scalar>(input: Matrix(rows: 0, columns: 0), values: [])
  private var headPoint = LayerPoint<Scalar>(input: Matrix(rows: 0, columns: 0), values: [])
  /// [B, T, width], and the same for tangents and cotangents.
  private var trunkOutput = Matrix<Scalar>(rows: 0, columns: 0)
  private var trunkWork = Matrix<Scalar>(rows: 0, columns: 0)
  /// [R, width]: positions that are rows, and their tangents.
  private var selected = Matrix<Scalar>(rows: 0, columns: 0)
  private var selectedWork = Matrix<Scalar>(rows: 0, columns: 0)
  private var rows: [Int32]?

  init(_ network: Network<Scalar>) {
    layout = network.layout
    inputWidth = network.inputWidth
    outputWidth = network.outputWidth
    let layers = network.architecture.layers
    let input = network.architecture.input
    guard let split = network.split else {
      positions = nil
      isTrunkTrained = false
      head = LayerStack(layers, at: LayerSite(path: "", input: input, slices: layout.slices))
      return
    }
    positions = (network.rowsPerExample, network.shapes[split + 1][0])
    let trunkLayers = Array(layers[..<split])
    let trunkSlices = zip(trunkLayers, network.shapes).reduce(0) { $0 + $1.0.parameters(for: $1.1).count }
    if split > 0 {
      trunk = LayerStack(
        trunkLayers, at: LayerSite(path: "", input: input, slices: Array(layout.slices[..<trunkSlices])))
    }
    isTrunkTrained = layout.slices[..<trunkSlices].contains { !$0.isFrozen }
    head = LayerStack(
      Array(layers[(split + 1)...]),
      at: LayerSite(path: "", input: network.shapes[split + 1], slices: Array(layout.slices[trunkSlices...])),
      numberedFrom: split + 1)
  }

  public mutating func linearize(
    at parameters: Parameters<Scalar>, inputs: Inputs<Scalar>, outputs: inout Matrix<Scalar>
  ) {
    precondition(
      inputs.features.columns == inputWidth,
      "the network takes \(inputWidth) features, the batch has \(inputs.features.columns)")
    precondition(parameters.values.count == layout.count, "the network has \(layout.count) parameters")
    releaseCotangents()
    let point = LayerPoint(
      input: inputs.features, values: parameters.values, inputGram: inputs.gram, dropoutSeed: inputs.dropoutSeed)
    guard let positions else {
      headPoint = point
      return head.forward(at: headPoint, into: &outputs)
    }
    trunkPoint = point
    rows = inputs.rows
    headPoint.input = Matrix(rows: 0, columns: 0)
    if trunk == nil {
      select(inputs.features, positions.width, into: &selected)
    } else {
      trunk?.forward(at: trunkPoint, into: &trunkOutput)
      select(trunkOutput, positions.width, into: &selected)
    }
    headPoint = LayerPoint(input: selected, values: parameters.values, dropoutSeed: inputs.dropoutSeed)
    head.forward(at: headPoint, into: &outputs)
  }

  public mutating func pushforward(_ tangent: [Scalar], into result: inout Matrix<Scalar>) {
    guard let positions, isTrunkTrained else {
      result.reshape(rows: headPoint.rows, columns: outputWidth)
      return head.pushforward(nil, tangent, at: headPoint, into: &result)
    }
    trunk?.pushforward(nil, tangent, at: trunkPoint, into: &trunkWork)
    select(trunkWork, positions.width, into: &selectedWork)
    head.pushforward(selectedWork, tangent, at: headPoint, into: &result)
  }

  public mutating func pullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: SliceFactors<Scalar>, beta: SliceFactors<Scalar>,
    into result: inout [Scalar]
  ) {
    head.prepare(cotangents, at: headPoint, needsInput: isTrunkTrained)
    head.parameterPullback(
      cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: headPoint, into: &result)
    if isTrunkTrained { trunkPullback(rowWeights, alpha, beta, &result) }
    releaseCotangents()
  }

  public mutating func backpropagate(_ cotangents: Matrix<Scalar>) {
    self.cotangents = cotangents
    head.prepare(cotangents, at: headPoint, needsInput: isTrunkTrained)
  }

  public mutating func pullback(
    rowWeights: [Scalar], alpha: SliceFactors<Scalar>, beta: SliceFactors<Scalar>, into result: inout [Scalar]
  ) {
    head.parameterPullback(
      cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: headPoint, into: &result)
    if isTrunkTrained { trunkPullback(rowWeights, alpha, beta, &result) }
  }

  public mutating func rowProducts(_ tangent: [Scalar], into result: inout [Scalar]) {
    result.fill(with: 0)
    head.addRowProducts(tangent, cotangents, at: headPoint, into: &result)
    guard let positions, isTrunkTrained else { return }
    trunk?.pushforward(nil, tangent, at: trunkPoint, into: &trunkWork)
    select(trunkWork, positions.width, into: &selectedWork)
    RowKernels.addDots(head.inputCotangents.view, selectedWork.view, into: &result)
  }

  public mutating func rowGram(into gram: inout RowGram<Scalar>) {
    if isTrunkTrained { return explicitRowGram(into: &gram) }
    gram.reset(rows: headPoint.rows)
    head.addRowGram(of: cotangents, at: headPoint, into: &gram)
  }

  public mutating func rowSquaredNorms(into result: inout [Scalar]) {
    if isTrunkTrained { return explicitRowSquaredNorms(into: &result) }
    result.fill(with: 0)
    head.addRowSquaredNorms(of: cotangents, at: headPoint, into: &result)
  }

  public var costs: LinearizationCosts {
    let (trained, forward) = head.costs(rows: headPoint.rows)
    var costs = LinearizationCosts()
    costs.forward = forward
    costs.pushforward = trained.input + trained.parameters
    costs.backpropagation = trained.input
    costs.rowPullback = trained.parameters
    costs.rowProducts = trained.parameters
    costs.rowGram = trained.rowGram
    costs.rowGramBytes = trained.rowGramBytes
    costs.rowSquaredNorms = trained.rowSquaredNorms
    guard isTrunkTrained, let (inner, pass) = trunk?.costs(rows: trunkPoint.rows) else { return costs }
    let product = inner.input + inner.parameters
    costs.forward += pass
    costs.pushforward += product
    costs.rowPullback += product
    costs.rowProducts += product
    addExplicitRows(to: &costs, rows: headPoint.rows)
    return costs
  }

  public mutating func releaseCotangents() { cotangents = Matrix(rows: 0, columns: 0) }

  public mutating func release() {
    releaseCotangents()
    let nothing = LayerPoint<Scalar>(input: Matrix(rows: 0, columns: 0), values: [])
    trunkPoint = nothing
    headPoint = nothing
  }

  /// The trunk's part of a pullback: cotangents of the rows, weighted, go back to their positions and on from there.
  private mutating func trunkPullback(
    _ rowWeights: [Scalar]?, _ alpha: SliceFactors<Scalar>, _ beta: SliceFactors<Scalar>, _ result: inout [Scalar]
  ) {
    guard let positions else { return }
    trunkWork.reshape(rows: trunkPoint.rows * positions.count, columns: positions.width)
    RowKernels.scatter(head.inputCotangents.view, weights: rowWeights, to: rows, into: &trunkWork)
    trunkWork.reshape(rows: trunkPoint.rows, columns: positions.count * positions.width)
    trunk?.prepare(trunkWork, at: trunkPoint, needsInput: false)
    trunk?.parameterPullback(trunkWork, rowWeights: nil, alpha: alpha, beta: beta, at: trunkPoint, into: &result)
  }

  /// The rows [R, width] of all positions [B, T * width].
  private func select(_ all: Matrix<Scalar>, _ width: Int, into result: inout Matrix<Scalar>) {
    let positions = MatrixView(all.elements, rows: all.elements.count / width, columns: width)
    RowKernels.gather(positions, rows, into: &result)
  }
}
