import Optimization

extension TrainingMethod.Name {
  /// - Throws: `TrainingMethod.Failure` with the nearest name.
  public init(naming text: String) throws(TrainingMethod.Failure) {
    if let known = Self(rawValue: text) {
      self = known
      return
    }
    let names = Self.allCases.map(\.rawValue)
    throw TrainingMethod.Failure(
      "unknown optimizer \"\(text)\", did you mean \(NearestName.suggestion(for: text, among: names) ?? "")? "
        + "There are \(names.joined(separator: ", "))")
  }

  /// What it is, in a line.
  public var summary: String { form.summary }

  /// What can be set of it, as it admits it.
  package var options: [MethodOption] { form.options }

  /// What an option is where it is not set; nil where the method decides for itself, or has no such option.
  package func defaultValue(of option: MethodOption) -> OptionValue? { form.defaults[option] }

  /// Whether a step takes all training rows, unless somebody says otherwise: its line searches want one objective.
  public var takesAllRows: Bool { form.takesAllRows }

  /// Examples in a step where none are asked for, of `count`.
  public func batchSize(of count: Int) -> Int { takesAllRows ? count : 128 }

  /// What to do about a run that diverged: that depends on the method.
  public var divergenceRemedy: String {
    let options = options
    var advice = "standardise the features or use double"
    if options.contains(.learningRate) {
      advice = "lower the learning rate, add warm-up or clipping, or \(advice)"
    } else if options.contains(.damping) {
      advice = "raise the damping, \(advice)"
    }
    return "\(rawValue) diverged, the objective lost or every step of an epoch refused: \(advice)"
  }

  /// An option as this method admits it.
  ///
  /// - Throws: `TrainingMethod.Failure` that says what it has instead.
  func option(_ option: MethodOption) throws(TrainingMethod.Failure) -> MethodOption {
    let options = options
    if let own = options.first(where: { $0 == option }) { return own }
    var reason = ""
    if option == .learningRate {
      reason = "\(options.contains(.damping) ? "its damping" : "a line search") sets how far a step goes; "
    }
    throw TrainingMethod.Failure("\(rawValue) has no \(option.name): \(reason)it has \(optionList)")
  }

  /// Its options, for messages.
  var optionList: String { options.map(\.name).joined(separator: ", ") }
}
