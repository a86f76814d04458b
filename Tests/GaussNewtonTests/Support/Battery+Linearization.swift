import GaussNewton
import LinearAlgebra
import Models
import Optimization
import TestSupport

private func dot<S: RealScalar>(_ a: [S], _ b: [S]) -> Double {
  zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

extension Problem {
  /// The products with the Jacobian and the closed forms, against explicit rows.
  func checkLinearization(_ reference: DenseReference, _ findings: inout Findings) {
    var generator = SeededGenerator(seed: 23)
    var linearization = model.makeLinearization()
    let (count, classes) = (reference.count, reference.classes)
    var outputs = Matrix<Scalar>(rows: 0, columns: 0)
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &outputs)
    let eps = epsilon(Scalar.self)
    let limit = slack * TestSupport.tolerance(Scalar.self, double: 1e-14, float: 1e-6)

    let u: Matrix<Scalar> = generator.matrix(count, classes)
    let v: [Scalar] = generator.vector(reference.parameterCount)
    var forward = Matrix<Scalar>(rows: count, columns: classes)
    linearization.pushforward(v, into: &forward)
    let expected = (0..<count).flatMap { reference.pushforward($0, v.wide) }
    findings.expect(relativeError(forward.elements, expected.map { Double($0) }), atMost: limit, "pushforward")

    // <u, J v> = <J^T u, v>, also with weights on the rows.
    let weights: [Scalar] = generator.vector(count)
    for weights in [nil, weights] {
      var back = [Scalar](repeating: .nan, count: reference.parameterCount)
      linearization.pullback(
        u, rowWeights: weights, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), into: &back)
      var scaled = u
      if let weights { RowKernels.scale(&scaled, by: weights) }
      let difference = (dot(scaled.elements, forward.elements) - dot(back, v)).magnitude
      let size = (dot(scaled.elements, scaled.elements) * dot(forward.elements, forward.elements)).squareRoot()
      findings.expect(difference / size, atMost: limit, "adjoint", weights == nil ? "" : "row weights")
    }

    // result = alpha J^T (w u) + beta result, with a factor for each kind of slice.
    let old: [Scalar] = generator.vector(reference.parameterCount)
    for (alpha, beta) in [
      (
        ParameterLayout.Factors<Scalar>(penalised: 0.5, free: 2),
        ParameterLayout.Factors<Scalar>(penalised: -1, free: 0.25)
      ),
      (ParameterLayout.Factors(penalised: -1, free: 1), ParameterLayout.Factors(penalised: 1, free: 0)),
    ] {
      var result = old
      linearization.pullback(u, rowWeights: weights, alpha: alpha, beta: beta, into: &result)
      var sum = [Wide](repeating: 0, count: old.count)
      for i in 0..<count {
        let row = u.row(i).map { Wide($0) * Wide(weights[i]) }
        for (j, x) in reference.pullback(i, row).enumerated() { sum[j] += x }
      }
      let exact = sum.indices.map { j -> Double in
        let isPenalised = reference.penalised[j] == 1
        let (a, b) = isPenalised ? (alpha.penalised, beta.penalised) : (alpha.free, beta.free)
        return Double(Wide(a) * sum[j] + Wide(b) * Wide(old[j]))
      }
      findings.expect(relativeError(result, exact), atMost: limit, "weighted pullback with alpha and beta")
    }

    // Closed forms. Rows by the definition, split into penalised and free parts.
    let rows = (0..<count).map { reference.pullback($0, u.row($0).map { Wide($0) }) }
    func product(_ i: Int, _ j: Int, penalised: Wide, free: Wide) -> Double {
      var sum: Wide = 0
      for k in 0..<reference.parameterCount {
        sum += (reference.penalised[k] == 1 ? penalised : free) * rows[i][k] * rows[j][k]
      }
      return Double(sum)
    }
    let closed = slack * (10 + 2 * Double(model.inputWidth + classes).squareRoot()) * eps
    var gram = Linearizations.RowGram<Scalar>()
    linearization.backpropagate(u)
    var changes = [Scalar](repeating: .nan, count: count)
    linearization.rowProducts(v, into: &changes)
    let image = (0..<count).map { i in zip(u.row(i), forward.row(i)).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    findings.expect(relativeError(changes, image), atMost: 10 * limit, "row products")
    linearization.rowGram(into: &gram)
    let (penalised, free) = (gram.penalised, gram.free)
    var norms = [Scalar](repeating: .nan, count: count)
    linearization.rowSquaredNorms(into: &norms)
    linearization.releaseCotangents()
    let lengths = (0..<count).map { product($0, $0, penalised: 1, free: 1).squareRoot() }
    for i in 0..<count {
      for j in 0...i {
        let size = lengths[i] * lengths[j]
        let first = (Double(penalised[i, j]) - product(i, j, penalised: 1, free: 0)).magnitude
        let second = (Double(free[i, j]) - product(i, j, penalised: 0, free: 1)).magnitude
        findings.expect(first / size, atMost: closed, "row Gram", "penalised part")
        findings.expect(second / size, atMost: closed, "row Gram", "free part")
      }
      findings.expect((Double(norms[i]) / (lengths[i] * lengths[i]) - 1).magnitude, atMost: closed, "row norms")
    }

    // J diag(metric) J^T = K x I_C.
    let metric = ParameterLayout.Factors<Scalar>(penalised: 0.25, free: 1.5)
    var shared = Matrix<Scalar>(rows: 0, columns: 0)
    guard linearization.sharedGram(metric: metric, into: &shared) else {
      findings.expect(!linearization.isIsotropic, "a shared Gram where J J^T is isotropic")
      return
    }
    for i in 0..<count {
      for j in 0..<count {
        for (c, d) in [(0, 0), (classes - 1, classes - 1), (0, classes - 1)] {
          func unit(_ c: Int) -> [Wide] { (0..<classes).map { $0 == c ? 1 : 0 } }
          let (left, right) = (reference.pullback(i, unit(c)), reference.pullback(j, unit(d)))
          var (sum, size): (Wide, Wide) = (0, 0)
          for k in 0..<left.count {
            let factor = Wide(reference.penalised[k] == 1 ? metric.penalised : metric.free)
            sum += factor * left[k] * right[k]
            size += factor * (left[k] * left[k] + right[k] * right[k]) / 2
          }
          let value = c == d ? Double(shared[i, j]) : 0
          findings.expect((value - Double(sum)).magnitude / Double(size), atMost: closed, "shared Gram")
        }
      }
    }
  }
}
