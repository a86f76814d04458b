import LinearAlgebra
import Models
import TensorFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A trained head and what is needed to use it, as one safetensors file.
///
/// Tensors `weight` [C, D] and, with an intercept, `bias` [C], as PyTorch's nn.Linear has them. String metadata:
/// `format` "fgn-linear-head", `schema_version` "1", `class_names` (JSON array), `standardization` (JSON object with
/// `mean` and `scale`; absent if none), `libsvm_index_base` ("0" or "1"; only if trained on LIBSVM text), `l2`, `objective`, `seed`, `producer`. A file with nothing but `weight` and
/// `bias` is a valid model too: its classes are called "0", "1", ... Tensors of any type are converted on reading.
public struct ModelFile<Scalar: RealScalar>: Sendable {
  public var head: LinearHead<Scalar>
  public var parameters: Parameters<Scalar>
  /// C of them.
  public var classNames: [String]
  /// To be applied to features before the head.
  public var standardization: Standardization?
  /// Where feature indices start in LIBSVM files for this model; nil if it was trained on another kind of file.
  public var indexBase: LIBSVM.IndexBase?
  public var l2: Double?
  /// Training objective of the parameters.
  public var objective: Double?
  public var seed: UInt64?
  public var producer: String?

  public init(head: LinearHead<Scalar>, parameters: Parameters<Scalar>, classNames: [String]) {
    precondition(classNames.count == head.outputWidth, "one name for each of \(head.outputWidth) classes")
    self.head = head
    self.parameters = parameters
    self.classNames = classNames
  }

  static var schemaVersion: String { "1" }

  /// Writes the file under a temporary name and renames it; the same model gives the same bytes.
  /// - Throws: `DataError` for parameters that are not finite, `FileError` if the file cannot be written.
  public func write(to path: String) throws {
    guard parameters.values.isFinite else {
      throw DataError(path, "refused to save parameters that are not finite")
    }
    var metadata = [
      "format": "fgn-linear-head", "schema_version": Self.schemaVersion, "class_names": try Self.json(classNames),
    ]
    if let standardization { metadata["standardization"] = try Self.json(standardization) }
    if let indexBase { metadata["libsvm_index_base"] = indexBase == .zero ? "0" : "1" }
    if let l2 { metadata["l2"] = "\(l2)" }
    if let objective { metadata["objective"] = "\(objective)" }
    if let seed { metadata["seed"] = "\(seed)" }
    if let producer { metadata["producer"] = producer }
    try SafeTensors.write(
      parameters.layout.slices.map { SafeTensors.Tensor(name: $0.name, shape: $0.shape, values: parameters[$0]) },
      metadata: metadata, to: path)
  }

  /// Reads a model in either precision.
  /// - Throws: `FileError` naming what does not fit.
  public init(reading path: String) throws(FileError) {
    let file = try SafeTensors.read(path)
    func bad(_ message: String) -> FileError { FileError(.badData, file: path, message) }
    guard file.names.contains("weight") else {
      let names = file.names.isEmpty ? "none" : file.names.sorted().joined(separator: ", ")
      throw bad("expected a tensor \"weight\", got \(names)")
    }
    if let version = file.metadata["schema_version"], version != Self.schemaVersion {
      throw bad("expected schema_version \(Self.schemaVersion), got \(version): written by a newer program")
    }
    let weight: Matrix<Scalar> = try file.matrix("weight")
    guard weight.rows >= 2, weight.columns >= 1 else {
      throw bad("expected a weight [C, D] with two classes or more, got [\(weight.rows), \(weight.columns)]")
    }
    let hasBias = file.names.contains("bias")
    let bias: [Scalar] = hasBias ? try file.values("bias") : []
    guard !hasBias || (file.shape("bias") == [weight.rows]) else {
      throw bad("expected a bias of shape [\(weight.rows)], got \(file.shape("bias") ?? [])")
    }
    guard weight.elements.isFinite, bias.isFinite else { throw bad("expected finite parameters, got NaN or infinity") }
    let head = LinearHead<Scalar>(features: weight.columns, classes: weight.rows, intercept: hasBias)
    let names: [String]? = try Self.decode(file.metadata["class_names"], "class_names", path)
    guard names.map({ $0.count == weight.rows }) ?? true else {
      throw bad("expected \(weight.rows) class_names, got \(names?.count ?? 0)")
    }
    self.init(
      head: head, parameters: Parameters(layout: head.layout, values: weight.elements + bias),
      classNames: names ?? (0..<weight.rows).map(String.init))
    standardization = try Self.decode(file.metadata["standardization"], "standardization", path)
    if let standardization {
      guard standardization.mean.count == weight.columns, standardization.scale.count == weight.columns,
        standardization.scale.allSatisfy({ $0.isFinite && $0 > 0 }), standardization.mean.allSatisfy(\.isFinite)
      else { throw bad("expected a standardization of \(weight.columns) finite means and positive scales") }
    }
    indexBase = file.metadata["libsvm_index_base"].map { $0 == "0" ? .zero : .one }
    l2 = file.metadata["l2"].flatMap(Double.init)
    objective = file.metadata["objective"].flatMap(Double.init)
    seed = file.metadata["seed"].flatMap(UInt64.init)
    producer = file.metadata["producer"]
  }

  private static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func decode<Value: Decodable>(
    _ text: String?, _ key: String, _ path: String
  ) throws(FileError) -> Value? {
    guard let text else { return nil }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      throw FileError(
        .badData, file: path, position: "metadata \"\(key)\"", "expected JSON of its type, got \"\(text.prefix(60))\"")
    }
  }
}
