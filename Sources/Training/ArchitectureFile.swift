import LinearAlgebra
import Models
import TensorFiles

/// Architectures as JSON, schema version 1.
///
///     {"schema_version": 1, "input": [64], "layers": [{"type": "dense", "width": 32}, {"type": "relu"}, ...]}
///
/// Reading is strict: an unknown type or key, a missing one, a value of the wrong type or out of range, and layers that
/// do not fit each other are errors that name the place. docs/command-line.md lists the layers and their options.
extension Architecture {
  /// Reads JSON text; `source` is its name in errors.
  /// - Throws: `FileError` with the place, what was expected and what was got.
  public init(json: String, source: String = "architecture") throws(FileError) {
    let root: JSONValue
    do {
      root = try JSONValue(parsing: json)
    } catch {
      throw FileError(.badData, file: source, position: "line \(error.line), column \(error.column)", error.message)
    }
    do {
      self = try ArchitectureFile.architecture(root)
    } catch {
      throw FileError(.badData, file: source, position: error.place.isEmpty ? nil : error.place, error.message)
    }
    do {
      try checkSizes()
    } catch {
      throw FileError(.badData, file: source, "\(error)")
    }
  }

  /// Reads an architecture file.
  public init(reading path: String) throws(FileError) {
    try self.init(json: TextFile.read(path), source: path)
  }

  /// Compact JSON with sorted keys and without defaults: the same architecture gives the same text.
  /// - Throws: `Layers.Failure` for a layer that has no form in JSON, such as one of your own, or has values that a
  ///   reader would refuse.
  public func json() throws(Layers.Failure) -> String {
    do {
      let value = try ArchitectureFile.value(self)
      _ = try ArchitectureFile.architecture(value)
      return value.text
    } catch {
      throw Layers.Failure("\(error.place): \(error.message)")
    }
  }

  /// The types of layers that architecture files know, and the options of each.
  public static var layerOptions: [String: [String]] { LayerForm.byType.mapValues(\.keys) }

  /// Shapes and parameter counts that memory could not hold are refused before anything multiplies them.
  private func checkSizes() throws(Layers.Failure) {
    var shape = input
    var parameters = 0
    for (number, layer) in layers.enumerated() {
      let count = layer.parameters(for: try fitted(number, shape)).reduce(0) { $0 + elements($1.shape) }
      parameters = min(parameters + count, .max / 2)
      shape = try layer.outputShape(for: shape)
      guard elements(shape) <= ArchitectureFile.mostElements, parameters <= ArchitectureFile.mostElements else {
        throw Layers.Failure(
          "expected at most 2^32 parameters, and as many numbers in an example", path: "\(number)", type: layer.type)
      }
    }
  }

  /// `shape`, if layer `number` takes it.
  private func fitted(_ number: Int, _ shape: [Int]) throws(Layers.Failure) -> [Int] {
    do { _ = try layers[number].outputShape(for: shape) } catch { throw error.at("\(number)", layers[number].type) }
    return shape
  }

  /// The product, cut off far above any limit.
  private func elements(_ shape: [Int]) -> Int {
    shape.reduce(1) { product, size in
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      return overflow || next > 1 << 40 ? 1 << 40 : next
    }
  }
}

/// The conversion between architectures and JSON values.
enum ArchitectureFile {
  static let schemaVersion = 1
  /// Of a width, a number of channels, a vocabulary.
  static let largestSize = 1 << 20
  static let mostElements = 1 << 32

  static func architecture(_ root: JSONValue) throws(FormError) -> Architecture {
    guard case .object(let members) = root else {
      throw FormError("", "expected an object with schema_version, input and layers, got \(root.excerpt)")
    }
    try check(members, "the architecture", ["schema_version", "input", "layers"], at: "")
    guard let version = members["schema_version"] else {
      throw FormError("", "missing key \"schema_version\", \(schemaVersion)")
    }
    guard version == .integer(schemaVersion) else {
      throw FormError("schema_version", "expected \(schemaVersion), got \(version.excerpt)")
    }
    guard let input = members["input"] else { throw FormError("", "missing key \"input\", a shape such as [16]") }
    guard let layers = members["layers"] else { throw FormError("", "missing key \"layers\", an array of layers") }
    guard case .array(let values) = layers, !values.isEmpty else {
      throw FormError("layers", "expected an array of at least one layer, got \(layers.excerpt)")
    }
    return Architecture(input: try shape(input), layers: try self.layers(values, at: "layers"))
  }

  static func value(_ architecture: Architecture) throws(FormError) -> JSONValue {
    .object([
      "schema_version": .integer(schemaVersion), "input": .array(architecture.input.map(JSONValue.integer)),
      "layers": .array(try values(architecture.layers, at: "layers")),
    ])
  }

  private static func shape(_ value: JSONValue) throws(FormError) -> [Int] {
    let sizes: [Int] =
      if case .array(let values) = value {
        values.map { if case .integer(let size) = $0, 1...largestSize ~= size { size } else { 0 } }
      } else {
        []
      }
    guard 1...3 ~= sizes.count, !sizes.contains(0), sizes.reduce(1.0, { $0 * Double($1) }) <= Double(mostElements)
    else {
      throw FormError(
        "input", "expected [n], [positions, n] or [channels, height, width] of integers from 1, got \(value.excerpt)")
    }
    return sizes
  }

  static func layers(_ values: [JSONValue], at place: String) throws(FormError) -> [any Layer] {
    var result: [any Layer] = []
    for (number, value) in values.enumerated() { result.append(try layer(value, at: "\(place)[\(number)]")) }
    return result
  }

  private static func layer(_ value: JSONValue, at place: String) throws(FormError) -> any Layer {
    guard case .object(let members) = value else {
      throw FormError(place, "expected an object such as {\"type\": \"relu\"}, got \(value.excerpt)")
    }
    guard let type = members["type"] else { throw FormError(place, "missing key \"type\", one of \(types)") }
    guard case .string(let name) = type, let form = LayerForm.byType[name] else {
      throw FormError("\(place).type", "expected one of \(types), got \(type.excerpt)")
    }
    try check(members, name, ["type"] + form.keys + ["frozen"], at: place)
    let layer = try form.read(members, place)
    switch members["frozen"] ?? .bool(false) {
    case .bool(true): return frozen(layer)
    case .bool(false): return layer
    default: throw FormError("\(place).frozen", "expected true or false, got \(members["frozen"]!.excerpt)")
    }
  }

  private static func frozen(_ layer: some Layer) -> Layers.Frozen { Layers.Frozen(layer) }

  private static var types: String { LayerForm.all.map(\.type).joined(separator: ", ") }

  private static func check(
    _ members: [String: JSONValue], _ owner: String, _ keys: [String], at place: String
  ) throws(FormError) {
    guard let unknown = members.keys.sorted().first(where: { !keys.contains($0) }) else { return }
    throw FormError(place, "unknown key \"\(unknown)\"; \(owner) takes \(keys.joined(separator: ", "))")
  }

  static func values(_ layers: [any Layer], at place: String) throws(FormError) -> [JSONValue] {
    var result: [JSONValue] = []
    for (number, layer) in layers.enumerated() { result.append(.object(try members(layer, at: "\(place)[\(number)]"))) }
    return result
  }

  private static func members(_ layer: any Layer, at place: String) throws(FormError) -> [String: JSONValue] {
    if let frozen = layer as? Layers.Frozen {
      var members = try members(frozen.layer, at: place)
      members["frozen"] = .bool(true)
      return members
    }
    do {
      if let members = try LayerForm.byType[layer.type]?.write(layer) { return members }
    } catch {
      throw FormError(place + error.place, error.message)
    }
    throw FormError(place, "a layer of type \"\(layer.type)\" has no form in architecture files")
  }
}
