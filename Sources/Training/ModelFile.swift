import LinearAlgebra
import Losses
import Models
import TensorFiles

/// A trained model and what is needed to use it, as one safetensors file.
///
/// A linear head has tensors `weight` [C, D] and, with an intercept, `bias` [C], as PyTorch's nn.Linear has them; a
/// network has those of its layers, named `0.weight`, `0.bias`, `2.weight`, ..., as an nn.Sequential has them. String
/// metadata: `format` "fgn-linear-head" or "fgn-network", `architecture` of a network (JSON, see `Architecture`),
/// `schema_version` "1", `class_names` (JSON array), `label_kind` ("whole-number", "boolean" or "text": what those
/// names stand for; absent where they are "0", "1", ...), `standardization` (JSON object with `mean` and `scale`; absent if
/// none), `libsvm_index_base` ("0" or "1"; only if trained on LIBSVM text), `l2`, `objective`, `seed`, `temperature`
/// (absent is 1), `columns` (JSON; only if trained on a table: the names and parts of its columns), `sample_weights`
/// ("true"; only if examples or classes had weights in training), `producer`.
/// A regression has `loss` ("squared", "huber" with `huber_delta`, or "poisson"; absent for cross-entropy),
/// `target_names` (JSON array) in place of class names, and `target_standardization` (as `standardization`).
///
/// Metadata are optional in reading. A file with nothing but `weight` and `bias`, which may have one prefix such as
/// `classifier.`, is a head whose classes are called "0", "1", ...; a file with nothing but a network's tensors is read with its architecture. Tensors of any type are
/// converted on reading.
public struct ModelFile<Scalar: RealScalar>: Sendable {
  /// A `LinearHead` or a `Network`.
  public let model: any Model<Scalar>
  public var parameters: Parameters<Scalar>
  public let loss: any Loss
  /// C of them; empty for a regression.
  public var classNames: [String] = []
  /// What the classes' names stand for; nil for a file that does not say it: then classes are numbered from 0.
  package var labelKind: LabelKind?
  /// Whether the file said no names of classes, which are called by their numbers then.
  package private(set) var isUnnamed = false
  /// K of them, for a regression; empty for classes.
  public var targetNames: [String] = []
  /// What was done to targets before training: outputs are numbers so standardised.
  public var targetStandardization: Standardization?
  /// To be applied to features before the model.
  public var standardization: Standardization?
  /// Where feature indices start in LIBSVM files for this model; nil if it was trained on another kind of file.
  public var indexBase: LIBSVM.IndexBase?
  public var l2: Double?
  /// Training objective of the parameters.
  public var objective: Double?
  public var seed: UInt64?
  /// T above 0: probabilities are softmax(z / T); nil is 1. See `Calibration`.
  public var temperature: Double?
  public var producer: String?
  /// The columns of the table that it was trained on; nil for other data. Columns of other tables are matched with it.
  package var table: TableDescription?
  /// Whether examples or classes had weights in training.
  package var isWeighted = false

  public init(model: some Model<Scalar>, parameters: Parameters<Scalar>, classNames: [String]) {
    precondition(classNames.count == model.outputWidth, "one name for each of \(model.outputWidth) classes")
    self.init(model, parameters, CrossEntropy())
    self.classNames = classNames
  }

  /// With the classes, or the targets and their standardisation, of the data that the model was trained on.
  public init(
    model: some Model<Scalar>, parameters: Parameters<Scalar>, loss: any Loss = CrossEntropy(),
    trainedOn data: Dataset<Scalar>
  ) {
    precondition(data.outputCount == model.outputWidth, "the data have \(data.outputCount) outputs")
    self.init(model, parameters, loss)
    (classNames, targetNames) = (data.classNames, data.targetNames)
    targetStandardization = data.targetStandardization
    isWeighted = data.weights != nil
  }

  /// Without names.
  private init(_ model: some Model<Scalar>, _ parameters: Parameters<Scalar>, _ loss: any Loss) {
    self.model = model
    self.parameters = parameters
    self.loss = loss
  }

  static var schemaVersion: String { "1" }

  /// Writes the file under a temporary name and renames it; the same model gives the same bytes.
  /// - Throws: `DataError` for parameters that are not finite, for a model that is neither a `LinearHead` nor a
  ///   `Network`, and for a loss that `LossForm` does not have; `Layers.Failure` for a layer that has no form in
  ///   architecture files (its tensors can be written by `SafeTensors` and read with the architecture); `FileError` if
  ///   the file cannot be written.
  public func write(to path: String) throws {
    guard parameters.values.isFinite else {
      throw DataError(path, "refused to save parameters that are not finite")
    }
    guard let named = NamedLoss(loss) else {
      throw DataError(path, "only models of these losses can be saved: \(LossForm.names); got \(loss.name)")
    }
    var metadata = ["schema_version": Self.schemaVersion]
    if !(loss is CrossEntropy) { metadata["loss"] = named.form.name }
    if named.form.targetKind == .classes {
      metadata["class_names"] = try JSONText.line(of: classNames)
      // Not needed where a class's name is its number.
      if let labelKind, classNames != classNames.indices.map(String.init) {
        metadata["label_kind"] = labelKind.rawValue
      }
    } else {
      metadata["target_names"] = try JSONText.line(of: targetNames)
    }
    for (parameter, value) in named.settings { metadata[parameter.metadataKey] = "\(value)" }
    if let targetStandardization { metadata["target_standardization"] = try JSONText.line(of: targetStandardization) }
    switch model {
    case is LinearHead<Scalar>: metadata["format"] = Self.headFormat
    case let network as Network<Scalar>:
      metadata["format"] = Self.networkFormat
      metadata["architecture"] = try network.architecture.json()
    default: throw DataError(path, "only linear heads and networks can be saved, got \(type(of: model))")
    }
    if let standardization { metadata["standardization"] = try JSONText.line(of: standardization) }
    if let indexBase { metadata["libsvm_index_base"] = indexBase == .zero ? "0" : "1" }
    if let l2 { metadata["l2"] = "\(l2)" }
    if let objective { metadata["objective"] = "\(objective)" }
    if let seed { metadata["seed"] = "\(seed)" }
    if let temperature { metadata["temperature"] = "\(temperature)" }
    if let table { metadata["columns"] = try JSONText.line(of: table) }
    if isWeighted { metadata["sample_weights"] = "true" }
    if let producer { metadata["producer"] = producer }
    try SafeTensors.write(
      parameters.layout.slices.map { SafeTensors.Tensor(name: $0.name, shape: $0.shape, values: parameters[$0]) },
      metadata: metadata, to: path)
  }

  /// Reads a model in either precision.
  ///
  /// - Parameters:
  ///   - architecture: of a network whose file does not say it, such as a state_dict saved by PyTorch; it takes the
  ///     place of what a file says. Tensors must have its names and shapes; batch norm's `num_batches_tracked` is
  ///     passed over.
  ///   - loss: of a model whose file does not say it; it too takes the place of what a file says. Cross-entropy if
  ///     neither does.
  /// - Throws: `FileError` naming what does not fit.
  public init(
    reading path: String, architecture: Architecture? = nil, loss: (any Loss)? = nil
  ) throws(FileError) {
    let file = try SafeTensors.read(path)
    let given = if let loss { loss } else { try Self.readLoss(file) }
    if architecture != nil || file.metadata["format"] == Self.networkFormat {
      try self.init(network: file, architecture, given)
    } else {
      try self.init(head: file, given)
    }
    let outputs = model.outputWidth
    guard outputs >= given.minimumOutputs else {
      let hint = given is CrossEntropy ? "; a regression says its loss" : ""
      throw FileError(
        .badData, file: path,
        "expected \(given.minimumOutputs) outputs or more for \(given.name), got \(outputs)\(hint)")
    }
    try readMetadata(file)
  }

  private static func readLoss(_ file: SafeTensorsFile) throws(FileError) -> any Loss {
    func bad(_ key: String, _ message: String) -> FileError {
      FileError(.badData, file: file.path, position: "metadata \"\(key)\"", message)
    }
    guard let text = file.metadata["loss"] else { return CrossEntropy() }
    guard let form = LossForm(named: text) else {
      throw bad("loss", "expected one of \(LossForm.names), got \"\(text.prefix(60))\"")
    }
    var named = NamedLoss(form)
    for parameter in form.parameters {
      guard let value = file.metadata[parameter.metadataKey] else { continue }
      do { try named.set(parameter.name, to: value) } catch { throw bad(parameter.metadataKey, error.message) }
    }
    return named.loss
  }

  private init(head file: SafeTensorsFile, _ loss: any Loss) throws(FileError) {
    let path = file.path
    func bad(_ message: String) -> FileError { FileError(.badData, file: path, message) }
    guard let prefix = Self.headPrefix(file.names) else {
      let names = file.names.isEmpty ? "none" : file.names.sorted().prefix(12).joined(separator: ", ")
      let hint =
        file.names.contains { $0.hasSuffix(".weight") }
        ? " (a network's tensors need its architecture; of a model with a head, save the head's two tensors alone)" : ""
      throw bad("expected a tensor \"weight\", got \(names)\(file.names.count > 12 ? ", ..." : "")\(hint)")
    }
    try Self.checkVersion(file)
    let weight: Matrix<Scalar> = try file.matrix(prefix + "weight")
    guard weight.rows >= loss.minimumOutputs, weight.columns >= 1 else {
      let least = loss is CrossEntropy ? "two classes" : "one output"
      throw bad("expected a weight [C, D] with \(least) or more, got [\(weight.rows), \(weight.columns)]")
    }
    let biasName = prefix + "bias"
    let hasBias = file.names.contains(biasName)
    let bias: [Scalar] = hasBias ? try file.values(biasName) : []
    guard !hasBias || (file.shape(biasName) == [weight.rows]) else {
      throw bad("expected a bias of shape [\(weight.rows)], got \(file.shape(biasName) ?? [])")
    }
    guard weight.elements.isFinite, bias.isFinite else { throw bad("expected finite parameters, got NaN or infinity") }
    let head = LinearHead<Scalar>(features: weight.columns, classes: weight.rows, intercept: hasBias)
    self.init(head, Parameters(layout: head.layout, values: weight.elements + bias), loss)
  }

  private init(
    network file: SafeTensorsFile, _ given: Architecture?, _ loss: any Loss
  ) throws(FileError) {
    let path = file.path
    func bad(_ message: String) -> FileError { FileError(.badData, file: path, message) }
    try Self.checkVersion(file)
    let network: Network<Scalar>
    if let given {
      do { network = try Network(given) } catch { throw bad("\(error)") }
    } else {
      guard let text = file.metadata["architecture"] else {
        throw bad("expected metadata \"architecture\" for the format \(Self.networkFormat), got none")
      }
      let architecture = try Architecture(json: text, source: "\(path): metadata \"architecture\"")
      do { network = try Network(architecture) } catch { throw bad("metadata \"architecture\": \(error)") }
    }
    let layout = network.layout
    let names = Set(file.names.filter { !$0.hasSuffix(".num_batches_tracked") })
    func list(_ names: some Sequence<String>) -> String {
      let names = Array(names)
      if names.isEmpty { return "none" }
      return names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", ..." : "")
    }
    if let slice = layout.slices.first(where: { !names.contains($0.name) }) {
      throw bad(
        "expected a tensor \"\(slice.name)\" of shape \(slice.shape), as the architecture has, got \(list(names.sorted()))"
      )
    }
    if let name = names.subtracting(layout.slices.map(\.name)).min() {
      throw bad("the architecture has no tensor \"\(name)\"; it has \(list(layout.slices.map(\.name)))")
    }
    // All shapes before any number is read.
    for slice in layout.slices where file.shape(slice.name) != slice.shape {
      throw FileError(
        .badData, file: path, position: "tensor \"\(slice.name)\"",
        "expected shape \(slice.shape), as the architecture has, got \(file.shape(slice.name) ?? [])")
    }
    var parameters = Parameters<Scalar>(layout: layout)
    for slice in layout.slices {
      let values: [Scalar] = try file.values(slice.name)
      guard values.isFinite else {
        throw bad("tensor \"\(slice.name)\": expected finite parameters, got NaN or infinity")
      }
      parameters.values.replaceSubrange(slice.range, with: values)
    }
    self.init(network, parameters, loss)
  }

  private mutating func readMetadata(_ file: SafeTensorsFile) throws(FileError) {
    let outputs = model.outputWidth
    if LossForm(loss)?.targetKind == .classes {
      let names = try Self.names("class_names", outputs, file)
      (classNames, isUnnamed) = (names ?? (0..<outputs).map(String.init), names == nil)
      labelKind = file.metadata["label_kind"].flatMap(LabelKind.init)
    } else {
      targetNames = try Self.names("target_names", outputs, file) ?? Dataset<Scalar>.defaultTargetNames(outputs)
      targetStandardization = try Self.standardization("target_standardization", outputs, file)
    }
    standardization = try Self.standardization("standardization", model.inputWidth, file)
    indexBase = file.metadata["libsvm_index_base"].map { $0 == "0" ? .zero : .one }
    l2 = file.metadata["l2"].flatMap(Double.init)
    objective = file.metadata["objective"].flatMap(Double.init)
    seed = file.metadata["seed"].flatMap(UInt64.init)
    temperature = try Self.temperature(file)
    producer = file.metadata["producer"]
    isWeighted = file.metadata["sample_weights"] == "true"
    table = try Self.decode(file.metadata["columns"], "columns", file.path)
    guard table?.isValid(width: model.inputWidth) ?? true else {
      throw FileError(
        .badData, file: file.path, position: "metadata \"columns\"",
        "expected \(model.inputWidth) features among the columns, as the model has")
    }
  }

  /// What divides logits without an overflow, or a loss of all they say.
  static var temperatures: ClosedRange<Double> { 1e-6...1e6 }

  private static func temperature(_ file: SafeTensorsFile) throws(FileError) -> Double? {
    guard let text = file.metadata["temperature"] else { return nil }
    guard let value = Double(text), Self.temperatures.contains(value) else {
      throw FileError(
        .badData, file: file.path, position: "metadata \"temperature\"",
        "expected a number from 1e-6 to 1e6, got \"\(text.prefix(60))\"")
    }
    return value
  }

  private static func names(_ key: String, _ count: Int, _ file: SafeTensorsFile) throws(FileError) -> [String]? {
    guard let names: [String] = try decode(file.metadata[key], key, file.path) else { return nil }
    guard names.count == count else {
      throw FileError(.badData, file: file.path, "expected \(count) \(key), got \(names.count)")
    }
    return names
  }

  private static func standardization(
    _ key: String, _ width: Int, _ file: SafeTensorsFile
  ) throws(FileError) -> Standardization? {
    guard let result: Standardization = try decode(file.metadata[key], key, file.path) else { return nil }
    guard result.mean.count == width, result.scale.count == width,
      result.scale.allSatisfy({ $0.isFinite && $0 > 0 }), result.mean.allSatisfy(\.isFinite)
    else {
      throw FileError(.badData, file: file.path, "expected a \(key) of \(width) finite means and positive scales")
    }
    return result
  }
}

extension ModelFile {
  private static var headFormat: String { "fgn-linear-head" }
  private static var networkFormat: String { "fgn-network" }

  /// What stands before "weight" and "bias" in the names of a head's tensors: nothing, or where these are all there
  /// are, one prefix such as "classifier.". Nil for other files.
  private static func headPrefix(_ names: [String]) -> String? {
    if names.contains("weight") { return "" }
    guard let name = names.first(where: { $0.hasSuffix(".weight") }) else { return nil }
    let prefix = String(name.dropLast("weight".count))
    return names.allSatisfy { [prefix + "weight", prefix + "bias"].contains($0) } ? prefix : nil
  }

  private static func checkVersion(_ file: SafeTensorsFile) throws(FileError) {
    guard let version = file.metadata["schema_version"], version != schemaVersion else { return }
    throw FileError(
      .badData, file: file.path, "expected schema_version \(schemaVersion), got \(version): written by a newer program")
  }

  private static func decode<Value: Decodable>(
    _ text: String?, _ key: String, _ path: String
  ) throws(FileError) -> Value? {
    guard let text else { return nil }
    do {
      return try JSONValue(parsing: text).decoded(as: Value.self)
    } catch {
      throw FileError(
        .badData, file: path, position: "metadata \"\(key)\"", "expected JSON of its type, got \"\(text.prefix(60))\"")
    }
  }
}
