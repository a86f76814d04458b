/// An option that is out of its range, or does not go with the model or with another option.
///
/// ```
/// batch-size must be at least 1, got 0
/// ```
public struct OptionError: FGNError, Equatable {
  public var code: ErrorCode
  /// The option's name, in lower case with hyphens.
  public var option: String
  /// What it must be, and what was got: the sentence without its subject.
  public var message: String

  /// - Parameter code: `badData` where the option is fine and the model or the data do not go with it.
  public init(_ option: String, _ message: String, code: ErrorCode = .badOption) {
    (self.option, self.message, self.code) = (option, message, code)
  }

  public func text(_ words: (Remedy) -> String) -> String { "\(option) \(message)" }

  /// Throws "`option` must be `expectation`, got `value`" unless `isValid`.
  package static func check(
    _ isValid: Bool, _ option: String, _ expectation: String, got value: some CustomStringConvertible
  ) throws(OptionError) {
    if !isValid { throw OptionError(option, "must be \(expectation), got \(value)") }
  }

  /// Throws unless `l2` is a penalty.
  package static func checkPenalty(_ l2: Double) throws(OptionError) {
    try check(l2 >= 0 && l2.isFinite, "l2", "0 or more", got: l2)
  }

  /// Throws unless there is no time limit, or one above 0.
  package static func check(timeLimit: Double?) throws(OptionError) {
    try check(timeLimit.map { $0 > 0 } ?? true, "time-limit", "above 0", got: timeLimit ?? 0)
  }
}
