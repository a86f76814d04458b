import FastGaussNewton
import Foundation
import TestSupport
import Testing

@testable import Experiments

@Suite struct DataTests {
  static let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Examples").path()
  let directory = NSTemporaryDirectory() + "/data-\(UUID().uuidString)"

  /// Six examples of three classes, 0 0 1 1 2 2, one feature each that counts them; two are held out.
  static func toy() throws -> Split<Double> {
    func data(_ values: [Double], _ labels: [Int32]) throws -> Dataset<Double> {
      try Dataset(
        features: Matrix(rows: values.count, columns: 1, elements: values), labels: labels,
        classNames: ["a", "b", "c"], weights: values.map { $0 + 1 }, source: "toy")
    }
    return Split(
      name: "toy", training: try data([0, 1, 2, 3, 4, 5], [0, 1, 2, 0, 1, 2]), validation: try data([6, 7], [1, 2]))
  }

  @Test func digitsAreScaledAndCut() throws {
    let digits = try #require(try ExperimentData(directory: Self.examples).digits())
    #expect(digits.training.count == 1437 && digits.validation.count == 360 && digits.training.classCount == 10)
    #expect(digits.training.features.dense.elements.max() == 1 && digits.training.features.dense.elements.min() == 0)
    #expect(digits.name == "digits" && digits.training.featureCount == 64)
  }

  @Test func letterIsStandardised() throws {
    let letter = try #require(try ExperimentData(directory: Self.examples).letter())
    #expect(letter.training.count == 16000 && letter.validation.count == 4000 && letter.training.classCount == 26)
    let moments = try Standardization(fitting: letter.training.features)
    #expect(moments.mean.allSatisfy { abs($0) < 1e-6 } && moments.scale.allSatisfy { abs($0 - 1) < 1e-6 })
    #expect(letter.validation.features.dense.elements.first != letter.training.features.dense.elements.first)
  }

  @Test func whatIsNotThereIsNil() throws {
    let data = ExperimentData(directory: directory)
    #expect(try data.letter() == nil && data.digits() == nil && data.clinc150() == nil && data.housing() == nil)
    #expect(try data.own() == nil)
    #expect(throws: FileError.self) { try ExperimentData(features: directory + "/none.npz").own() }
    #expect(ExperimentData().directory == "Examples")
  }

  @Test func whatIsBrokenIsAnError() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory + "/clinc150", withIntermediateDirectories: true)
    for name in ["letter-recognition.csv", "digits.npz", "clinc150/X_train.npy"] {
      try Data("a,b\n1,x\n".utf8).write(to: URL(filePath: directory + "/" + name))
    }
    let data = ExperimentData(directory: directory)
    #expect(throws: (any Error).self) { try data.letter() }
    #expect(throws: FileError.self) { try data.digits() }
    #expect(throws: FileError.self) { try data.clinc150() }
  }

  @Test func foldersOfArrays() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for folder in ["clinc150", "housing"] {
      try FileManager.default.createDirectory(atPath: "\(directory)/\(folder)", withIntermediateDirectories: true)
    }
    func write(_ path: String, _ values: [Float]) throws {
      let matrix = Matrix<Float>(rows: values.count, columns: 1, elements: values)
      try NPY.write(matrix, to: "\(directory)/\(path).npy")
    }
    let numbers = (0..<10).map { Float($0) }
    try write("housing/X_train", numbers)
    try write("housing/y_train", numbers.map { 3 * $0 + 0.5 })
    let housing = try #require(try ExperimentData(directory: directory).housing())
    #expect(housing.training.count == 8 && housing.validation.count == 2)
    let values = try #require(housing.training.values)
    #expect(abs(values.elements.reduce(0, +)) < 1e-4 && housing.validation.targetStandardization != nil)
  }

  @Test func aFileOfOnesOwn() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let lines = (0..<20).map { "\($0),\($0 * $0),\($0 % 2 == 0 ? "even" : "odd")" }
    let path = directory + "/own.csv"
    try Data(("x,y,label\n" + lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
    let own = try #require(try ExperimentData(features: path).own())
    #expect(own.training.count == 16 && own.validation.count == 4 && own.training.classNames == ["even", "odd"])
    let again = try #require(try ExperimentData(features: path).own())
    #expect(again.fingerprint == own.fingerprint)
  }

  @Test func firstClassesAreRelabelled() throws {
    let split = try Self.toy().classes(first: 2)
    #expect(split.training.labels == [0, 1, 0, 1] && split.training.features.dense.elements == [0, 1, 3, 4])
    #expect(split.training.classNames == ["a", "b"] && split.training.weights == [1, 2, 4, 5])
    #expect(split.validation.labels == [1] && split.name == "toy")
    #expect(try split.fingerprint != Self.toy().fingerprint)
    for count in [1, 4] { #expect(throws: DataError.self) { try Self.toy().classes(first: count) } }
  }

  @Test func firstExamplesOfEachClass() throws {
    let split = try Self.toy().training(firstOfEachClass: 1)
    #expect(split.training.features.dense.elements == [0, 1, 2] && split.validation.count == 2)
    #expect(try Self.toy().training(firstOfEachClass: 9).training.count == 6)
    #expect(throws: DataError.self) { try Self.toy().training(firstOfEachClass: 0) }
  }

  @Test func oneBitChangesTheFingerprint() throws {
    let split = try Self.toy()
    #expect(try split.fingerprint == Self.toy().fingerprint)
    let moved = try split.mapFeatures { features in
      var changed = features
      changed[0, 0] = changed[0, 0].nextUp
      return changed
    }
    #expect(moved.fingerprint != split.fingerprint && moved.training.weights == split.training.weights)
  }
}

@Suite struct RandomFeatureTests {
  /// Their inner products are those of the Gaussian kernel up to some 1 / sqrt(m).
  @Test func innerProductsAreTheKernel() {
    var generator = SeededGenerator(seed: 11)
    let x = Matrix<Double>(rows: 6, columns: 3, elements: (0..<18).map { _ in generator.normal() })
    let count = 20000
    let features = RandomFeatures<Double>(inputs: 3, count: count, bandwidth: 1.7, seed: 5).features(of: x)
    #expect(features.elements.allSatisfy { abs($0) <= (2.0 / Double(count)).squareRoot() })
    for i in 0..<6 {
      for j in 0...i {
        let distance = (0..<3).reduce(0) { $0 + (x[i, $1] - x[j, $1]) * (x[i, $1] - x[j, $1]) }
        let expected = Foundation.exp(-distance / (2 * 1.7 * 1.7))
        let product = zip(features.row(i), features.row(j)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(product - expected) < 5 / Double(count).squareRoot(), "seed 5, \(i) \(j)")
      }
    }
  }

  @Test func theSeedDecides() throws {
    let split = try DataTests.toy()
    let first = try split.randomFeatures(7, bandwidth: 2, seed: 1)
    #expect(try first.fingerprint == split.randomFeatures(7, bandwidth: 2, seed: 1).fingerprint)
    #expect(try first.fingerprint != split.randomFeatures(7, bandwidth: 2, seed: 2).fingerprint)
    #expect(first.training.featureCount == 7 && first.validation.featureCount == 7)
    #expect(first.name == "toy 7 random features" && first.training.labels == split.training.labels)
    let floats = RandomFeatures<Float>(inputs: 1, count: 7, bandwidth: 2, seed: 1)
      .features(of: Matrix(rows: 1, columns: 1, elements: [3]))
    for (a, b) in zip(floats.elements, first.training.features.dense.row(3)) { #expect(abs(Double(a) - b) < 1e-6) }
  }
}
