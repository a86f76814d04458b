extension Linearizations {
  /// What `checkLinearization` found: a verdict for each property of each layer, then of the whole model.
  public struct Report: Sendable, CustomStringConvertible {
    /// A property that a linearisation must have.
    public enum Check: String, Sendable, CaseIterable {
      case trainable = "can be trained"
      case shape = "shapes"
      case finite = "finite"
      case determinism = "same answers twice"
      case inputLinearity = "linear, inputs"
      case inputAdjoint = "adjoint, inputs"
      case inputDifferences = "finite differences, inputs"
      case independentRows = "rows do not mix"
      case bothTangents = "both tangents"
      case linearity = "linear"
      case adjoint = "adjoint"
      case differences = "finite differences"
      case rowWeights = "row weights"
      case factors = "alpha and beta"
      case ownParameters = "only its own parameters"
      case rowPullback = "pullback of carried cotangents"
      case rowProducts = "row products"
      case rowGradients = "row gradients"
      case rowGram = "row Gram"
      case rowSquaredNorms = "row squared norms"
      case sharedGram = "shared Gram"
      case isotropy = "isotropic"
      case costs = "costs"
    }

    /// One property of one layer, or of the model.
    public struct Verdict: Sendable {
      public let check: Check
      /// Path and type of the layer, as in "2.body.0 (dense)", or "model".
      public let layer: String
      /// Relative error, the largest that was seen. For finite differences the median over random directions.
      public let error: Double
      public let limit: Double
      /// What to look at if it failed; else a remark, mostly empty.
      public let advice: String

      /// NaN does not pass.
      public var passed: Bool { error <= limit }
    }

    /// In the order of the checks: layers from the input on, inner ones before the composite layer, then the model.
    public internal(set) var verdicts: [Verdict] = []

    public var passed: Bool { failures.isEmpty }

    public var failures: [Verdict] { verdicts.filter { !$0.passed } }

    /// Where to look first: the layers that failed although everything inside them passed; "model" if only that failed.
    public var faultyLayers: [String] {
      var labels: [String] = []
      for verdict in failures where verdict.layer != "model" && !labels.contains(verdict.layer) {
        labels.append(verdict.layer)
      }
      func path(_ label: String) -> String { String(label.prefix { $0 != " " }) }
      let innermost = labels.filter { outer in !labels.contains { path($0).hasPrefix(path(outer) + ".") } }
      return innermost.isEmpty && !passed ? ["model"] : innermost
    }

    /// A table of the verdicts, the failures with advice.
    public var description: String {
      let count = verdicts.count
      var lines = [
        passed
          ? "linearization: \(count) checks passed"
          : "linearization: \(failures.count) of \(count) checks FAILED; look at \(faultyLayers.joined(separator: ", "))"
      ]
      let headings = ["layer", "check", "error", "limit", ""]
      let rows = verdicts.map {
        [
          $0.layer, $0.check.rawValue, Self.short($0.error), Self.short($0.limit), $0.passed ? "ok" : "FAILED",
        ]
      }
      let widths = headings.indices.map { column in ([headings] + rows).map { $0[column].count }.max() ?? 0 }
      func line(_ cells: [String]) -> String {
        let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        return "  " + padded.dropLast().joined(separator: "  ") + "  " + cells[cells.count - 1]
      }
      lines.append(line(headings))
      for (verdict, cells) in zip(verdicts, rows) {
        lines.append(line(cells))
        if !verdict.advice.isEmpty { lines.append("      " + verdict.advice) }
      }
      return lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }.joined(separator: "\n")
    }

    /// Two digits and a power of ten.
    static func short(_ value: Double) -> String {
      guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
      var (mantissa, exponent) = (value.magnitude, 0)
      while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
      while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
      let digits = Int((mantissa * 10).rounded())
      return "\(value < 0 ? "-" : "")\(digits / 10).\(digits % 10)e\(exponent)"
    }
  }
}

extension Linearizations.Report.Check {
  /// What a failure mostly means.
  var advice: String {
    switch self {
    case .trainable: ""
    case .shape: "outputs, results or inputs have another shape than layout, outputShape and widths say"
    case .finite: "NaN or infinity: a result that is read before it is written, an overflow, or a bad point"
    case .determinism:
      "answers depend on what was asked before, on an older batch left in work areas, or on an unseeded random number"
    case .inputLinearity, .linearity:
      "pushforward or pullback is not linear in its tangent or cotangent: a term that does not scale with it"
    case .inputAdjoint: "pullback is not the transpose of pushforward in the input; compare them term by term"
    case .adjoint: "pullback is not the transpose of pushforward in the parameters; compare them term by term"
    case .inputDifferences:
      "pushforward is not the derivative of the outputs by the input: a wrong or missing term (adjoint ok: in both), "
        + "or a kink at the point"
    case .differences:
      "pushforward is not the derivative of the outputs by the parameters: a wrong or missing term (adjoint ok: in "
        + "both), or a kink at the point"
    case .independentRows: "outputs of a row depend on the inputs of another row; then rows have no Gram of their own"
    case .bothTangents: "pushforward of both tangents is not the sum of the two"
    case .rowWeights: "pullback with rowWeights w is not the pullback of the cotangents with row i times w_i"
    case .factors: "result is not alpha J^T u + beta result, each slice with its own factor (weights and biases differ)"
    case .ownParameters: "elements of the result outside the layer's trainable slices were changed, or frozen ones read"
    case .rowPullback: "after the cotangents were carried back, the pullback with row weights differs from a whole one"
    case .rowProducts: "rowProducts (addRowProducts) is not cotangent_i . (J t)_i, added to what is there"
    case .rowGradients: "rowGradients differ from pullbacks of the single rows"
    case .rowGram: "the row Gram is not that of the explicit rows, or a slice's part went to the wrong one of the two"
    case .rowSquaredNorms: "not the diagonal of the row Gram: the norms of the explicit rows"
    case .sharedGram: "J diag(metric) J^T is not K x I: return false unless it has that form"
    case .isotropy: "J_i J_i^T is not a multiple of the identity: leave isIsotropic false"
    case .costs: "costs must be finite and not negative: the choice of a solver rests on them"
    }
  }
}
