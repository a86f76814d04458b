import Optimization

/// One row of the table of methods: what a method is, what can be set of it and where that goes in its options.
package struct MethodForm: Sendable {
  /// For people, in a line.
  package let summary: String
  /// What can be set, as this method admits it, in the order of messages.
  package let options: [MethodOption]
  /// What options are where nothing is set; those without a value there are left out.
  package let defaults: [MethodOption: OptionValue]
  /// The number that a small grid varies, and the middle of the grid. Nil for methods that need no tuning.
  package let grid: (option: MethodOption, centre: Double)?
  /// Whether a step takes all training rows, unless somebody says otherwise.
  package let takesAllRows: Bool
  /// The method's options with `settings` in them.
  let applying: @Sendable (MethodSettings) -> any MethodOptions

  /// - Parameters:
  ///   - prototype: the method's options with its defaults.
  ///   - places: the options, and where each goes. Every method has `gradient-agreement`, which is not in its options.
  ///   - grid: the option that needs tuning, and the middle of the grid.
  init<Options: MethodOptions>(
    _ summary: String, _ prototype: Options, _ places: [OptionPlace<Options>],
    grid: (option: MethodOption, centre: Double)? = nil, takesAllRows: Bool = false
  ) {
    self.summary = summary
    options = places.map(\.option) + [.gradientAgreement]
    defaults = Dictionary(
      uniqueKeysWithValues: places.compactMap { place in place.read(prototype).map { (place.option, $0) } })
    self.grid = grid
    self.takesAllRows = takesAllRows
    applying = { settings in
      var result = prototype
      for place in places { if let value = settings[place.option] { place.write(value, &result) } }
      return result
    }
  }
}

/// Where an option goes in the options of a method.
struct OptionPlace<Options: MethodOptions>: Sendable {
  let option: MethodOption
  /// Nil where a method's options hold no value for it.
  let read: @Sendable (Options) -> OptionValue?
  let write: @Sendable (OptionValue, inout Options) -> Void

  init(_ option: MethodOption, _ path: WritableKeyPath<Options, Double> & Sendable) {
    self.option = option
    read = { .number($0[keyPath: path]) }
    write = { if let number = $0.number { $1[keyPath: path] = number } }
  }

  init(_ option: MethodOption, _ path: WritableKeyPath<Options, Double?> & Sendable) {
    self.option = option
    read = { $0[keyPath: path].map(OptionValue.number) }
    write = { $1[keyPath: path] = $0.number }
  }

  init(_ option: MethodOption, _ path: WritableKeyPath<Options, Int> & Sendable) {
    self.option = option
    read = { .number(Double($0[keyPath: path])) }
    write = { if let number = $0.number { $1[keyPath: path] = Int(number) } }
  }

  init<Word: RawRepresentable<String> & SendableMetatype>(
    _ option: MethodOption, _ path: WritableKeyPath<Options, Word> & Sendable
  ) {
    self.option = option
    read = { .word($0[keyPath: path].rawValue) }
    write = { if let word = $0.word.flatMap(Word.init) { $1[keyPath: path] = word } }
  }
}
