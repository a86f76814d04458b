import Errors

/// A method and its settings, as text: `NAME[:option=value...]`, such as `adam:lr=1e-3` or `sgd:momentum=0.9`.
///
/// ```swift
/// let contestant = try Contestant("sgd:lr=0.1:momentum=0.9")
/// print(contestant)  // sgd:learning-rate=0.1:momentum=0.9
/// ```
public struct Contestant: Sendable, Codable, Hashable, CustomStringConvertible {
  public var name: OptimizerName
  public var settings: OptimizerSettings

  public init(_ name: OptimizerName, _ settings: OptimizerSettings = OptimizerSettings()) {
    self.name = name
    self.settings = settings
  }

  /// - Throws: `ContestantError` for a name, an option or a value that is unknown, with the nearest that exists, or an
  ///   option that the method does not have.
  public init(_ text: String) throws(ContestantError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    try self.init(OptimizerName(naming: parts[0]))
    for part in parts.dropFirst() {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2 else {
        throw ContestantError("\(text): expected option=value after a colon, got \"\(part)\"")
      }
      try set(sides[0], to: sides[1])
    }
    try check()
  }

  /// Sets one option by name.
  public mutating func set(_ option: String, to value: String) throws(ContestantError) {
    guard let known = OptimizerOption(name: option) else {
      let nearest = NearestName.suggestion(for: option, among: OptimizerOption.allCases.map(\.rawValue))
      throw ContestantError(
        "unknown option \"\(option)\" for \(name.rawValue), did you mean \(nearest ?? "")? It has \(name.optionList)")
    }
    guard name.traits.options.contains(known) else {
      throw ContestantError("\(name.rawValue) has no \(known.rawValue)\(name.instead(of: known))")
    }
    guard settings.set(known, to: value) else {
      throw ContestantError("\(known.rawValue) of \(name.rawValue) must be \(known.expectation), got \(value)")
    }
  }

  /// - Throws: `ContestantError` if settings exclude each other or the method has no such solver.
  public func check() throws(ContestantError) {
    for group: [OptimizerOption] in [
      [.damping, .fixedDamping, .gainRatio], [.dampingFactor, .fixedDamping, .gainRatio], [.momentum, .averaging],
    ] {
      let given = group.filter { settings[$0] != nil }
      guard given.count < 2 else {
        throw ContestantError("\(name.rawValue): give \(given.map(\.rawValue).joined(separator: " or ")), not both")
      }
    }
    if let solver = settings.solver, !name.traits.solvers.contains(solver) {
      let names = name.traits.solvers.map(\.rawValue).joined(separator: ", ")
      throw ContestantError("solver for \(name.rawValue) must be one of \(names), got \(solver.rawValue)")
    }
    if name == .nesterov, settings[.momentum] == 0 {
      throw ContestantError("momentum of nesterov must be above 0: without it, it is sgd")
    }
  }

  public var description: String {
    ([name.rawValue] + settings.given.map { "\($0.rawValue)=\(settings.text(of: $0) ?? "")" }).joined(separator: ":")
  }

  /// The number that its grid varies: none where the method has none, or where it is set.
  public var gridOption: OptimizerOption? {
    guard let option = name.traits.grid?.option, settings[option] == nil else { return nil }
    return option == .damping && settings[.gainRatio] != nil ? nil : option
  }

  /// `count` settings whose grid option is spread evenly by ratio, `factor` from one to the next, around its default;
  /// itself alone where there is nothing to vary.
  public func grid(count: Int, factor: Double) -> [Contestant] {
    guard let option = gridOption, let centre = name.traits.grid?.value, count > 1 else { return [self] }
    return (0..<count).map { index in
      var contestant = self
      contestant.settings[option] = NumberForm.rounded(centre * power(factor, Double(index) - Double(count - 1) / 2))
      return contestant
    }
  }
}

/// What is wrong with the text of a contestant, and what would be right.
public struct ContestantError: FGNError, Equatable {
  public var message: String

  public init(_ message: String) { self.message = message }

  public var code: ErrorCode { .badOption }

  public func text(_ words: (Remedy) -> String) -> String { message }
}

extension NumberForm {
  /// To two digits.
  static func rounded(_ value: Double) -> Double {
    let exponent = floor(log10(value)) - 1
    return Double("\(Int((value / pow(10, exponent)).rounded()))e\(Int(exponent))") ?? value
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
private func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
