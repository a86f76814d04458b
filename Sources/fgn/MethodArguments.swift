import ArgumentParser
import FastGaussNewton

/// How steps are computed in training.
struct MethodArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "\(Self.names); fgn by default. Options may follow, such as sgd:learning-rate=0.1:momentum=0.9."))
  var optimizer: String?

  @Option(help: "Which matrix stands for the curvature: the same as --optimizer by that name.")
  var curvature: Curvature?

  @Option(.solver) var solver: String?
  @Option(.damping) var damping: String?
  @Option(.fixedDamping) var fixedDamping: String?
  @Option(.learningRate) var learningRate: String?
  @Option(.schedule) var schedule: String?
  @Option(.warmUp) var warmUp: String?
  @Option(.weightDecay) var weightDecay: String?
  @Option(.clipping) var clipping: String?
  @Option(.momentum) var momentum: String?
  @Option(.gradientAgreement) var gradientAgreement: String?

  /// Options of methods that are options of the command too. The others go into `--optimizer`.
  private static let declared: [(option: MethodOption, path: KeyPath<MethodArguments, String?> & Sendable)] = [
    (.solver, \.solver), (.damping, \.damping), (.fixedDamping, \.fixedDamping), (.learningRate, \.learningRate),
    (.schedule, \.schedule), (.warmUp, \.warmUp), (.weightDecay, \.weightDecay), (.clipping, \.clipping),
    (.momentum, \.momentum), (.gradientAgreement, \.gradientAgreement),
  ]

  private static var names: String { TrainingMethod.Name.allCases.map(\.rawValue).joined(separator: ", ") }

  /// Whether any of these options was given.
  var isGiven: Bool {
    optimizer != nil || curvature != nil || Self.declared.contains { self[keyPath: $0.path] != nil }
  }

  func validate() throws {
    if let curvature, !curvature.isSolvable {
      let names = Curvature.solvable.map(\.name)
      throw ValidationError(
        "--curvature must be \(names.dropLast().joined(separator: ", ")) or \(names.last ?? ""), got \(curvature.name)."
      )
    }
    _ = try method()
  }

  /// The method with the options that were given.
  func method() throws -> TrainingMethod {
    do {
      var method = try TrainingMethod(optimizer ?? curvature?.name ?? "fgn")
      if let curvature, method.name.rawValue != curvature.name {
        throw TrainingMethod.Failure("give --optimizer or --curvature, not both")
      }
      for (option, path) in Self.declared {
        if let value = self[keyPath: path] { try method.set(option.name, to: value) }
      }
      try method.check()
      return method
    } catch let error as TrainingMethod.Failure {
      throw ValidationError("\(error)")
    }
  }
}

extension Option where Value == String? {
  /// An option of methods, declared by its record.
  init(_ option: MethodOption) {
    self.init(
      name: .customLong(option.name), help: ArgumentHelp(option.help),
      completion: option.words.isEmpty ? nil : .list(option.words))
  }
}
