import LinearAlgebra
import Losses
import Models

/// How the damped system is solved.
public enum Solver: String, Sendable, Codable, CaseIterable {
  /// The cheapest by the cost model.
  case automatic = "auto"
  /// Closed-form row Gram and Cholesky: exact. B rows for FGN and Fisher, B^2 (C + D) + B^3 / 3 flops for a head; B C
  /// rows for the GGN, in the symmetric form of Exact Gauss-Newton, (B C)^3 / 3 flops.
  case gram
  /// Conjugate gradient, matrix-free: in the whitened row space for FGN and Fisher, in parameter space for the GGN. One
  /// pushforward and one pullback an iteration.
  case cg
  /// Conjugate gradient on the closed-form row Gram, 2 B^2 flops an iteration. FGN and Fisher.
  case gramCG = "gram-cg"
  /// Conjugate gradient on the B C output rows of the GGN, where J J^T = K x I_C; 2 B^2 C flops an iteration.
  case dual
  /// The row system in the form of Duncan and Guttman, (H K + mu) alpha = -grad, as in arXiv 2405.14402: exact. Not
  /// symmetric, so by LU: twice the flops of `gram`. Cholesky where H = I.
  case duncanGuttman = "duncan-guttman"
  /// The row system in the form of Woodbury's identity: exact, and as dear as `gram`. Loses digits at small damping.
  case woodbury

  /// Whether it factors the system.
  public var isExact: Bool { self == .gram || self == .duncanGuttman || self == .woodbury }

  /// The solvers a curvature has.
  public static func available(for curvature: Curvature) -> [Solver] {
    switch curvature {
    case .fgn, .fisher: [.automatic, .gram, .cg, .gramCG, .duncanGuttman, .woodbury]
    case .ggn: [.automatic, .cg, .dual, .gram, .duncanGuttman, .woodbury]
    case .competitor: []
    }
  }
}

/// A solver and why it was taken.
public struct SolverChoice: Sendable {
  public var solver: Solver
  var costs: SolverCosts?
  var curvature: Curvature

  /// For people: what this solver is expected to cost, against the others.
  public var reason: String {
    guard let costs else { return "as asked" }
    let all = Solver.available(for: curvature).compactMap { solver in
      costs.flops(solver, curvature: curvature).map { "\(solver.rawValue) \(SolverCosts.short($0))" }
    }
    return "of \(all.joined(separator: ", ")) a step, at \(Int(costs.iterations)) iterations"
  }
}

/// Predicted cost of each way to a direction, beyond the forward pass and the one back-projection that plain SGD
/// also pays; in flops of a compute-bound product.
///
///     gram     row Gram + 3 B^3 / 3               the row Gram is B^2 (C + D) for a linear head
///     cg       n (M t and M^T w)                  n 4 B C D; for the GGN n (J t and J^T u)
///     gram-cg  row Gram + 10 n 2 B^2
///     dual     shared Gram + n 2 B^2 C
///     gram     of the GGN: C^2 row Grams, C forward passes and carryings back, 3 (B C)^3 / 3, 8 passes over (B C)^2
///
/// The factors 3 and 10 turn flops of slower routines into those of a product.
package struct SolverCosts: Sendable {
  var batch: Double
  var classes: Double
  var products: LinearizationCosts
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
    batch: Double, classes: Double, products: LinearizationCosts, iterations: Double, gramFits: Bool = true,
    outputsFit: Bool = false
  ) {
    self.batch = batch
    self.classes = classes
    self.products = products
    self.iterations = iterations
    self.gramFits = gramFits
    self.outputsFit = outputsFit
  }

  package func flops(_ solver: Solver, curvature: Curvature) -> Double? {
    let square = batch * batch
    if !gramFits && solver != .cg { return nil }
    if curvature == .ggn && solver == .gram && !outputsFit { return nil }
    switch (solver, curvature) {
    case (.gram, .fgn), (.gram, .fisher): return products.rowGram + Self.factorPenalty * batch * square / 3
    case (.gramCG, .fgn), (.gramCG, .fisher): return products.rowGram + iterations * 2 * square * Self.memoryPenalty
    case (.cg, .fgn), (.cg, .fisher): return iterations * (products.rowPullback + products.rowProducts)
    case (.cg, .ggn): return iterations * (products.pushforward + products.pullback)
    case (.gram, .ggn):
      let order = batch * classes
      let copies = classes * (products.forward + products.backpropagation) + classes * classes * products.rowGram
      return (products.sharedGram ?? copies) + Self.factorPenalty * order * order * order / 3
        + 8 * Self.memoryPenalty * order * order
    case (.dual, .ggn): return products.sharedGram.map { $0 + iterations * 2 * square * classes }
    default: return nil
    }
  }

  /// The cheapest solver of a curvature; the exact one if that adds less than a twentieth to the whole step.
  func choose(_ curvature: Curvature) -> SolverChoice {
    var best = (solver: Solver.automatic, flops: Double.infinity)
    for solver in Solver.allCases {
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
