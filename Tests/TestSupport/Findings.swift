import Foundation

/// One identity that did not hold.
public struct Violation: Sendable, CustomStringConvertible {
  public let identity: String
  public let context: String
  public let error: Double
  public let limit: Double

  public var description: String { "\(identity): \(error) > \(limit) [\(context)]" }
}

/// What a set of checks found. Checks return it in place of failing, so that a test can also ask that a broken
/// implementation is found out.
public struct Findings: Sendable {
  public private(set) var violations: [Violation] = []
  /// The largest error seen for each identity.
  public private(set) var worst: [String: Double] = [:]
  /// Where the checks are at, for messages; should hold the seed.
  public var context: String

  public init(_ context: String = "") { self.context = context }

  /// NaN is a violation.
  public mutating func expect(_ error: Double, atMost limit: Double, _ identity: String, _ detail: String = "") {
    let seen = worst[identity] ?? 0
    if !(error <= seen) { worst[identity] = error }
    if !(error <= limit) {
      let place = [context, detail].filter { !$0.isEmpty }.joined(separator: " ")
      violations.append(Violation(identity: identity, context: place, error: error, limit: limit))
    }
  }

  public mutating func expect(_ holds: Bool, _ identity: String, _ detail: String = "") {
    expect(holds ? 0 : .infinity, atMost: 0, identity, detail)
  }

  public mutating func merge(_ other: Findings) {
    violations += other.violations
    worst.merge(other.worst) { $0 > $1 || $0.isNaN ? $0 : $1 }
  }

  /// The identities that did not hold.
  public var violated: Set<String> { Set(violations.map(\.identity)) }

  /// Prints the largest errors, if the environment variable TEST_REPORT is set.
  public func report(_ title: String) {
    guard ProcessInfo.processInfo.environment["TEST_REPORT"] != nil else { return }
    for (identity, error) in worst.sorted(by: { $0.key < $1.key }) {
      print("worst | \(title) | \(identity) | \(error)")
    }
  }
}
