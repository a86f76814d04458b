import LinearAlgebra

/// Layers one after the other on one batch: what a network, and a layer made of layers, is made of.
///
/// Keeps the activations between the layers and the cotangents carried back: all that grows with the batch.
package struct LayerStack<Scalar: RealScalar>: Sendable {
  private var layers: [any LayerLinearization<Scalar>] = []
  private let isTrainable: [Bool]
  /// Below it nothing is trained: only the forward pass goes there.
  private let firstTrainable: Int
  /// Outputs of all layers but the last, whose output belongs to the caller.
  private var activations: [Matrix<Scalar>]
  /// Cotangents of the same.
  private var cotangents: [Matrix<Scalar>]
  /// Cotangents of the stack's input, after `prepare` that asked for them.
  package private(set) var inputCotangents = Matrix<Scalar>(rows: 0, columns: 0)
  private var tangents = [Matrix<Scalar>](repeating: Matrix(rows: 0, columns: 0), count: 2)

  /// The layers of `site`, whose slices are theirs in order. The layers must fit: see `shapes`. Numbers in paths begin
  /// with `first`.
  package init(_ descriptions: [any Layer], at site: Layers.Site, numberedFrom first: Int = 0) {
    var shape = site.input
    var next = 0
    for (number, layer) in zip(first..., descriptions) {
      let count = layer.parameters(for: shape).count
      let path = site.path.isEmpty ? "\(number)" : "\(site.path).\(number)"
      let own = Layers.Site(path: path, input: shape, slices: Array(site.slices[next..<next + count]))
      layers.append(layer.makeLinearization(at: own, as: Scalar.self))
      next += count
      guard let output = try? layer.outputShape(for: shape) else { preconditionFailure("layer \(path) does not fit") }
      shape = output
    }
    isTrainable = layers.map { layer in layer.slices.contains { !$0.isFrozen } }
    firstTrainable = isTrainable.firstIndex(of: true) ?? layers.count
    activations = [Matrix](repeating: Matrix(rows: 0, columns: 0), count: max(0, layers.count - 1))
    cotangents = activations
  }

  package var slices: [ParameterLayout.Slice] { layers.flatMap(\.slices) }
  package var trainableLayers: Int { isTrainable.count { $0 } }

  package mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    for i in layers.indices {
      let local = self.point(i, point)
      if i == layers.count - 1 {
        layers[i].forward(at: local, into: &output)
      } else {
        layers[i].forward(at: local, into: &activations[i])
      }
    }
  }

  /// As a layer's `pushforward`.
  package mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    let first = inputTangent == nil ? firstTrainable : 0
    for i in first..<layers.count {
      let local = self.point(i, point)
      let incoming = i == first ? inputTangent : tangents[(i + 1) % 2]
      let own = isTrainable[i] ? tangent : nil
      if i == layers.count - 1 {
        layers[i].pushforward(incoming, own, at: local, into: &result)
      } else {
        layers[i].pushforward(incoming, own, at: local, into: &tangents[i % 2])
      }
    }
  }

  /// Carries cotangents of the output back, as far as something is trained, or to the input if that is asked for.
  package mutating func prepare(
    _ output: Matrix<Scalar>, at point: Layers.Point<Scalar>, needsInput: Bool
  ) {
    let last = needsInput ? 0 : firstTrainable
    for i in stride(from: layers.count - 1, through: last, by: -1) {
      let local = self.point(i, point)
      let incoming = i == layers.count - 1 ? output : cotangents[i]
      layers[i].prepare(incoming, at: local)
      if i == 0 {
        if needsInput { layers[i].pullback(incoming, at: local, into: &inputCotangents) }
      } else if i > last {
        layers[i].pullback(incoming, at: local, into: &cotangents[i - 1])
      }
    }
  }

  /// As a layer's `parameterPullback`, after `prepare`.
  package mutating func parameterPullback(
    _ output: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    for i in layers.indices where isTrainable[i] {
      layers[i].parameterPullback(
        self.cotangents(i, output), rowWeights: rowWeights, alpha: alpha, beta: beta, at: self.point(i, point),
        into: &result)
    }
  }

  /// As a layer's `addRowProducts`, after `prepare`: no tangent passes from layer to layer.
  package mutating func addRowProducts(
    _ tangent: [Scalar], _ output: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    for i in layers.indices where isTrainable[i] {
      layers[i].addRowProducts(tangent, self.cotangents(i, output), at: self.point(i, point), into: &result)
    }
  }

  /// As a layer's `addRowGram`, after `prepare`.
  package mutating func addRowGram(
    of output: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    for i in layers.indices where isTrainable[i] {
      layers[i].addRowGram(of: self.cotangents(i, output), at: self.point(i, point), into: &gram)
    }
  }

  /// As a layer's `addRowSquaredNorms`, after `prepare`.
  package mutating func addRowSquaredNorms(
    of output: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    for i in layers.indices where isTrainable[i] {
      layers[i].addRowSquaredNorms(of: self.cotangents(i, output), at: self.point(i, point), into: &result)
    }
  }

  /// As a layer's `addKroneckerPairs`, after `prepare`.
  package func addKroneckerPairs(
    of output: Matrix<Scalar>, at point: Layers.Point<Scalar>, to pairs: inout [Linearizations.KroneckerPair<Scalar>]
  ) {
    for i in layers.indices where isTrainable[i] {
      layers[i].addKroneckerPairs(of: self.cotangents(i, output), at: self.point(i, point), to: &pairs)
    }
  }

  /// The sum over the layers that training touches, or over all if cotangents are carried to the input; `forward`
  /// counts all.
  package func costs(rows: Int, toInput: Bool = false) -> (trained: Layers.Costs, forward: Double) {
    var (total, forward) = (Layers.Costs(), 0.0)
    for i in layers.indices {
      var costs = layers[i].costs(rows: rows)
      forward += costs.input
      if !isTrainable[i] { costs = Layers.Costs(input: costs.input, inner: costs.inner) }
      if !toInput {
        if i < firstTrainable { continue }
        if i == firstTrainable { costs.input = costs.inner }
      }
      total = total + costs
    }
    return (total, forward)
  }

  private func point(_ i: Int, _ point: Layers.Point<Scalar>) -> Layers.Point<Scalar> {
    if i == 0 { return point }
    return Layers.Point(input: activations[i - 1], values: point.values, dropoutSeed: point.dropoutSeed)
  }

  private func cotangents(_ i: Int, _ output: Matrix<Scalar>) -> Matrix<Scalar> {
    i == layers.count - 1 ? output : cotangents[i]
  }
}

extension LayerStack {
  /// The shapes before, between and after the layers.
  /// - Throws: `Layers.Failure` that names the layer that does not fit.
  package static func shapes(_ layers: [any Layer], input: [Int], path: String = "") throws(Layers.Failure) -> [[Int]] {
    guard !layers.isEmpty else { throw Layers.Failure("expected at least one layer, got none") }
    var shapes = [input]
    for (number, layer) in layers.enumerated() {
      do {
        shapes.append(try layer.outputShape(for: shapes[number]))
      } catch {
        throw error.at(path.isEmpty ? "\(number)" : "\(path).\(number)", layer.type)
      }
    }
    return shapes
  }

  /// The layers' parameters, named under their numbers. The layers must fit.
  package static func parameters(_ layers: [any Layer], input: [Int]) -> [Layers.ParameterSpec] {
    guard let shapes = try? shapes(layers, input: input) else { preconditionFailure("the layers do not fit") }
    return zip(layers, shapes).enumerated().flatMap { number, pair in
      pair.0.parameters(for: pair.1).map { $0.under("\(number)") }
    }
  }
}
