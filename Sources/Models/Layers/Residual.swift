import LinearAlgebra

extension Layers {
  /// y = shortcut(x) + body(x), each some layers one after the other; without a shortcut x itself is added (He et al.
  /// 2015, arXiv 1512.03385).
  ///
  /// Parameters are named "body.0.weight", "shortcut.0.weight". Products cost what those of the layers cost, and their
  /// row Grams add up.
  public struct Residual: Layer, CompositeLayer {
    public var type: String { "residual" }
    public var body: [any Layer]
    public var shortcut: [any Layer]

    /// - Parameter shortcut: none for the identity.
    public init(_ body: [any Layer], shortcut: [any Layer] = []) {
      self.body = body
      self.shortcut = shortcut
    }

    /// The two branches by name; the identity is none.
    public var branches: [(name: String, layers: [any Layer])] {
      shortcut.isEmpty ? [("body", body)] : [("body", body), ("shortcut", shortcut)]
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      var outputs: [[Int]] = []
      for (name, layers) in branches {
        for (number, layer) in layers.enumerated() where Self.isPositions(layer) {
          throw Layers.Failure("expected it at the top level of the network, got it inside a residual layer")
            .at("\(name).\(number)", layer.type)
        }
        let shapes = try LayerStack<Float>.shapes(layers, input: input, path: name)
        outputs.append(shapes[layers.count])
      }
      let added = outputs.count > 1 ? outputs[1] : input
      guard outputs[0] == added else {
        throw Layers.Failure(
          "expected the same shape from the body and \(shortcut.isEmpty ? "the input" : "the shortcut"), got "
            + "\(outputs[0]) and \(added)")
      }
      return added
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      branches.flatMap { name, layers in
        LayerStack<Float>.parameters(layers, input: input).map { $0.under(name) }
      }
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { ResidualLinearization(self, at: site) }

    public func checkTrainable() throws(Layers.Failure) {
      for (name, layers) in branches {
        for (number, layer) in layers.enumerated() {
          do { try layer.checkTrainable() } catch { throw error.at("\(name).\(number)", layer.type) }
        }
      }
    }

    private static func isPositions(_ layer: any Layer) -> Bool {
      if let frozen = layer as? Layers.Frozen { return isPositions(frozen.layer) }
      return layer is Layers.Positions
    }
  }
}

/// A residual layer on one batch. `prepare` carries cotangents back through both branches.
struct ResidualLinearization<Scalar: RealScalar>: LayerLinearization {
  let slices: [ParameterLayout.Slice]
  private let outputWidth: Int
  private var body: LayerStack<Scalar>
  private var shortcut: LayerStack<Scalar>?
  /// What the shortcut makes.
  private var added = Matrix<Scalar>(rows: 0, columns: 0)

  init(_ layer: Layers.Residual, at site: Layers.Site) {
    slices = site.slices
    guard let output = try? layer.outputShape(for: site.input) else {
      preconditionFailure("layer \(site.path) does not fit")
    }
    outputWidth = output.reduce(1, *)
    let split = LayerStack<Scalar>.parameters(layer.body, input: site.input).count
    func branch(_ name: String, _ slices: ArraySlice<ParameterLayout.Slice>) -> Layers.Site {
      Layers.Site(
        path: site.path.isEmpty ? name : "\(site.path).\(name)", input: site.input, slices: Array(slices))
    }
    body = LayerStack(layer.body, at: branch("body", slices[..<split]))
    if !layer.shortcut.isEmpty { shortcut = LayerStack(layer.shortcut, at: branch("shortcut", slices[split...])) }
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    body.forward(at: point, into: &output)
    shortcut?.forward(at: point, into: &added)
    output.combine(1, shortcut == nil ? point.input : added)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    // A branch without tangents does not move.
    let (bodyMoves, shortcutMoves) = (moves(body, inputTangent, tangent), moves(shortcut, inputTangent, tangent))
    if bodyMoves {
      body.pushforward(inputTangent, tangent, at: point, into: &result)
    } else {
      result.reshape(rows: point.rows, columns: outputWidth)
      result.clear()
    }
    if shortcutMoves {
      shortcut?.pushforward(inputTangent, tangent, at: point, into: &added)
      result.combine(1, added)
    } else if let inputTangent {
      result.combine(1, inputTangent)
    }
  }

  private func moves(_ branch: LayerStack<Scalar>?, _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?) -> Bool {
    guard let branch else { return false }
    return inputTangent != nil || (tangent != nil && branch.trainableLayers > 0)
  }

  mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>) {
    body.prepare(cotangents, at: point, needsInput: true)
    shortcut?.prepare(cotangents, at: point, needsInput: true)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    result.copy(body.inputCotangents)
    result.combine(1, shortcut?.inputCotangents ?? cotangents)
  }

  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    body.parameterPullback(
      cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: point, into: &result)
    shortcut?.parameterPullback(
      cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: point, into: &result)
  }

  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    body.addRowProducts(tangent, cotangents, at: point, into: &result)
    shortcut?.addRowProducts(tangent, cotangents, at: point, into: &result)
  }

  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    body.addRowGram(of: cotangents, at: point, into: &gram)
    shortcut?.addRowGram(of: cotangents, at: point, into: &gram)
  }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    body.addRowSquaredNorms(of: cotangents, at: point, into: &result)
    shortcut?.addRowSquaredNorms(of: cotangents, at: point, into: &result)
  }

  func addKroneckerPairs(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>,
    to pairs: inout [Linearizations.KroneckerPair<Scalar>]
  ) {
    body.addKroneckerPairs(of: cotangents, at: point, to: &pairs)
    shortcut?.addKroneckerPairs(of: cotangents, at: point, to: &pairs)
  }

  func costs(rows: Int) -> Layers.Costs {
    var costs = Layers.Costs(input: Double(rows * outputWidth))
    for branch in [body, shortcut].compactMap({ $0 }) {
      // Products with J_x go through all layers, whatever is trained in them, and so do cotangents in `prepare`.
      var (trained, forward) = branch.costs(rows: rows)
      (trained.input, trained.inner) = (forward, forward)
      costs = costs + trained
    }
    return costs
  }
}
