import LinearAlgebra
import Losses
import Models
import Training

/// What the contestants are to solve: a model, a loss and data.
public struct ComparisonProblem<ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  public var model: ModelType
  public var loss: any Loss
  /// Parameters to start from; nil draws the model's initial ones by the seed.
  public var start: Parameters<Scalar>?
  public var training: Dataset<Scalar>
  /// Settings are chosen on it.
  public var validation: Dataset<Scalar>
  /// Nothing is chosen on it; where there is one, contestants are ranked by it.
  public var test: Dataset<Scalar>?

  public init(
    model: ModelType, loss: any Loss = CrossEntropy(), training: Dataset<Scalar>, validation: Dataset<Scalar>,
    test: Dataset<Scalar>? = nil, start: Parameters<Scalar>? = nil
  ) {
    self.model = model
    self.loss = loss
    self.training = training
    self.validation = validation
    self.test = test
    self.start = start
  }

  /// - Throws: `Layers.Failure` if the model cannot be trained, `DataError` if data do not fit it.
  public func check() throws {
    try model.checkTrainable()
    for data in [training, validation, test].compactMap({ $0 }) {
      try data.check(loss)
      try data.checkFit(model)
    }
  }

  /// A number that changes with any bit of the data, the model's layout or the start.
  package var fingerprint: UInt64 {
    var hash = Fingerprint()
    hash.add(loss.name)
    for slice in model.layout.slices { hash.add("\(slice)") }
    if let network = model as? Network<Scalar> { hash.add((try? network.architecture.json()) ?? "") }
    for data in [training, validation, test] {
      hash.add(data == nil ? "none" : "data")
      if let data { hash.add(data) }
    }
    hash.add(start?.values ?? [])
    return hash.value
  }
}

/// FNV-1a over 64-bit words.
package struct Fingerprint {
  package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  package init() {}

  /// 16 hexadecimal digits that stand for `text`.
  package static func key(_ text: String) -> String {
    var hash = Fingerprint()
    hash.add(text)
    let digits = String(hash.value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  package mutating func add(_ text: String) {
    for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    value = (value ^ 0xff) &* 0x100_0000_01b3
  }

  package mutating func add<S: RealScalar>(_ data: Dataset<S>) {
    add(data.features)
    add(data.labels.map(Double.init))
    add(data.values?.elements ?? [])
    add(data.weights ?? [])
  }

  /// A file stands for its numbers by its shape alone.
  private mutating func add<S: RealScalar>(_ features: Features<S>) {
    switch features {
    case .dense(let matrix): add(matrix.elements)
    case .sparse(let matrix):
      add("sparse")
      add(matrix.rowStarts.map(Double.init))
      add(matrix.columnIndices.map(Double.init))
      add(matrix.values)
    case .stored(let source): add([source.rows, source.columns, source.entryCount ?? -1].map(Double.init))
    }
  }

  package mutating func add<S: RealScalar>(_ numbers: [S]) { value = FingerprintLoops.hash(numbers, value) }
}

private enum FingerprintLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func hash<S: RealScalar>(_ numbers: [S], _ start: UInt64) -> UInt64 {
    var value = start ^ UInt64(numbers.count)
    for number in numbers {
      value = (value ^ Double(number).bitPattern) &* 0x100_0000_01b3
      value ^= value >> 29
    }
    return value
  }
}
