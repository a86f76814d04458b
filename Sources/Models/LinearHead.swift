import LinearAlgebra

/// The linear softmax head: z = x W^T + b with weight W [C, D] and bias b [C], as PyTorch's nn.Linear has them.
///
/// Its Jacobian needs nothing but the features: J J^T = (X X^T + 1) x I_C. P = C (D + 1), with a bias. Features may be
/// sparse: products then cost their entries, and memory is theirs and the parameters'.
public struct LinearHead<Scalar: RealScalar>: Model {
  public let inputWidth: Int
  public let outputWidth: Int
  public let hasIntercept: Bool
  public let layout: ParameterLayout

  /// Parameters start at zero: the objective is convex.
  ///
  /// - Parameters:
  ///   - features: D, at least 1.
  ///   - classes: C, at least 1: 1 for a regression.
  ///   - intercept: whether there is a bias.
  public init(features: Int, classes: Int, intercept: Bool = true) {
    precondition(features >= 1 && classes >= 1, "a head needs features and outputs, got \(features), \(classes)")
    inputWidth = features
    outputWidth = classes
    hasIntercept = intercept
    var layout = ParameterLayout()
    layout.append("weight", shape: [classes, features], isPenalised: true)
    if intercept { layout.append("bias", shape: [classes], isPenalised: false) }
    self.layout = layout
  }

  public var usesFeatureGram: Bool { true }
  public var takesSparseFeatures: Bool { true }

  public func makeLinearization() -> Linearizations.OfHead<Scalar> { Linearizations.OfHead(head: self) }
}

extension Linearizations {
  /// A linear head on one batch; J does not depend on the parameters.
  public struct OfHead<Scalar: RealScalar>: Linearization {
    let head: LinearHead<Scalar>
    public var cotangents = Matrix<Scalar>(rows: 0, columns: 0)
    private var inputs = Inputs<Scalar>(Matrix(rows: 0, columns: 0))
    private var product = Matrix<Scalar>(rows: 0, columns: 0)
    private var rowWorkspace = Products.RowWorkspace<Scalar>()
    private var scaled = Matrix<Scalar>(rows: 0, columns: 0)
    private var innerGram = Matrix<Scalar>(rows: 0, columns: 0)
    private var ones = Matrix<Scalar>(rows: 0, columns: 0)
    private var workspace = Gram.Workspace<Scalar>()
    private var productWorkspace = Products.Workspace<Scalar>()
    private var sparseWorkspace = SparseProducts.Workspace<Scalar>()
    private var sparseGramWorkspace = SparseProducts.GramWorkspace<Scalar>()

    init(head: LinearHead<Scalar>) { self.head = head }

    public var layout: ParameterLayout { head.layout }
    private var rows: Int { inputs.features.rows }
    private var sparse: SparseMatrix<Scalar>? {
      if case .sparse(let matrix) = inputs.features { return matrix }
      return nil
    }
    private var weight: ParameterLayout.Slice { head.layout.slices[0] }
    private var bias: ParameterLayout.Slice? { head.hasIntercept ? head.layout.slices[1] : nil }

    public mutating func linearize(
      at parameters: Parameters<Scalar>, inputs: Inputs<Scalar>, outputs: inout Matrix<Scalar>
    ) {
      precondition(
        inputs.features.columns == head.inputWidth,
        "the head takes \(head.inputWidth) features, the batch has \(inputs.features.columns)")
      precondition(parameters.values.count == head.layout.count, "the head has \(head.layout.count) parameters")
      releaseCotangents()
      self.inputs = inputs
      outputs.reshape(rows: inputs.features.rows, columns: head.outputWidth)
      pushforward(parameters.values, into: &outputs)
    }

    /// 2 B C D flops, 2 n C of n entries. The outputs are the pushforward of the parameters themselves.
    public mutating func pushforward(_ tangent: [Scalar], into result: inout Matrix<Scalar>) {
      let (classes, width) = (head.outputWidth, head.inputWidth)
      if let bias {
        RowKernels.fill(&result, with: MatrixView(tangent, offset: bias.offset, rows: 1, columns: classes))
      }
      let (weight, beta) = (MatrixView(tangent, rows: classes, columns: width), Scalar(bias == nil ? 0 : 1))
      if let x = sparse {
        SparseProducts.timesTransposed(
          x, rows: 0..<rows, weight, beta: beta, into: &result, using: &sparseWorkspace)
      } else {
        Products.timesTransposed(inputs.dense.view, weight, beta: beta, into: &result, using: &productWorkspace)
      }
    }

    /// 2 B C D flops, and B min(C, D) for the weights, which scale whichever of the two factors is smaller.
    public mutating func pullback(
      _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
      beta: ParameterLayout.Factors<Scalar>,
      into result: inout [Scalar]
    ) {
      let (sparse, scalesFeatures) = (sparse, head.inputWidth <= head.outputWidth)
      if let rowWeights {
        let factor = sparse == nil && scalesFeatures ? inputs.dense.view : cotangents.view
        scaled.reshape(rows: factor.rows, columns: factor.columns)
        RowKernels.scale(factor, by: rowWeights, into: &scaled)
      }
      let scalesCotangents = rowWeights != nil && (sparse != nil || !scalesFeatures)
      let a = scalesCotangents ? scaled.view : cotangents.view
      if let sparse {
        SparseProducts.transposedTimes(
          a, sparse, rows: 0..<rows, alpha: alpha[weight], beta: beta[weight], into: &result, using: &sparseWorkspace)
      } else {
        let x = rowWeights != nil && scalesFeatures ? scaled.view : inputs.dense.view
        Products.transposedTimes(a, x, alpha: alpha[weight], beta: beta[weight], into: &result)
      }
      if let bias {
        RowKernels.columnSums(
          cotangents.view, weights: rowWeights, alpha: alpha[bias], beta: beta[bias], into: &result, at: bias.offset)
      }
    }

    public mutating func rowProducts(_ tangent: [Scalar], into result: inout [Scalar]) {
      if head.outputWidth >= Products.rowProductOutputs, sparse == nil {
        result.fill(with: 0)
        return Products.addRowProducts(
          inputs.dense.view, MatrixView(tangent, rows: head.outputWidth, columns: head.inputWidth),
          bias: bias.map { MatrixView(tangent, offset: $0.offset, rows: 1, columns: head.outputWidth) },
          cotangents.view,
          into: &result, using: &rowWorkspace)
      }
      var image = exchange(&product, with: Matrix(rows: 0, columns: 0))
      image.reshape(rows: rows, columns: head.outputWidth)
      pushforward(tangent, into: &image)
      RowKernels.dots(cotangents.view, image.view, into: &result)
      product = image
    }

    /// (a_i . a_j)(x_i . x_j) and (a_i . a_j): B^2 (C + D) flops, B^2 C when X X^T is known.
    public mutating func rowGram(into gram: inout Linearizations.RowGram<Scalar>) {
      gram.reset(rows: rows)
      if sparse == nil {
        gram.addDense(cotangents.view, inputs.dense.view, inputGram: inputs.gram, weight: weight, bias: bias)
      } else {
        gram.addDense(cotangents.view, nil, inputGram: featureGram(), weight: weight, bias: bias)
      }
    }

    /// |a_i|^2 (|x_i|^2 + 1).
    public mutating func rowSquaredNorms(into result: inout [Scalar]) {
      var a = [Scalar](repeating: 0, count: rows)
      var x = [Scalar](repeating: bias == nil ? 0 : 1, count: rows)
      RowKernels.dots(cotangents.view, cotangents.view, into: &a)
      if let sparse {
        SparseProducts.addSquaredNorms(sparse, rows: 0..<rows, into: &x)
      } else {
        RowKernels.addDots(inputs.dense.view, inputs.dense.view, into: &x)
      }
      result.fill(with: 0)
      RowKernels.addProducts(a, x, into: &result)
    }

    /// None for sparse features: a factor would be D x D.
    public mutating func kroneckerPairs() -> [Linearizations.KroneckerPair<Scalar>] {
      guard sparse == nil else { return [] }
      return [
        Linearizations.KroneckerPair(weight: weight, bias: bias, input: inputs.dense.view, cotangents: cotangents.view)
      ]
    }

    public var isIsotropic: Bool { true }

    public mutating func sharedGram(metric: ParameterLayout.Factors<Scalar>, into result: inout Matrix<Scalar>) -> Bool
    {
      result.reshape(rows: rows, columns: rows)
      ones.reshape(rows: rows, columns: rows)
      ones.fill(with: 1)
      Gram.combine(metric[weight], featureGram(), bias.map { metric[$0] } ?? 0, ones, into: &result)
      Gram.mirror(&result)
      return true
    }

    /// X X^T, lower triangle: the known one, or computed now.
    private mutating func featureGram() -> Matrix<Scalar> {
      if let known = inputs.gram { return known }
      innerGram.reshape(rows: rows, columns: rows)
      if let sparse {
        SparseProducts.lowerGram(sparse, rows: 0..<rows, into: &innerGram, using: &sparseGramWorkspace)
      } else {
        Gram.lower(inputs.dense.view, into: &innerGram, using: &workspace)
      }
      return innerGram
    }

    /// Turns flops of sparse products into those of a dense product.
    private static var sparsePenalty: Double { 8 }

    public var costs: Linearizations.Costs {
      let (count, width, classes) = (Double(rows), Double(head.inputWidth), Double(head.outputWidth))
      // Entries come from anywhere in memory: their flops are slower ones. A pullback also writes every parameter.
      let entries = sparse.map { Self.sparsePenalty * Double($0.entryCount) }
      let product = 2 * (entries ?? count * width) * classes
      let inner = inputs.gram == nil ? count * (entries ?? count * width) : 0
      var costs = Linearizations.Costs()
      costs.forward = product
      costs.pushforward = product
      costs.rowPullback = product + (entries == nil ? 0 : Self.sparsePenalty * width * classes)
      costs.rowProducts = product
      costs.rowGram = count * count * classes + inner
      costs.rowSquaredNorms = 2 * ((entries ?? count * width) + count * classes)
      costs.sharedGram = inner
      return costs
    }

    public mutating func release() {
      releaseCotangents()
      inputs = Inputs(Matrix(rows: 0, columns: 0))
    }
  }
}
