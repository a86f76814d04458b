import Baselines
import GaussNewton
import Optimization

/// What can be set of a training method, by the name that it has in the text of a contestant.
public enum OptimizerOption: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
  case learningRate = "learning-rate"
  case schedule
  case warmUp = "warm-up"
  case weightDecay = "weight-decay"
  case clipping
  case momentum
  case averaging
  case damping
  case dampingFactor = "damping-factor"
  case fixedDamping = "fixed-damping"
  case gainRatio = "gain-ratio"
  case solver
  case lineSearch = "line-search"
  case trustRegion = "trust-region"
  case weightFloor = "weight-floor"
  case memoryBudget = "memory-budget"
  case memory
  case metric
  case iterations
  case interval
  case gradientAgreement = "gradient-agreement"

  /// By its name, or `lr` for the learning rate.
  public init?(name: String) {
    self.init(rawValue: name == "lr" ? Self.learningRate.rawValue : name)
  }

  /// The words that it may be; nil for a number.
  public var words: [String]? {
    switch self {
    case .schedule: Schedule.allCases.map(\.rawValue)
    case .solver: Solver.allCases.map(\.rawValue)
    case .lineSearch: ["armijo", "none"]
    case .metric: LBFGSOptions.Metric.allCases.map(\.rawValue)
    default: nil
    }
  }

  /// What its value must be, for messages.
  var expectation: String {
    switch self {
    case .learningRate, .clipping, .dampingFactor, .fixedDamping, .gainRatio: "a number above 0"
    case .damping: "auto or a number above 0"
    case .trustRegion: "a number above 0, or inf"
    case .weightFloor: "a number from 0 to below 0.25"
    case .memoryBudget: "a whole number of megabytes from 1"
    case .schedule, .solver, .lineSearch, .metric: "one of \(words?.joined(separator: ", ") ?? "")"
    case .warmUp, .momentum, .averaging: "a number from 0 to below 1"
    case .weightDecay: "a number of at least 0"
    case .memory, .iterations, .interval: "a whole number from 1"
    case .gradientAgreement: "a cosine from -1 to 1"
    }
  }

  /// Whether a number is in its range.
  func admits(_ value: Double) -> Bool {
    switch self {
    case .learningRate, .clipping, .damping, .dampingFactor, .fixedDamping, .gainRatio: value > 0 && value.isFinite
    case .trustRegion: value > 0
    case .weightFloor: value >= 0 && value < 0.25
    case .memoryBudget: value >= 1 && value <= 1e9 && value == value.rounded()
    case .warmUp, .momentum, .averaging: value >= 0 && value < 1
    case .weightDecay: value >= 0 && value.isFinite
    case .memory, .iterations, .interval: value >= 1 && value <= 1e6 && value == value.rounded()
    case .gradientAgreement: value >= -1 && value <= 1
    case .schedule, .solver, .lineSearch, .metric: false
    }
  }
}

/// Settings of a method. What is not set is the method's own default.
///
/// ```swift
/// var settings = OptimizerSettings()
/// settings[.learningRate] = 0.1
/// settings.set(.schedule, to: "linear")
/// ```
public struct OptimizerSettings: Sendable, Hashable {
  private var numbers: [OptimizerOption: Double] = [:]
  private var words: [OptimizerOption: String] = [:]

  public init() {}

  /// An option that is a number.
  ///
  /// - Precondition: it is in the option's range.
  public subscript(option: OptimizerOption) -> Double? {
    get { numbers[option] }
    set {
      precondition(newValue.map(option.admits) ?? true, "\(option.rawValue) must be \(option.expectation)")
      numbers[option] = newValue
    }
  }

  public var schedule: Schedule? { words[.schedule].flatMap(Schedule.init) }
  public var solver: Solver? { words[.solver].flatMap(Solver.init) }
  public var metric: LBFGSOptions.Metric? { words[.metric].flatMap(LBFGSOptions.Metric.init) }
  public var lineSearch: Bool? { words[.lineSearch].map { $0 == "armijo" } }

  /// The options that are set.
  public var given: [OptimizerOption] { OptimizerOption.allCases.filter { text(of: $0) != nil } }

  /// As it is written in a contestant.
  func text(of option: OptimizerOption) -> String? { words[option] ?? numbers[option].map(NumberForm.short) }

  /// Sets an option from text. Returns false, and changes nothing, if the value is none of it.
  @discardableResult public mutating func set(_ option: OptimizerOption, to text: String) -> Bool {
    if let all = option.words {
      guard all.contains(text) else { return false }
      words[option] = text
    } else if option == .damping, text == "auto" {
      numbers[.damping] = nil
    } else {
      guard let value = Double(text), option.admits(value) else { return false }
      numbers[option] = value
    }
    return true
  }
}

/// As an object of texts: {"learning-rate": "0.1"}.
extension OptimizerSettings: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    for (option, text) in try container.decode([OptimizerOption: String].self) where !set(option, to: text) {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(option.rawValue) must be \(option.expectation), got \(text)")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Dictionary(uniqueKeysWithValues: given.map { ($0, text(of: $0) ?? "") }))
  }
}

enum NumberForm {
  /// The shortest text that reads back as `value`: 1, 0.1, 1e-05.
  static func short(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
