import LinearAlgebra

/// Tests a model's linearisation at one point on one batch: that its products are those of the derivative, and that all
/// closed forms agree with the products.
///
/// Determinism; linearity and the adjoint identity <u, J v> = <J^T u, v>; J v against central differences of the
/// outputs; row weights, alpha and beta; then what follows `backpropagate` (pullback, row products, row Gram, squared
/// norms) against explicit rows. For a `Network` each layer is tested so first, at the input that it has there, with
/// respect to its input and its parameters, and the inner layers of a `CompositeLayer` before it: the report names the
/// layer at fault. See docs/models.md.
///
/// Take a small batch and a small model: it costs some thirty forward passes (for each layer twice that), R pullbacks
/// and R P numbers. Take parameters that are not special: at zeros much is zero, and a wrong product with it. Start in
/// Double, where small mistakes show; Float then shows what is wrong in single precision only.
///
/// Finite differences are wrong across a kink (ReLU, maxima). So three directions are tried with three steps each, and
/// the median direction counts; outputs with another slope on either side of the point may have any slope between; and
/// where the steps disagree otherwise the limit is higher, up to a twentieth. The verdict says so. A point next to a
/// kink may still fail: try another seed or other parameters before suspecting the layer.
///
/// - Parameters:
///   - parameters: in the model's layout.
///   - inputs: features that the model takes, two rows at least to see whether rows mix.
///   - seed: of the random tangents, cotangents and weights.
/// - Returns: verdicts; never traps on a wrong number, but a layer that reads or writes out of bounds does.
public func checkLinearization<M: Model>(
  _ model: M, at parameters: Parameters<M.Scalar>, inputs: Inputs<M.Scalar>, seed: UInt64 = 0
) -> Linearizations.Report {
  precondition(parameters.layout == model.layout, "the parameters are not in the model's layout")
  precondition(inputs.features.rows > 0, "a batch has a row at least")
  var examiner = Examiner<M.Scalar>(seed: seed)
  do {
    try model.check(inputs.features)
    try model.checkTrainable()
    examiner.expect(.trainable, true)
  } catch {
    examiner.expect(.trainable, false, advice: error.description)
    return examiner.report
  }
  var fixed: [Range<Int>] = []
  if let network = model as? Network<M.Scalar> {
    var moved = inputs.dense
    moved.fill(with: M.Scalar(0.25))
    let isDiscrete = (try? network.checkFeatures(moved)) == nil
    var walk = LayerWalk(
      layout: network.layout, values: parameters.values, rows: inputs.rows, examiner: examiner)
    let point = Layers.Point(
      input: inputs.dense, values: parameters.values, inputGram: inputs.gram, dropoutSeed: inputs.dropoutSeed)
    let isComplete = walk.walk(
      network.architecture.layers, path: "", shape: network.architecture.input, at: point, isDiscrete: isDiscrete)
    (examiner, fixed) = (walk.examiner, walk.fixed)
    guard isComplete else { return examiner.report }
  }
  examiner.layer = "model"
  CheckedModel(model, at: parameters, inputs: inputs, fixed: fixed).check(with: &examiner)
  return examiner.report
}

/// A model at one point.
private final class CheckedModel<M: Model>: CheckedRows {
  typealias Scalar = M.Scalar
  private let model: M
  private let parameters: Parameters<Scalar>
  private let inputs: Inputs<Scalar>
  /// What differences leave as it is.
  private let fixed: [Range<Int>]
  private var linearization: M.LinearizationType
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)

  init(_ model: M, at parameters: Parameters<Scalar>, inputs: Inputs<Scalar>, fixed: [Range<Int>]) {
    (self.model, self.parameters, self.inputs, self.fixed) = (model, parameters, inputs, fixed)
    linearization = model.makeLinearization()
  }

  var slices: [ParameterLayout.Slice] { model.layout.trainable }
  var bufferCount: Int { model.layout.trainableCount }

  private func linearize() { linearization.linearize(at: parameters, inputs: inputs, outputs: &outputs) }

  func check(with examiner: inout Examiner<Scalar>) {
    linearize()
    let rows = inputs.rows?.count ?? inputs.features.rows * model.rowsPerExample
    guard outputs.rows == rows, outputs.columns == model.outputWidth else {
      return examiner.expect(
        .shape, false,
        advice: "linearize made outputs [\(outputs.rows), \(outputs.columns)], not [\(rows), \(model.outputWidth)]")
    }
    guard linearization.layout == model.layout else {
      return examiner.expect(.shape, false, advice: "the linearization's layout is not the model's")
    }
    examiner.expect(.shape, true)
    examiner.checkRepeated(repeatedAnswers(&examiner))
    examiner.check(jacobian, isInput: false)
    examiner.check(self)
    checkSharedGram(&examiner)
    let costs = linearization.costs
    let all = [
      costs.forward, costs.pushforward, costs.backpropagation, costs.rowPullback, costs.rowProducts, costs.rowGram,
      costs.rowGramBytes, costs.rowSquaredNorms, costs.sharedGram ?? 0,
    ]
    examiner.expect(.costs, all.allSatisfy { $0 >= 0 && $0.isFinite })
  }

  /// Outputs and products: as they are, again, after smaller and larger batches at another point, from new work areas,
  /// and after these were let go of.
  private func repeatedAnswers(_ examiner: inout Examiner<Scalar>) -> [[[Scalar]]] {
    let (tangent, weights) = (examiner.vector(bufferCount), examiner.vector(outputs.rows))
    let cotangents = examiner.matrix(outputs.rows, outputs.columns)
    func answers() -> [[Scalar]] {
      var (gradient, again) = (tangent, tangent)
      pullback(cotangents, weights, ParameterLayout.Factors(1), ParameterLayout.Factors(0), into: &gradient)
      let image = pushforward(tangent).elements
      backpropagate(cotangents)
      rowPullback(weights, cotangents, ParameterLayout.Factors(1), ParameterLayout.Factors(0), into: &again)
      let gram = rowGram(cotangents)
      let result = [
        outputs.elements, image, gradient, again, rowProducts(tangent, cotangents), rowSquaredNorms(cotangents),
        gram.penalised.lowerTriangle, gram.free.lowerTriangle,
      ]
      linearization.releaseCotangents()
      return result
    }
    var runs = [answers(), answers()]
    linearization = model.makeLinearization()
    let count = inputs.features.rows
    for examples in [max(1, count / 2), 2 * count] { visit(examples: examples) }
    linearize()
    runs.append(answers())
    linearization = model.makeLinearization()
    linearize()
    runs.append(answers())
    linearization.release()
    linearize()
    runs.append(answers())
    return runs
  }

  /// Linearises at half of the parameters, on the first examples or on the batch and its start again.
  private func visit(examples: Int) {
    let count = Int32(inputs.features.rows)
    var other = Inputs(inputs.features.gatheredInMemory((0..<Int32(examples)).map { $0 % count }))
    other.dropoutSeed = inputs.dropoutSeed
    let size = Int32(inputs.features.rows * model.rowsPerExample)
    let end = Int32(examples * model.rowsPerExample)
    other.rows = inputs.rows.map { rows in (rows + rows.map { $0 + size }).filter { $0 < end } }
    if other.rows?.isEmpty == true { return }
    var moved = parameters
    moved.values.scale(by: 0.5, range: 0..<bufferCount)
    linearization.linearize(at: moved, inputs: other, outputs: &outputs)
  }

  private var jacobian: CheckedJacobian<Scalar> {
    // Differences move work areas of their own.
    var probe = model.makeLinearization()
    let (rows, columns) = (outputs.rows, outputs.columns)
    return CheckedJacobian(
      count: bufferCount, scale: Examiner.rootMeanSquare(Array(parameters.values.prefix(bufferCount))),
      value: { [self] step in
        var (moved, outputs) = (parameters, Matrix<Scalar>(rows: 0, columns: 0))
        moved.move(by: 1, along: step)
        for j in fixed.joined() { moved.values[j] = parameters.values[j] }
        probe.linearize(at: moved, inputs: inputs, outputs: &outputs)
        return outputs.elements
      },
      pushforward: { [self] in pushforward($0).elements },
      pullback: { [self] in
        var result = [Scalar](repeating: .nan, count: bufferCount)
        pullback(
          Matrix(rows: rows, columns: columns, elements: $0), nil, ParameterLayout.Factors(1),
          ParameterLayout.Factors(0), into: &result)
        return result
      })
  }

  /// J diag(metric) J^T = K x I_C between two random cotangents; and the same for each example alone.
  private func checkSharedGram(_ examiner: inout Examiner<Scalar>) {
    let metric = ParameterLayout.Factors<Scalar>(penalised: 0.25, free: 1.5)
    func inner(_ u: Matrix<Scalar>, _ w: Matrix<Scalar>) -> Double {
      var (back, scaled) = (
        [Scalar](repeating: .nan, count: bufferCount), [Scalar](repeating: .nan, count: bufferCount)
      )
      pullback(u, nil, ParameterLayout.Factors(1), ParameterLayout.Factors(0), into: &back)
      pullback(w, nil, metric, ParameterLayout.Factors(0), into: &scaled)
      return zip(back, scaled).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    let (rows, columns) = (outputs.rows, outputs.columns)
    func dot(_ u: Matrix<Scalar>, _ i: Int, _ w: Matrix<Scalar>, _ j: Int) -> Double {
      zip(u.row(i), w.row(j)).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    var shared = Matrix<Scalar>(rows: 0, columns: 0)
    if linearization.sharedGram(metric: metric, into: &shared) {
      guard shared.rows == rows, shared.columns == rows else { return examiner.expect(.sharedGram, false) }
      let (u, w) = (examiner.matrix(rows, columns), examiner.matrix(rows, columns))
      var expected = 0.0
      for i in 0..<rows {
        for j in 0..<rows { expected += Double(shared[i, j]) * dot(u, i, w, j) }
      }
      let size = (inner(u, u) * inner(w, w)).squareRoot()
      let difference = (expected - inner(u, w)).magnitude
      examiner.expect(.sharedGram, difference == 0 ? 0 : difference / size)
    }
    guard linearization.isIsotropic else { return }
    // <J_i^T u, J_i^T w> = k u . w, with k from u itself.
    var error = 0.0
    for i in 0..<min(rows, 3) {
      var (u, w) = (Matrix<Scalar>(rows: rows, columns: columns), Matrix<Scalar>(rows: rows, columns: columns))
      let (x, y) = (examiner.vector(columns), examiner.vector(columns))
      for c in 0..<columns { (u[i, c], w[i, c]) = (x[c], y[c]) }
      let (uu, ww, k) = (inner(u, u), inner(w, w), inner(u, u) / dot(u, i, u, i))
      let size = (uu * ww).squareRoot()
      for difference in [inner(u, w) - k * dot(u, i, w, i), ww - k * dot(w, i, w, i)] where difference != 0 {
        error = max(error, difference.magnitude / size)
      }
    }
    examiner.expect(.isotropy, error)
  }

  func pushforward(_ tangent: [Scalar]) -> Matrix<Scalar> {
    var result = Matrix<Scalar>(rows: outputs.rows, columns: outputs.columns)
    result.fill(with: .nan)
    linearization.pushforward(tangent, into: &result)
    return result
  }

  func pullback(
    _ cotangents: Matrix<Scalar>, _ rowWeights: [Scalar]?, _ alpha: ParameterLayout.Factors<Scalar>,
    _ beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar]
  ) {
    linearization.pullback(cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, into: &result)
  }

  func backpropagate(_ cotangents: Matrix<Scalar>) { linearization.backpropagate(cotangents) }

  func rowPullback(
    _ rowWeights: [Scalar], _ cotangents: Matrix<Scalar>, _ alpha: ParameterLayout.Factors<Scalar>,
    _ beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar]
  ) {
    linearization.pullback(rowWeights: rowWeights, alpha: alpha, beta: beta, into: &result)
  }

  func rowProducts(_ tangent: [Scalar], _ cotangents: Matrix<Scalar>) -> [Scalar] {
    var result = [Scalar](repeating: .nan, count: outputs.rows)
    linearization.rowProducts(tangent, into: &result)
    return result
  }

  func rowGram(_ cotangents: Matrix<Scalar>) -> (penalised: Matrix<Scalar>, free: Matrix<Scalar>) {
    var gram = Linearizations.RowGram<Scalar>()
    linearization.rowGram(into: &gram)
    return (gram.penalised, gram.free)
  }

  func rowSquaredNorms(_ cotangents: Matrix<Scalar>) -> [Scalar] {
    var result = [Scalar](repeating: .nan, count: outputs.rows)
    linearization.rowSquaredNorms(into: &result)
    return result
  }

  func rowGradients(_ cotangents: Matrix<Scalar>) -> Matrix<Scalar>? { nil }
}
