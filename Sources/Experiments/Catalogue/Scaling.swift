import GaussNewton
import LinearAlgebra
import Losses
import Models

/// What a step costs, measured and predicted.
struct Scaling: Experiment {
  let name = "scaling"
  let question = "What does a step cost in seconds, bytes and products, and does the cost model know?"

  /// Ways to a step.
  enum Method: String, CaseIterable, Sendable {
    case sgd
    case gram = "fgn-gram"
    case matrixFree = "fgn-cg"
    case dual = "ggn-dual"
    case parameterSpace = "ggn-cg"
    case egn

    /// In figures and tables.
    var title: String {
      switch self {
      case .sgd: "SGD"
      case .gram: "FGN, Gram"
      case .matrixFree: "FGN, matrix-free"
      case .dual: "GGN, dual"
      case .parameterSpace: "GGN, parameters"
      case .egn: "EGN"
      }
    }

    /// Nil for SGD.
    var system: (curvature: Curvature, solver: DescentOptions.Solver)? {
      switch self {
      case .sgd: nil
      case .gram: (.fgn, .gram)
      case .matrixFree: (.fgn, .cg)
      case .dual: (.ggn, .dual)
      case .parameterSpace: (.ggn, .cg)
      case .egn: (.ggn, .gram)
      }
    }

    /// Forward passes, pushforwards and pullbacks of a step with n iterations: what docs/mathematics.md says.
    func passes(iterations n: Int) -> Int {
      switch self {
      case .sgd, .gram, .dual, .egn: 2
      case .matrixFree: 1 + 2 * n
      case .parameterSpace: 3 + 2 * n
      }
    }
  }

  /// One point of a sweep.
  struct Shape: Sendable {
    /// What is varied: classes, batch, features or iterations.
    var sweep: String
    var classes = 100
    var batch = 32
    var features = 256
    /// n, of each conjugate gradient solve.
    var iterations = 8

    /// B C, the unknowns of EGN.
    var unknowns: Int { batch * classes }
    /// Numbers of the parameters, weights and biases.
    var parameters: Int { classes * (features + 1) }

    func methods(limit: Int) -> [Method] { Method.allCases.filter { $0 != .egn || unknowns <= limit } }
  }

  static func shapes(in setting: ExperimentSetting) -> [Shape] {
    let quick = setting.isQuick
    let classes = [10, 32, 100, 316, 1000, 3162, 10_000] + (quick ? [] : [31_623, 100_000])
    let batches = quick ? [8, 16, 32, 128, 512] : [8, 16, 32, 64, 128, 256, 512, 1024]
    let features = quick ? [32, 128, 512, 2048] : [32, 64, 128, 256, 512, 1024, 2048, 4096]
    let iterations = quick ? [1, 4, 16] : [1, 2, 4, 8, 16]
    // The features of the sweep over classes are fewer, for 100,000 of them to fit 1.5 GB.
    return classes.map { Shape(sweep: "classes", classes: $0, features: 128) }
      + batches.map { Shape(sweep: "batch", batch: $0) }
      + features.map { Shape(sweep: "features", features: $0) }
      + iterations.map { Shape(sweep: "iterations", iterations: $0) }
  }

  /// B C up to which EGN takes part: its cube is what takes time.
  static func limit(_ shape: Shape, in setting: ExperimentSetting) -> Int {
    setting.pick(full: 3200, quick: 1600) * (shape.sweep == "batch" ? 2 : 1)
  }

  func cases(in setting: ExperimentSetting) -> [Case] {
    Self.shapes(in: setting).flatMap { shape in
      let limit = Self.limit(shape, in: setting)
      let numbers = "classes=\(shape.classes) batch=\(shape.batch) features=\(shape.features)"
      return setting.seeds.map { seed in
        Case("\(shape.sweep) \(numbers) iterations=\(shape.iterations) limit=\(limit)", seed: seed) {
          ScalingCase(shape, methods: shape.methods(limit: limit), seed: seed).rows()
        }
      }
    }
  }
}

extension Scaling {
  /// Flops of a step at the speed of a product: the floor, a forward pass and a pullback, and what the solver is
  /// predicted to cost beyond it.
  static func flops(_ method: Method, _ shape: Shape, _ products: Linearizations.Costs) -> Double {
    let costs = SolverCosts(
      batch: Double(shape.batch), classes: Double(shape.classes), products: products,
      iterations: Double(shape.iterations), outputsFit: true)
    let beyond = method.system.flatMap { costs.flops($0.solver, curvature: $0.curvature) } ?? 0
    return products.forward + products.pullback + beyond
  }

  /// Bytes beyond parameters and batch, to leading order, as docs/mathematics.md has them, with the outputs' rows and
  /// the gradient in.
  static func bytes(_ method: Method, _ shape: Shape) -> Double {
    let (b, outputs) = (Double(shape.batch), Double(shape.unknowns))
    let parameters = Double(shape.parameters)
    let numbers =
      switch method {
      case .sgd: parameters + 2 * outputs
      case .gram: 5 * b * b + outputs
      case .matrixFree: 2 * parameters + outputs
      case .dual: 3 * b * b + 9 * outputs
      case .parameterSpace: 6 * parameters + 3 * outputs
      case .egn: outputs * outputs
      }
    return numbers * Double(MemoryLayout<Float>.stride)
  }
}
