import FastGaussNewton
import Foundation
@_exported import TestSupport
import Testing

/// Expects an error whose description contains all of `parts`.
func expectFailure<Failure: Error & CustomStringConvertible>(
  _ type: Failure.Type, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Any
) {
  do {
    let result = try body()
    Issue.record("expected \(Failure.self), got \(result)", sourceLocation: sourceLocation)
  } catch let error as Failure {
    for part in parts {
      #expect(error.description.contains(part), "\"\(error)\" lacks \"\(part)\"", sourceLocation: sourceLocation)
    }
  } catch {
    Issue.record("expected \(Failure.self), got \(error)", sourceLocation: sourceLocation)
  }
}

/// Gaussian classes around random centres at distance about `spread`: noisy, so that the optimum is finite.
func blobs<S: RealScalar>(
  _ type: S.Type = S.self, rows: Int, features: Int, classes: Int, spread: Double = 1, seed: UInt64 = 7
) throws -> Dataset<S> {
  var generator = SeededGenerator(seed: seed)
  let centers = (0..<classes * features).map { _ in spread * generator.normal() }
  let labels = (0..<rows).map { _ in Int32(generator.index(below: classes)) }
  var elements: [S] = []
  for label in labels {
    for j in 0..<features { elements.append(S(centers[Int(label) * features + j] + generator.normal())) }
  }
  return try Dataset(
    features: Matrix(rows: rows, columns: features, elements: elements), labels: labels,
    classNames: (0..<classes).map { "class \($0)" }, source: "blobs")
}

/// Weights and bias drawn from the normal distribution.
func randomParameters<S: RealScalar>(_ head: LinearHead<S>, seed: UInt64 = 3) -> Parameters<S> {
  var generator = SeededGenerator(seed: seed)
  return Parameters(layout: head.layout, values: (0..<head.layout.count).map { _ in S(generator.normal()) })
}

/// max |a - b| / max |b|.
func largestError<S: RealScalar>(_ a: [S], _ b: [S]) -> Double {
  precondition(a.count == b.count)
  let scale = b.reduce(0) { max($0, abs(Double($1))) }
  return zip(a, b).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) } / max(scale, .leastNormalMagnitude)
}
