import LinearAlgebra

extension Linearizations {
  /// A network on one batch.
  ///
  /// Where every row is an example, cotangents are carried back once and M's products stay inside the layers: each
  /// costs half of a pushforward or a pullback. Where positions are rows, the layers before them (the trunk) mix the
  /// rows of an example, and what is trained there is carried through with every product.
  public struct OfNetwork<Scalar: RealScalar>: Linearization {
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
    private var trunkPoint = Layers.Point<Scalar>(input: Matrix(rows: 0, columns: 0), values: [])
    private var headPoint = Layers.Point<Scalar>(input: Matrix(rows: 0, columns: 0), values: [])
    /// [B, T, width], and the same for tangents and cotangents.
    private var trunkOutput = Matrix<Scalar>(rows: 0, columns: 0)
    private var trunkWork = Matrix<Scalar>(rows: 0, columns: 0)
    /// [R, width]: positions that are rows, and their tangents, where not all are.
    private var selected = Matrix<Scalar>(rows: 0, columns: 0)
    private var selectedWork = Matrix<Scalar>(rows: 0, columns: 0)
    private var rows: [Int32]?
    /// Rows of which each belongs to another example: the first of every example, the second, ...
    private var passes: [[Int]] = []

    init(_ network: Network<Scalar>) {
      layout = network.layout
      inputWidth = network.inputWidth
      outputWidth = network.outputWidth
      let layers = network.architecture.layers
      let input = network.architecture.input
      guard let split = network.split else {
        positions = nil
        isTrunkTrained = false
        head = LayerStack(layers, at: Layers.Site(path: "", input: input, slices: layout.slices))
        return
      }
      positions = (network.rowsPerExample, network.shapes[split + 1][0])
      let trunkLayers = Array(layers[..<split])
      let trunkSlices = zip(trunkLayers, network.shapes).reduce(0) { $0 + $1.0.parameters(for: $1.1).count }
      if split > 0 {
        trunk = LayerStack(
          trunkLayers, at: Layers.Site(path: "", input: input, slices: Array(layout.slices[..<trunkSlices])))
      }
      isTrunkTrained = layout.slices[..<trunkSlices].contains { !$0.isFrozen }
      head = LayerStack(
        Array(layers[(split + 1)...]),
        at: Layers.Site(path: "", input: network.shapes[split + 1], slices: Array(layout.slices[trunkSlices...])),
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
      let point = Layers.Point(
        input: inputs.dense, values: parameters.values, inputGram: inputs.gram, dropoutSeed: inputs.dropoutSeed)
      guard let positions else {
        precondition(inputs.rows == nil, "rows are selected where positions are rows: the network has no such layer")
        headPoint = point
        return head.forward(at: headPoint, into: &outputs)
      }
      trunkPoint = point
      rows = inputs.rows
      if let rows { precondition(zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 }, "row numbers must ascend") }
      headPoint.input = Matrix(rows: 0, columns: 0)
      trunk?.forward(at: trunkPoint, into: &trunkOutput)
      let input = Self.select(
        trunk == nil ? inputs.dense : trunkOutput, rows, width: positions.width, using: &selected)
      headPoint = Layers.Point(input: input, values: parameters.values, dropoutSeed: inputs.dropoutSeed)
      if isTrunkTrained { findPasses(positions.count) }
      head.forward(at: headPoint, into: &outputs)
    }

    public mutating func pushforward(_ tangent: [Scalar], into result: inout Matrix<Scalar>) {
      guard let positions, isTrunkTrained else {
        result.reshape(rows: headPoint.rows, columns: outputWidth)
        return head.pushforward(nil, tangent, at: headPoint, into: &result)
      }
      trunk?.pushforward(nil, tangent, at: trunkPoint, into: &trunkWork)
      let incoming = Self.select(trunkWork, rows, width: positions.width, using: &selectedWork)
      head.pushforward(incoming, tangent, at: headPoint, into: &result)
    }

    public mutating func pullback(
      _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
      beta: ParameterLayout.Factors<Scalar>,
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
      rowWeights: [Scalar], alpha: ParameterLayout.Factors<Scalar>, beta: ParameterLayout.Factors<Scalar>,
      into result: inout [Scalar]
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
      let incoming = Self.select(trunkWork, rows, width: positions.width, using: &selectedWork)
      RowKernels.addDots(head.inputCotangents.view, incoming.view, into: &result)
    }

    public mutating func rowGram(into gram: inout Linearizations.RowGram<Scalar>) {
      if isTrunkTrained { return explicitRowGram(into: &gram) }
      gram.reset(rows: headPoint.rows)
      head.addRowGram(of: cotangents, at: headPoint, into: &gram)
    }

    public mutating func rowSquaredNorms(into result: inout [Scalar]) {
      result.fill(with: 0)
      head.addRowSquaredNorms(of: cotangents, at: headPoint, into: &result)
      if isTrunkTrained { addTrunkSquaredNorms(&result) }
    }

    public mutating func kroneckerPairs() -> [Linearizations.KroneckerPair<Scalar>] {
      var pairs: [Linearizations.KroneckerPair<Scalar>] = []
      if isTrunkTrained {
        prepareTrunk(nil)
        trunk?.addKroneckerPairs(of: trunkWork, at: trunkPoint, to: &pairs)
      }
      head.addKroneckerPairs(of: cotangents, at: headPoint, to: &pairs)
      return pairs
    }

    public var costs: Linearizations.Costs {
      let (trained, forward) = head.costs(rows: headPoint.rows, toInput: isTrunkTrained)
      var costs = Linearizations.Costs()
      costs.forward = forward + (trunk?.costs(rows: trunkPoint.rows).forward ?? 0)
      costs.pushforward = trained.input + trained.parameters
      costs.backpropagation = trained.input
      costs.rowPullback = trained.parameters
      costs.rowProducts = trained.parameters
      costs.rowGram = trained.rowGram
      costs.rowGramBytes = trained.rowGramBytes
      costs.rowSquaredNorms = trained.rowSquaredNorms
      guard isTrunkTrained, let inner = trunk?.costs(rows: trunkPoint.rows).trained else { return costs }
      let product = inner.input + inner.parameters
      costs.pushforward += product
      costs.rowPullback += product
      costs.rowProducts += product
      addExplicitRows(to: &costs, rows: headPoint.rows)
      costs.rowSquaredNorms = trained.rowSquaredNorms + Double(passes.count) * (inner.input + inner.rowSquaredNorms)
      return costs
    }

    public mutating func releaseCotangents() { cotangents = Matrix(rows: 0, columns: 0) }

    public mutating func release() {
      releaseCotangents()
      let nothing = Layers.Point<Scalar>(input: Matrix(rows: 0, columns: 0), values: [])
      trunkPoint = nothing
      headPoint = nothing
    }

    /// The trunk's part of a pullback: cotangents of the rows, weighted, go back to their positions and on from there.
    private mutating func trunkPullback(
      _ rowWeights: [Scalar]?, _ alpha: ParameterLayout.Factors<Scalar>, _ beta: ParameterLayout.Factors<Scalar>,
      _ result: inout [Scalar]
    ) {
      prepareTrunk(rowWeights)
      trunk?.parameterPullback(trunkWork, rowWeights: nil, alpha: alpha, beta: beta, at: trunkPoint, into: &result)
    }

    /// Takes the head's cotangents, weighted, back through the trunk.
    private mutating func prepareTrunk(_ rowWeights: [Scalar]?) {
      guard let positions else { return }
      trunkWork.reshape(rows: trunkPoint.rows * positions.count, columns: positions.width)
      RowKernels.scatter(head.inputCotangents.view, weights: rowWeights, to: rows, into: &trunkWork)
      trunkWork.reshape(rows: trunkPoint.rows, columns: positions.count * positions.width)
      trunk?.prepare(trunkWork, at: trunkPoint, needsInput: false)
    }

    /// The trunk's part of the squared norms. The rows of one pass are of different examples, so that the norms of the
    /// examples' gradients are theirs: as many passes through the trunk as an example has rows.
    private mutating func addTrunkSquaredNorms(_ result: inout [Scalar]) {
      guard let positions else { return }
      var weights = [Scalar](repeating: 0, count: headPoint.rows)
      var norms = [Scalar](repeating: 0, count: trunkPoint.rows)
      for pass in passes {
        for row in pass { weights[row] = 1 }
        prepareTrunk(weights)
        norms.fill(with: 0)
        trunk?.addRowSquaredNorms(of: trunkWork, at: trunkPoint, into: &norms)
        for row in pass {
          weights[row] = 0
          result[row] += norms[number(row) / positions.count]
        }
      }
    }

    /// Which of the B T rows a row is.
    private func number(_ row: Int) -> Int { rows.map { Int($0[row]) } ?? row }

    private mutating func findPasses(_ positions: Int) {
      passes = []
      var (example, count) = (-1, 0)
      for row in 0..<headPoint.rows {
        let own = number(row) / positions
        count = own == example ? count + 1 : 0
        example = own
        if count == passes.count { passes.append([]) }
        passes[count].append(row)
      }
    }

    /// The rows [R, width] of all positions [B, T * width]; where those are all, the same memory.
    private static func select(
      _ all: Matrix<Scalar>, _ rows: [Int32]?, width: Int, using buffer: inout Matrix<Scalar>
    ) -> Matrix<Scalar> {
      let count = all.elements.count / width
      guard let rows else { return Matrix(rows: count, columns: width, elements: all.elements) }
      RowKernels.gather(MatrixView(all.elements, rows: count, columns: width), rows, into: &buffer)
      return buffer
    }
  }
}
