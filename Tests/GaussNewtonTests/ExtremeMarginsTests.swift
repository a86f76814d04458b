import Foundation
import GaussNewton
import LinearAlgebra
import Losses
import TestSupport
import Testing

/// Margins from -1e4 to 1e4: the golden values of loss, residual and weight, made from logits with that very margin.
@Suite struct ExtremeMarginsTests {
  struct Golden: Decodable {
    let margins, loss, residual, weight, sqrtWeight: GoldenCase.Tensor
  }

  /// Logits whose competitors' log-sum-exp is known exactly: one competitor, one that counts and others that do not,
  /// or `classes - 1` equal ones, where the margin is short of the wanted one by log(classes - 1).
  enum Arrangement: CaseIterable {
    case two, oneAmongNegligible, manyEqual

    func logits<S: RealScalar>(_ margin: Double, offset: Double, as type: S.Type) -> (z: [S], label: Int32) {
      switch self {
      case .two: return ([S(margin), 0], 0)
      case .oneAmongNegligible: return ([S(-3e4), S(offset), S(margin + offset), S(-3e4 + offset)], 2)
      case .manyEqual:
        // 1024 competitors at -10 log 2: their log-sum-exp is zero, but for the rounding of the logits.
        return ([S](repeating: S(-10 * wideLog(2)), count: 1024) + [S(margin)], 1024)
      }
    }
  }

  func check<S: RealScalar>(_ type: S.Type, _ arrangement: Arrangement, offset: Double) throws -> Findings {
    let golden = try JSONDecoder().decode(Golden.self, from: GoldenCase.data("extreme-margins"))
    var findings = Findings("\(S.precisionName) \(arrangement) offset \(offset)")
    let limit = tolerance(S.self, double: 1e-10, float: 2e-4)
    let smallest = Double(S.leastNormalMagnitude)
    for (i, margin) in golden.margins.data.enumerated() {
      let (z, label) = arrangement.logits(margin, offset: offset, as: S.self)
      let rows = MarginRows(logits: Matrix(rows: 1, columns: z.count, elements: z), labels: [label])
      func compare(_ value: Double, _ expected: Double, _ identity: String) {
        // What is below the smallest normal number in this precision is compared to zero.
        let error = expected < smallest ? (value < 2 * smallest ? 0 : value) : relativeError(value, to: expected)
        findings.expect(error, atMost: limit, identity, "margin \(margin)")
      }
      findings.expect(
        (Double(rows.margin[0]) - margin).magnitude, atMost: limit * max(1, margin.magnitude), "margin",
        "margin \(margin)")
      compare(Double(rows.loss[0]), golden.loss.data[i], "loss")
      compare(Double(rows.residual[0]), golden.residual.data[i], "residual")
      compare(Double(rows.rootWeight[0] * rows.rootWeight[0]), golden.weight.data[i], "weight")
      compare(Double(rows.rootWeight[0]), golden.sqrtWeight.data[i], "sqrt weight")
      findings.expect(rows.rows.elements.isFinite, "rows are finite")
      findings.expect(rows.rows[0, Int(label)] == 1, "a_y is one")
    }
    return findings
  }

  @Test(arguments: Arrangement.allCases, [0.0, 2, -64])
  func goldenValues(_ arrangement: Arrangement, offset: Double) throws {
    var findings = try check(Float.self, arrangement, offset: offset)
    findings.report("extreme float32")
    #expect(findings.violations.isEmpty)
    findings = try check(Double.self, arrangement, offset: offset)
    findings.report("extreme float64")
    #expect(findings.violations.isEmpty)
  }
}
