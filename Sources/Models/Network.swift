import LinearAlgebra

/// What a network is made of: the shape of one example and layers one after the other.
public struct Architecture: Sendable {
  /// [n], [C, H, W] or [T, ...]: how the D features of an example are read.
  public var input: [Int]
  public var layers: [any Layer]

  public init(input: [Int], layers: [any Layer]) {
    self.input = input
    self.layers = layers
  }

  /// A multilayer perceptron: dense layers of these widths, the input's first, with `activation` between them.
  ///
  /// He's initialisation is for ReLU and its like, Glorot's for tanh and sigmoid.
  public static func mlp(
    _ widths: [Int], activation: some Layer, initialization: Layers.Initializer.Name = .heNormal
  ) -> Architecture {
    precondition(widths.count >= 2, "a perceptron has an input and an output width, got \(widths)")
    var layers: [any Layer] = []
    for width in widths.dropFirst() {
      if !layers.isEmpty { layers.append(activation) }
      layers.append(Layers.Dense(width, initialization: initialization))
    }
    return Architecture(input: [widths[0]], layers: layers)
  }
}

/// A model made of layers.
///
/// Rows of outputs are examples, or positions where the architecture has a `Layers.Positions` layer. A trunk of frozen
/// layers costs its forward pass and nothing else.
public struct Network<Scalar: RealScalar>: Model {
  public let architecture: Architecture
  public let layout: ParameterLayout
  public let inputWidth: Int
  public let outputWidth: Int
  public let rowsPerExample: Int
  public let layerCount: Int
  /// Number of the `Layers.Positions` layer.
  let split: Int?
  /// Shapes before, between and after the layers.
  let shapes: [[Int]]

  /// - Throws: `Layers.Failure` that names the layer that does not fit its input, and why.
  public init(_ architecture: Architecture) throws(Layers.Failure) {
    let layers = architecture.layers
    guard !architecture.input.isEmpty, architecture.input.allSatisfy({ $0 >= 1 }) else {
      throw Layers.Failure("expected an input shape of positive sizes, got \(architecture.input)")
    }
    self.architecture = architecture
    shapes = try LayerStack<Scalar>.shapes(layers, input: architecture.input)
    try Self.checkPlaces(layers)
    inputWidth = architecture.input.reduce(1, *)
    split = layers.firstIndex { $0 is Layers.Positions }
    rowsPerExample = if let split { shapes[split][0] } else { 1 }
    let output = shapes[layers.count]
    guard output.count == 1, output[0] >= 1 else {
      throw Layers.Failure(
        "the network's output must be [classes], or [numbers to predict]; it is \(output): flatten or pool before")
    }
    outputWidth = output[0]
    var layout = ParameterLayout()
    for spec in LayerStack<Scalar>.parameters(layers, input: architecture.input) {
      layout.append(
        spec.name, shape: spec.shape, isPenalised: spec.isPenalised, isFrozen: spec.isFrozen,
        initializer: spec.initializer)
    }
    self.layout = layout
    layerCount = max(1, layout.trainable.count(where: \.isPenalised))
  }

  /// Token numbers and positions belong to the network as a whole.
  private static func checkPlaces(_ layers: [any Layer]) throws(Layers.Failure) {
    for (number, layer) in layers.enumerated() {
      var message: String?
      if layer.takesTokens, number > 0 {
        message = "expected a first layer, got number \(number): only the network's input has token numbers"
      } else if layer is Layers.Positions, number == layers.count - 1 {
        message = "expected a layer after the positions, got none: put the layer that classifies behind them"
      } else {
        var inside = layer.parts
        while let part = inside.popLast() {
          if part is Layers.Positions {
            message = "expected positions at the top level of the network, got them inside"
          }
          if part.takesTokens, !layer.takesTokens {
            message = "expected \(part.type) to be the network's first layer, got it inside"
          }
          inside += part.parts
        }
      }
      if let message { throw Layers.Failure(message).at("\(number)", layer.type) }
    }
  }

  public var usesFeatureGram: Bool { architecture.input.count == 1 && architecture.layers[0] is Layers.Dense }

  public var activationsPerExample: Int {
    zip(shapes, 0...).reduce(0) { $0 + $1.0.reduce(1, *) * ($1.1 > split ?? .max ? rowsPerExample : 1) }
  }

  public func makeLinearization() -> Linearizations.OfNetwork<Scalar> { Linearizations.OfNetwork(self) }

  public func checkTrainable() throws(Layers.Failure) {
    for (number, layer) in architecture.layers.enumerated() {
      do { try layer.checkTrainable() } catch { throw error.at("\(number)", layer.type) }
    }
    guard layout.trainableCount > 0 else { throw Layers.Failure("the network has no parameters to train") }
  }

  public func checkFeatures(_ features: Matrix<Scalar>) throws(Layers.Failure) {
    let first = architecture.layers[0]
    do { try first.checkInput(features) } catch { throw error.at("0", first.type) }
  }
}
