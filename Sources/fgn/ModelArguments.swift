import ArgumentParser
import FastGaussNewton

/// Activations by name.
enum ActivationName: String, ExpressibleByArgument, CaseIterable {
  case relu
  case leakyReLU = "leaky_relu"
  case tanh, sigmoid, gelu, silu, softplus

  var layer: Activation {
    switch self {
    case .relu: Activation(.relu)
    case .leakyReLU: Activation(.leakyReLU(slope: 0.01))
    case .tanh: Activation(.tanh)
    case .sigmoid: Activation(.sigmoid)
    case .gelu: Activation(.gelu)
    case .silu: Activation(.silu)
    case .softplus: Activation(.softplus)
    }
  }

  var initialization: InitializerName {
    switch self {
    case .tanh, .sigmoid: .glorotUniform
    default: .heNormal
    }
  }
}

/// What is trained, and from where.
struct ModelArguments: ParsableArguments {
  @Option(
    help: """
      A perceptron by its widths, such as 16-128-64-26, or an architecture file, .json. A linear head without this \
      option.
      """)
  var model: String?

  @Option(help: "Between the layers of a perceptron: relu by default.")
  var activation: ActivationName?

  @Option(help: "Start from the parameters of this model file, .safetensors.")
  var initial: String?

  @Flag(help: "No bias, for a linear head.")
  var noIntercept = false

  func validate() throws {
    let isFile = model?.hasSuffix(".json") ?? true
    guard isFile || widths != nil else {
      throw ValidationError(
        "--model must be widths such as 16-128-64-26, two at least, or a .json file, got \(model ?? "").")
    }
    guard activation == nil || !isFile else {
      throw ValidationError("--activation goes with --model and widths: an architecture file says its own.")
    }
    guard !noIntercept || model == nil && initial == nil else {
      throw ValidationError("--no-intercept is for a linear head from the start, without --model and --initial.")
    }
  }

  private var widths: [Int]? {
    let widths = model?.split(separator: "-", omittingEmptySubsequences: false).compactMap { part in
      part.allSatisfy(\.isNumber) ? Int(part).flatMap { 1...1 << 20 ~= $0 ? $0 : nil } : nil
    }
    return widths.flatMap { $0.count >= 2 && $0.map(String.init).joined(separator: "-") == model ? $0 : nil }
  }

  private func architecture() throws(FileError) -> Architecture? {
    if let widths {
      let activation = activation ?? .relu
      return .mlp(widths, activation: activation.layer, initialization: activation.initialization)
    }
    guard let model else { return nil }
    return try Architecture(reading: model)
  }

  /// What is trained on `data`: the network, the model to start from, or else a linear head.
  func model<S: RealScalar>(
    _ network: Network<S>?, _ initial: ModelFile<S>?, for data: Dataset<S>
  ) throws -> any Model<S> {
    let head = LinearHead<S>(features: data.featureCount, classes: data.outputCount, intercept: !noIntercept)
    let model: any Model<S> = network ?? initial?.model ?? head
    do { try model.checkTrainable() } catch { throw DataError(self.model ?? self.initial ?? "", "\(error)") }
    return model
  }

  /// The network, or the model to start from, where options name one.
  ///
  /// - Parameter loss: takes the place of what the file says.
  func load<S: RealScalar>(
    as type: S.Type, loss: (any Loss)?
  ) throws -> (network: Network<S>?, initial: ModelFile<S>?) {
    let architecture = try architecture()
    let file = try initial.map { path throws(FileError) in
      try ModelFile<S>(reading: path, architecture: architecture, loss: loss)
    }
    guard let architecture else { return (file?.model as? Network<S>, file) }
    do {
      return (try Network<S>(architecture), file)
    } catch {
      throw DataError(model ?? "", "\(error)")
    }
  }
}
