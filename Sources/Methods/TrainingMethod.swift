import Errors
import Optimization
import RealModule

/// A method and its settings, as text: `NAME[:option=value...]`, such as `adam:lr=1e-3` or `sgd:momentum=0.9`.
///
/// ```swift
/// let method = try TrainingMethod("sgd:lr=0.1:momentum=0.9")
/// print(method)  // sgd:learning-rate=0.1:momentum=0.9
/// ```
public struct TrainingMethod: Sendable, Codable, Hashable, CustomStringConvertible {
  public var name: TrainingMethod.Name
  package var settings: MethodSettings

  package init(_ name: TrainingMethod.Name, _ settings: MethodSettings = MethodSettings()) {
    self.name = name
    self.settings = settings
  }

  /// - Throws: `TrainingMethod.Failure` for a name, an option or a value that is unknown, with the nearest that exists,
  ///   or an option that the method does not have.
  public init(_ text: String) throws(TrainingMethod.Failure) {
    let parts: NameWithSettings
    do { parts = try NameWithSettings(text) } catch { throw TrainingMethod.Failure(error.description) }
    try self.init(TrainingMethod.Name(naming: parts.name))
    for (option, value) in parts.settings { try set(option, to: value) }
    try check()
  }

  /// Sets one option by name.
  public mutating func set(_ option: String, to value: String) throws(TrainingMethod.Failure) {
    guard let known = MethodOption(name: option) else {
      let nearest = NearestName.suggestion(for: option, among: MethodOption.all.map(\.name))
      throw TrainingMethod.Failure(
        "unknown option \"\(option)\" for \(name.rawValue), did you mean \(nearest ?? "")? It has \(name.optionList)")
    }
    let own = try name.option(known)
    guard settings.set(own, to: value) else { throw refusal(of: own, value) }
  }

  /// - Throws: `TrainingMethod.Failure` if the method does not have an option that is set, or does not admit its value,
  ///   or if settings exclude each other.
  public func check() throws(TrainingMethod.Failure) {
    let given = settings.given
    for option in given {
      let own = try name.option(option)
      if let value = settings[option], !own.admits(value) { throw refusal(of: own, value.text) }
      if let other = option.excludes.first(where: given.contains) {
        throw TrainingMethod.Failure("\(name.rawValue): give \(other.name) or \(option.name), not both")
      }
    }
  }

  private func refusal(of option: MethodOption, _ value: String) -> TrainingMethod.Failure {
    TrainingMethod.Failure("\(option.name) of \(name.rawValue) must be \(option.expectation), got \(value)")
  }

  public var description: String {
    ([name.rawValue] + settings.given.map { "\($0.name)=\(settings[$0]?.text ?? "")" }).joined(separator: ":")
  }
}

extension TrainingMethod {
  /// What is wrong with the text of a method, and what would be right.
  public struct Failure: FGNError, Equatable {
    public var message: String
    public var code: ErrorCode { .badOption }

    public init(_ message: String) { self.message = message }

    public func text(_ words: (Remedy) -> String) -> String { message }
  }
}

/// The grid of a method that needs tuning.
extension TrainingMethod {
  /// The number that its grid varies: none where the method has none, or where it is set.
  package var gridOption: MethodOption? {
    guard let option = name.form.grid?.option, settings[option] == nil else { return nil }
    return option == .damping && settings[.gainRatio] != nil ? nil : option
  }

  /// `count` settings whose grid option is spread evenly by ratio, `factor` from one to the next, around its default;
  /// itself alone where there is nothing to vary, for a factor that is not above 1, and where the grid would leave the
  /// numbers from 1e-100 to 1e100.
  public func grid(count: Int, factor: Double) -> [TrainingMethod] {
    guard let option = gridOption, let centre = name.form.grid?.centre, count > 1, factor > 1,
      Double(count) * Double.log10(factor) < 100
    else { return [self] }
    return (0..<count).map { setting(option, centre * Double.pow(factor, Double($0) - Double(count - 1) / 2)) }
  }

  /// This method with `option` at a value of the grid, rounded to two digits.
  package func setting(_ option: MethodOption, _ value: Double) -> TrainingMethod {
    let exponent = Double.log10(value).rounded(.down) - 1
    var result = self
    result.settings[option] = .number(
      Double("\(Int((value / Double.pow(10, exponent)).rounded()))e\(Int(exponent))") ?? value)
    return result
  }
}
