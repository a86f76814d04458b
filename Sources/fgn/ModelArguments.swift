import ArgumentParser
import FastGaussNewton

extension Architecture.ActivationName: ExpressibleByArgument {}

/// What is trained, and from where.
struct ModelArguments: ParsableArguments {
  @Option(
    help: """
      A perceptron by its widths, such as 16-128-64-26, or an architecture file, .json. A linear head without this \
      option.
      """)
  var model: String?

  @Option(help: "Between the layers of a perceptron: relu by default.")
  var activation: Architecture.ActivationName?

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

  private func architecture() throws -> Architecture? {
    if let widths { return try .perceptron(widths, activation: activation ?? .relu) }
    return try model.map { path throws(FileError) in try Architecture(reading: path) }
  }

  /// What options name: a network, a model to start from, or else a linear head.
  ///
  /// - Parameter loss: takes the place of what the file says.
  func load<S: RealScalar>(as type: S.Type, loss: (any Loss)?) throws -> ModelSpecification<S> {
    let architecture = try architecture()
    let source = model ?? initial ?? ""
    if let initial {
      return try ModelSpecification(reading: initial, architecture: architecture, loss: loss, source: source)
    }
    guard let architecture else { return ModelSpecification(hasIntercept: !noIntercept) }
    return try ModelSpecification(architecture, source: source)
  }
}
