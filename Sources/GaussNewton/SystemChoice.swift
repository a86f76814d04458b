import Losses
import Models
import Optimization

/// The types of system there are: which one keeps the work areas.
enum SystemKind: Sendable {
  case rowGram, rowProducts, outputGram, outputDual, parameters

  /// A system of this kind, without a batch.
  func make<ModelType: Model>(for model: ModelType.Type) -> any DampedSystem<ModelType> {
    switch self {
    case .rowGram: RowGramSystem<ModelType>()
    case .rowProducts: RowProductSystem<ModelType>()
    case .outputGram: OutputGramSystem<ModelType>()
    case .outputDual: OutputDualSystem<ModelType>()
    case .parameters: ParameterSystem<ModelType>()
    }
  }
}

/// One way to a direction: a solver of a form of curvature, the system that does it, and what it costs. The table of
/// them is all that is known of which solver there is for what.
struct Way: Sendable {
  var solver: DescentOptions.Solver
  /// Whether it solves for the Hessian itself; else for curvatures of one row an example.
  var isForHessian: Bool
  var kind: SystemKind
  /// Whether the automatic choice considers it: the other forms of the same system are for comparison.
  var isConsidered = true
  /// Whether it forms a B x B matrix, which must fit the memory budget; the GGN's Gram a (B C) x (B C) one.
  var formsGram = true
  /// Predicted flops beyond the forward pass and the one back-projection that plain SGD also pays, in flops of a
  /// compute-bound product; nil where the model does not allow it.
  var flops: @Sendable (SolverCosts) -> Double?

  func solves(_ curvature: Curvature) -> Bool { curvature.isSolvable && curvature.isHessian == isForHessian }

  /// By rows; the factors 3 and 10 turn flops of slower routines into those of a product.
  ///
  ///     gram     row Gram + 3 B^3 / 3               the row Gram is B^2 (C + D) for a linear head
  ///     cg       n (M t and M^T w)                  n 4 B C D; for the GGN n (J t and J^T u)
  ///     gram-cg  row Gram + 10 n 2 B^2
  ///     dual     shared Gram + n 2 B^2 C
  ///     gram     of the GGN: C^2 row Grams, C forward passes and carryings back, 3 (B C)^3 / 3, 8 passes over (B C)^2
  static let all: [Way] = [
    Way(solver: .gram, isForHessian: false, kind: .rowGram, flops: rowGramFlops),
    Way(solver: .cg, isForHessian: false, kind: .rowProducts, formsGram: false) {
      $0.iterations * ($0.products.rowPullback + $0.products.rowProducts)
    },
    Way(solver: .gramCG, isForHessian: false, kind: .rowGram) {
      $0.products.rowGram + $0.iterations * 2 * $0.batch * $0.batch * SolverCosts.memoryPenalty
    },
    Way(solver: .duncanGuttman, isForHessian: false, kind: .rowGram, isConsidered: false, flops: rowGramFlops),
    Way(solver: .woodbury, isForHessian: false, kind: .rowGram, isConsidered: false, flops: rowGramFlops),
    Way(solver: .cg, isForHessian: true, kind: .parameters, formsGram: false) {
      $0.iterations * ($0.products.pushforward + $0.products.pullback)
    },
    Way(solver: .dual, isForHessian: true, kind: .outputDual) { costs in
      costs.products.sharedGram.map { $0 + costs.iterations * 2 * costs.batch * costs.batch * costs.classes }
    },
    Way(solver: .gram, isForHessian: true, kind: .outputGram, flops: outputGramFlops),
    Way(solver: .duncanGuttman, isForHessian: true, kind: .outputGram, isConsidered: false, flops: outputGramFlops),
    Way(solver: .woodbury, isForHessian: true, kind: .outputGram, isConsidered: false, flops: outputGramFlops),
  ]

  static func find(_ solver: DescentOptions.Solver, for curvature: Curvature) -> Way? {
    all.first { $0.solver == solver && $0.solves(curvature) }
  }

  @Sendable private static func rowGramFlops(_ costs: SolverCosts) -> Double? {
    costs.products.rowGram + SolverCosts.factorPenalty * costs.batch * costs.batch * costs.batch / 3
  }

  @Sendable private static func outputGramFlops(_ costs: SolverCosts) -> Double? {
    guard costs.outputsFit else { return nil }
    let (products, classes, order) = (costs.products, costs.classes, costs.batch * costs.classes)
    let copies = classes * (products.forward + products.backpropagation) + classes * classes * products.rowGram
    return (products.sharedGram ?? copies) + SolverCosts.factorPenalty * order * order * order / 3
      + 8 * SolverCosts.memoryPenalty * order * order
  }
}

/// What the cost model reckons with on a batch.
package struct SolverCosts: Sendable {
  var batch: Double
  var classes: Double
  var products: Linearizations.Costs
  /// n: what conjugate gradient is expected to need.
  var iterations: Double
  /// Whether B x B matrices fit the memory budget.
  var gramFits: Bool
  /// Whether (B C) x (B C) matrices do.
  var outputsFit: Bool

  /// A factorisation runs at about a third of a product's speed, a symmetric matrix-vector product at a tenth.
  package static let factorPenalty = 3.0
  static let memoryPenalty = 10.0

  package init(
    batch: Double, classes: Double, products: Linearizations.Costs, iterations: Double, gramFits: Bool = true,
    outputsFit: Bool = false
  ) {
    self.batch = batch
    self.classes = classes
    self.products = products
    self.iterations = iterations
    self.gramFits = gramFits
    self.outputsFit = outputsFit
  }

  /// Predicted flops of a solver of a curvature; nil where it is not there, does not fit, or is for comparison alone.
  package func flops(_ solver: DescentOptions.Solver, curvature: Curvature) -> Double? {
    guard let way = Way.find(solver, for: curvature), way.isConsidered, gramFits || !way.formsGram else { return nil }
    return way.flops(self)
  }

  /// The cheapest solver of a curvature; the exact one if that adds less than a twentieth to the whole step.
  func choose(_ curvature: Curvature) -> SolverChoice {
    var best = (solver: DescentOptions.Solver.automatic, flops: Double.infinity)
    for solver in DescentOptions.Solver.allCases {
      if let flops = flops(solver, curvature: curvature), flops < best.flops { best = (solver, flops) }
    }
    let slack = 0.05 * (products.forward + products.pullback + best.flops)
    if let exact = flops(.gram, curvature: curvature), exact <= best.flops + slack { best.solver = .gram }
    return SolverChoice(solver: best.solver, costs: self, curvature: curvature)
  }

  static func short(_ flops: Double) -> String {
    let (value, unit) = flops >= 1e9 ? (flops / 1e9, "Gflop") : (flops / 1e6, "Mflop")
    return "\((value * 100).rounded() / 100) \(unit)"
  }
}

/// A solver and why it was taken.
package struct SolverChoice: Sendable {
  package var solver: DescentOptions.Solver
  var costs: SolverCosts?
  var curvature: Curvature

  /// For people: what this solver is expected to cost, against the others.
  package var reason: String {
    guard let costs else { return "as asked" }
    let all = DescentOptions.Solver.available(for: curvature).compactMap { solver in
      costs.flops(solver, curvature: curvature).map { "\(solver.rawValue) \(SolverCosts.short($0))" }
    }
    return "of \(all.joined(separator: ", ")) a step, at \(Int(costs.iterations)) iterations"
  }
}
