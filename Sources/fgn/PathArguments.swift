import ArgumentParser
import FastGaussNewton

/// Several penalties in place of one.
struct PathArguments: ParsableArguments {
  @Option(
    help: """
      Several penalties for --to-optimum, each fitted from the optimum before; validation examples choose. How many, \
      2 to 1000, or values above 0 with commas between them.
      """)
  var l2Path: String?

  func validate() throws {
    guard l2Path.map({ Self.grid($0) != nil }) ?? true else {
      throw ValidationError(
        "--l2-path must be a number of points, 2 to 1000, or several values above 0 such as 1e-2,1e-3, got "
          + "\(l2Path ?? "").")
    }
  }

  /// What goes with it, and what does not.
  func check(toOptimum: Bool, hasPenalty: Bool, hasInitial: Bool, hasValidation: Bool) throws {
    guard l2Path != nil else { return }
    try require(toOptimum, "--l2-path goes with --to-optimum.")
    try require(!hasPenalty, "Give --l2 or --l2-path, not both.")
    try require(!hasInitial, "--l2-path starts from zero: without --initial.")
    try require(hasValidation, "--l2-path chooses by validation examples: give --validation or --validation-fraction.")
  }

  /// Nil without --l2-path.
  func options(_ optimum: SoftmaxRegression.Options) -> SoftmaxRegression.PathOptions? {
    guard let grid = l2Path.flatMap(Self.grid) else { return nil }
    var options = SoftmaxRegression.PathOptions()
    options.optimum = optimum
    options.values = grid.values
    options.points = grid.points ?? options.points
    return options
  }

  private static func grid(_ text: String) -> (points: Int?, values: [Double]?)? {
    if let points = Int(text) { return 2...1000 ~= points ? (points, nil) : nil }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Double($0) }
    return values.count == parts.count && values.allSatisfy { $0 > 0 && $0.isFinite } ? (nil, values) : nil
  }
}
