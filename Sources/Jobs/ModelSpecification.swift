/// What is trained: a linear head of whatever the data want, a network, or a model to go on from.
///
/// ```swift
/// let head = ModelSpecification<Float>()
/// let perceptron = try ModelSpecification<Float>(.perceptron([16, 64, 26], activation: .tanh))
/// ```
public struct ModelSpecification<Scalar: RealScalar>: Sendable {
  /// The network; nil for a linear head.
  public let network: Network<Scalar>?
  /// The model whose parameters training starts from.
  public let initial: ModelFile<Scalar>?
  /// Whether a linear head that starts anew has a bias.
  public let hasIntercept: Bool
  /// What errors call it: a path, where it is in a file.
  let source: String

  /// A linear head, from zero.
  public init(hasIntercept: Bool = true) {
    (network, initial, self.hasIntercept, source) = (nil, nil, hasIntercept, "")
  }

  /// A network, from initial parameters that the seed of training draws.
  ///
  /// - Throws: `DataError` for layers that do not fit each other.
  public init(_ architecture: Architecture, source: String = "") throws(DataError) {
    do { network = try Network(architecture) } catch { throw DataError(source, "\(error)") }
    (initial, hasIntercept, self.source) = (nil, true, source)
  }

  /// A model to go on from: its parameters, its loss, its classes or targets and their standardisations.
  public init(continuing file: ModelFile<Scalar>, source: String = "") {
    (network, initial, hasIntercept, self.source) = (file.model as? Network<Scalar>, file, true, source)
  }

  /// The model in a file, to go on from: see `ModelFile.init(reading:architecture:loss:)`.
  public init(
    reading path: String, architecture: Architecture? = nil, loss: (any Loss)? = nil, source: String? = nil
  ) throws(FileError) {
    self.init(
      continuing: try ModelFile(reading: path, architecture: architecture, loss: loss), source: source ?? path)
  }

  /// D, where it is settled before the data are seen.
  var inputWidth: Int? { network?.inputWidth ?? initial?.model.inputWidth }

  var takesSparseFeatures: Bool {
    network == nil && initial?.model.takesSparseFeatures ?? true && initial?.standardization?.isScaling ?? true
  }

  /// The model for these data.
  ///
  /// - Throws: `DataError` for a model that cannot be trained.
  public func model(for data: Dataset<Scalar>) throws(DataError) -> any Model<Scalar> {
    let start = try start(for: data)
    let head = LinearHead<Scalar>(features: data.featureCount, classes: data.outputCount, intercept: hasIntercept)
    let new: any Model<Scalar> = network ?? head
    let model = start?.model ?? new
    do { try model.checkTrainable() } catch { throw DataError(source, "\(error)") }
    return model
  }
}

extension ModelSpecification {
  /// The model to go on from, with the classes of these data: rows of zeros for those that are new.
  ///
  /// - Throws: `DataError` for classes that cannot be added.
  func start(for data: Dataset<Scalar>) throws(DataError) -> ModelFile<Scalar>? {
    guard let initial else { return nil }
    try initial.check()
    guard initial.isClassifier, data.classCount > 0 else { return initial }
    do { return try initial.withClasses(data.classNames) } catch { throw error.of(source) }
  }

  /// What is known of classes before labels are read.
  func knownClasses(isCertain: Bool) -> DataFiles.KnownClasses {
    var known = DataFiles.KnownClasses()
    if let initial, initial.isClassifier { (known.names, known.areUnnamed) = (initial.classNames, initial.isUnnamed) }
    (known.count, known.isCertain) = (network?.outputWidth, isCertain)
    return known
  }
}

extension Architecture {
  /// Functions between the layers of a perceptron, by name.
  public enum ActivationName: String, Sendable, Codable, CaseIterable {
    case relu
    case leakyReLU = "leaky_relu"
    case tanh, sigmoid, gelu, silu, softplus

    /// The layer; a leaky one has a slope of 0.01.
    public var layer: Layers.Activation {
      switch self {
      case .relu: Layers.Activation(.relu)
      case .leakyReLU: Layers.Activation(.leakyReLU(slope: 0.01))
      case .tanh: Layers.Activation(.tanh)
      case .sigmoid: Layers.Activation(.sigmoid)
      case .gelu: Layers.Activation(.gelu)
      case .silu: Layers.Activation(.silu)
      case .softplus: Layers.Activation(.softplus)
      }
    }

    /// What goes with it.
    public var initialization: Layers.Initializer.Name {
      switch self {
      case .tanh, .sigmoid: .glorotUniform
      default: .heNormal
      }
    }
  }
}

extension Architecture {
  /// A perceptron by the widths of its layers, input and output included.
  ///
  /// - Throws: `OptionError` for fewer than two widths, and for one outside 1...2^20.
  public static func perceptron(
    _ widths: [Int], activation: Architecture.ActivationName = .relu
  ) throws(OptionError) -> Architecture {
    let isValid = widths.count >= 2 && widths.allSatisfy { 1...1 << 20 ~= $0 }
    try OptionError.check(isValid, "model", "two widths at least, each from 1 to 2^20", got: widths)
    return .mlp(widths, activation: activation.layer, initialization: activation.initialization)
  }
}
