import Foundation
import Jobs
import TestSupport
import Testing

/// A directory of its own, removed with its last reference.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "/jobs-\(UUID().uuidString)"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ text: String, _ name: String) throws -> String {
    try Data(text.utf8).write(to: URL(filePath: file(name)))
    return file(name)
  }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: file(name))), as: UTF8.self)
  }
}

/// Noisy classes around three centres, in memory and as a table.
struct Letters {
  static let names = ["a", "b, c", "d"]

  static func rows(_ count: Int, seed: UInt64 = 5) -> (features: Matrix<Float>, labels: [Int32]) {
    var generator = SeededGenerator(seed: seed)
    let labels = (0..<count).map { Int32($0 % 3) }
    let elements = labels.flatMap { label in
      [[2.0, 0, 1], [-1, 1.7, 0], [-1, -1.7, 5]][Int(label)].map { Float($0 + generator.normal()) }
    }
    return (Matrix(rows: count, columns: 3, elements: elements), labels)
  }

  static func data(_ count: Int = 90, seed: UInt64 = 5) throws -> Dataset<Float> {
    let (features, labels) = rows(count, seed: seed)
    return try Dataset(features: features, labels: labels, classNames: names, source: "letters")
  }

  static func csv(_ count: Int = 90, seed: UInt64 = 5) -> String {
    let (features, labels) = rows(count, seed: seed)
    return labels.indices.reduce("label,x,y,z\n") { text, i in
      text + (["\"\(names[Int(labels[i])])\""] + features.row(i).map { "\($0)" }).joined(separator: ",") + "\n"
    }
  }

  /// Numbers to predict, near a plane.
  static func measurements(_ count: Int = 60) throws -> Dataset<Float> {
    let features = rows(count).features
    let values = (0..<count).map { 100 + 10 * features[$0, 0] - features[$0, 1] * features[$0, 2] }
    return try Dataset(
      features: features, values: Matrix(rows: count, columns: 1, elements: values), targetNames: ["price"],
      source: "measurements")
  }
}

/// Expects an error of this package, with its code and all of `parts` in its description.
func expectFailure(
  _ code: ErrorCode, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Any
) {
  do {
    let result = try body()
    Issue.record("expected \(code.rawValue), got \(result)", sourceLocation: sourceLocation)
  } catch let error as any FGNError {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(error.description.contains(part), "\"\(error)\" lacks \"\(part)\"", sourceLocation: sourceLocation)
    }
  } catch {
    Issue.record("expected an FGNError, got \(error)", sourceLocation: sourceLocation)
  }
}
