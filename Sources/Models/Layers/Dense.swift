import LinearAlgebra

extension Layers {
  /// y = x W^T + b with weight [out, in] and bias [out], as PyTorch's nn.Linear; on [T, in] at each position alike.
  public struct Dense: Layer {
    public var type: String { "dense" }
    public var width: Int
    public var hasBias: Bool
    public var initialization: Layers.Initializer.Name

    /// - Parameters:
    ///   - width: outputs, at least 1.
    ///   - initialization: of the weight; the bias starts at zero.
    public init(_ width: Int, bias: Bool = true, initialization: Layers.Initializer.Name = .heNormal) {
      self.width = width
      hasBias = bias
      self.initialization = initialization
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard input.count <= 2 else {
        throw Layers.Failure("expected [n] or [positions, n], got \(input): put a flatten layer before")
      }
      guard width >= 1 else { throw Layers.Failure("expected a width of at least 1, got \(width)") }
      return input.dropLast() + [width]
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      let fanIn = input[input.count - 1]
      let weight = Layers.ParameterSpec(
        "weight", shape: [width, fanIn], isPenalised: true,
        initializer: initialization.initializer(fanIn: fanIn, fanOut: width))
      return hasBias ? [weight, Layers.ParameterSpec("bias", shape: [width], isPenalised: false)] : [weight]
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { DenseLinearization(self, at: site) }
  }
}

/// A dense layer on one batch. Products are BLAS calls on the rows, or on all their positions at once.
struct DenseLinearization<Scalar: RealScalar>: LayerLinearization {
  let slices: [ParameterLayout.Slice]
  private let inputWidth: Int
  private let width: Int
  /// T: rows of the product for each row of the batch.
  private let positions: Int
  private var workspace = Products.Workspace<Scalar>()
  private var scaled = Matrix<Scalar>(rows: 0, columns: 0)
  private var positionGram: PositionGram<Scalar>
  private var product = Matrix<Scalar>(rows: 0, columns: 0)
  private var rowWorkspace = Products.RowWorkspace<Scalar>()

  init(_ layer: Layers.Dense, at site: Layers.Site) {
    slices = site.slices
    inputWidth = site.input[site.input.count - 1]
    width = layer.width
    positions = site.input.dropLast().reduce(1, *)
    positionGram = PositionGram(positions: positions, inputs: inputWidth, outputs: width, layout: .positionsFirst)
  }

  private var weight: ParameterLayout.Slice { slices[0] }
  private var bias: ParameterLayout.Slice? { slices.count > 1 ? slices[1] : nil }

  /// [rows * T, n].
  private func flat(_ x: Matrix<Scalar>, _ columns: Int) -> MatrixView<Scalar> {
    MatrixView(x.elements, rows: x.rows * positions, columns: columns)
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    affine(point.values, point.input, beta: 0, into: &output)
  }

  /// output = x W^T + b + beta output with the parameters in `values`.
  private mutating func affine(
    _ values: [Scalar], _ x: Matrix<Scalar>, beta: Scalar, into output: inout Matrix<Scalar>
  ) {
    output.reshape(rows: x.rows * positions, columns: width)
    var beta = beta
    if let bias {
      let row = MatrixView(values, offset: bias.offset, rows: 1, columns: width)
      if beta == 0 { RowKernels.fill(&output, with: row) } else { RowKernels.add(row, to: &output) }
      beta = 1
    }
    Products.timesTransposed(
      flat(x, inputWidth), MatrixView(values, offset: weight.offset, rows: width, columns: inputWidth), beta: beta,
      into: &output, using: &workspace)
    output.reshape(rows: x.rows, columns: positions * width)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    if let inputTangent {
      result.reshape(rows: point.rows * positions, columns: width)
      Products.timesTransposed(
        flat(inputTangent, inputWidth),
        MatrixView(point.values, offset: weight.offset, rows: width, columns: inputWidth), into: &result,
        using: &workspace)
    }
    if let tangent { affine(tangent, point.input, beta: inputTangent == nil ? 0 : 1, into: &result) }
    result.reshape(rows: point.rows, columns: positions * width)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    result.reshape(rows: point.rows * positions, columns: inputWidth)
    Products.times(
      flat(cotangents, width), MatrixView(point.values, offset: weight.offset, rows: width, columns: inputWidth),
      into: &result)
    result.reshape(rows: point.rows, columns: positions * inputWidth)
  }

  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    // The weights scale whichever of the two factors is smaller; the cotangents where an example has several positions,
    // since the sums for the bias need them then.
    var (a, x) = (flat(cotangents, width), flat(point.input, inputWidth))
    var sumWeights = rowWeights
    if let rowWeights {
      let scalesInput = positions == 1 && inputWidth <= width
      let factor = scalesInput ? point.input.view : cotangents.view
      scaled.reshape(rows: factor.rows, columns: factor.columns)
      RowKernels.scale(factor, by: rowWeights, into: &scaled)
      if scalesInput {
        x = scaled.view
      } else {
        a = flat(scaled, width)
        sumWeights = nil
      }
    }
    Products.transposedTimes(a, x, alpha: alpha[weight], beta: beta[weight], into: &result, at: weight.offset)
    if let bias {
      RowKernels.columnSums(
        a, weights: sumWeights, alpha: alpha[bias], beta: beta[bias], into: &result, at: bias.offset)
    }
  }

  /// One product and no tangent of the input: half of a pushforward.
  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    if width >= Products.rowProductOutputs && positions == 1 {
      return Products.addRowProducts(
        point.input.view, MatrixView(tangent, offset: weight.offset, rows: width, columns: inputWidth),
        bias: bias.map { MatrixView(tangent, offset: $0.offset, rows: 1, columns: width) }, cotangents.view,
        into: &result, using: &rowWorkspace)
    }
    var image = exchange(&product, with: Matrix(rows: 0, columns: 0))
    affine(tangent, point.input, beta: 0, into: &image)
    RowKernels.addDots(cotangents.view, image.view, into: &result)
    product = image
  }

  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    if positions == 1 {
      gram.addDense(cotangents.view, point.input.view, inputGram: point.inputGram, weight: weight, bias: bias)
    } else {
      let (weight, bias) = (weight, bias)
      positionGram.add(cotangents, point.input, weight: weight, bias: bias, into: &gram)
    }
  }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    let hasBias = bias != nil
    guard positions == 1 else {
      return positionGram.addSquaredNorms(cotangents, point.input, hasBias: hasBias, into: &result)
    }
    var (a, x) = ([Scalar](repeating: 0, count: point.rows), [Scalar](repeating: hasBias ? 1 : 0, count: point.rows))
    RowKernels.dots(cotangents.view, cotangents.view, into: &a)
    RowKernels.addDots(point.input.view, point.input.view, into: &x)
    RowKernels.addProducts(a, x, into: &result)
  }

  func addKroneckerPairs(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>,
    to pairs: inout [Linearizations.KroneckerPair<Scalar>]
  ) {
    pairs.append(
      Linearizations.KroneckerPair(
        weight: weight, bias: bias, input: flat(point.input, inputWidth), cotangents: flat(cotangents, width),
        positions: positions))
  }

  func costs(rows: Int) -> Layers.Costs {
    let product = 2 * Double(rows * positions) * Double(inputWidth) * Double(width)
    guard positions == 1 else {
      return Layers.Costs(input: product, parameters: product) + positionGram.costs(rows: rows)
    }
    return Layers.Costs(
      input: product, parameters: product, rowGram: Double(rows) * Double(rows) * Double(inputWidth + width),
      rowSquaredNorms: 2 * Double(rows) * Double(inputWidth + width))
  }
}
