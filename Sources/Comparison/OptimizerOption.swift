import GaussNewton
import Optimization

/// What can be set of a training method, by the name that it has on the command line.
public enum OptimizerOption: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
  case learningRate = "learning-rate"
  case schedule
  case warmUp = "warm-up"
  case weightDecay = "weight-decay"
  case clipping
  case momentum
  case damping
  case fixedDamping = "fixed-damping"
  case solver
  case gradientAgreement = "gradient-agreement"

  /// By its name, or `lr` for the learning rate.
  public init?(name: String) {
    self.init(rawValue: name == "lr" ? Self.learningRate.rawValue : name)
  }

  /// What its value must be, for messages.
  var expectation: String {
    switch self {
    case .learningRate, .clipping, .fixedDamping: "a number above 0"
    case .damping: "auto or a number above 0"
    case .schedule: Schedule.allCases.map(\.rawValue).joined(separator: ", ")
    case .warmUp, .momentum: "a number from 0 to below 1"
    case .weightDecay: "a number of at least 0"
    case .solver: Solver.allCases.map(\.rawValue).joined(separator: ", ")
    case .gradientAgreement: "a cosine from -1 to below 1"
    }
  }

  /// Whether a number is in its range.
  func admits(_ value: Double) -> Bool {
    switch self {
    case .learningRate, .clipping, .fixedDamping, .damping: value > 0 && value.isFinite
    case .warmUp, .momentum: value >= 0 && value < 1
    case .weightDecay: value >= 0 && value.isFinite
    case .gradientAgreement: value >= -1 && value < 1
    case .schedule, .solver: false
    }
  }
}

/// Settings of a method. What is not set is the method's own default.
///
/// ```swift
/// var settings = OptimizerSettings()
/// settings[.learningRate] = 0.1
/// settings.schedule = .linear
/// ```
public struct OptimizerSettings: Sendable, Codable, Hashable {
  /// All options but `schedule` and `solver`.
  public private(set) var numbers: [OptimizerOption: Double] = [:]
  public var schedule: Schedule?
  public var solver: Solver?

  public init() {}

  /// - Precondition: a number is in the option's range.
  public subscript(option: OptimizerOption) -> Double? {
    get { numbers[option] }
    set {
      precondition(newValue.map(option.admits) ?? true, "\(option.rawValue) must be \(option.expectation)")
      numbers[option] = newValue
    }
  }

  /// The options that are set.
  public var given: [OptimizerOption] {
    OptimizerOption.allCases.filter { text(of: $0) != nil }
  }

  /// As it is written in a contestant.
  func text(of option: OptimizerOption) -> String? {
    switch option {
    case .schedule: schedule?.rawValue
    case .solver: solver?.rawValue
    default: numbers[option].map(NumberForm.short)
    }
  }

  /// Sets an option from text. Returns false if the value is none of it.
  mutating func set(_ option: OptimizerOption, to text: String) -> Bool {
    switch option {
    case .schedule:
      schedule = Schedule(rawValue: text)
      return schedule != nil
    case .solver:
      solver = Solver(rawValue: text)
      return solver != nil
    case .damping where text == "auto":
      numbers[.damping] = nil
      return true
    default:
      guard let value = Double(text), option.admits(value) else { return false }
      numbers[option] = value
      return true
    }
  }
}

enum NumberForm {
  /// The shortest text that reads back as `value`: 1, 0.1, 1e-05.
  static func short(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
