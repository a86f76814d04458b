import LinearAlgebra

/// A layer made of layers: `checkLinearization` looks at those too, so that a verdict names the inner layer.
package protocol CompositeLayer: Layer {
  /// Stacks that take this layer's input, each with the name that its parameters have before their numbers: the weight
  /// of the first layer of "body" is "body.0.weight".
  var branches: [(name: String, layers: [any Layer])] { get }
}

extension CompositeLayer {
  public var parts: [any Layer] { branches.flatMap(\.layers) }
}

/// The layers of a network one by one, each at the input that it has there.
struct LayerWalk<Scalar: RealScalar> {
  let layout: ParameterLayout
  let values: [Scalar]
  /// Rows after the positions.
  let rows: [Int32]?
  var examiner: Examiner<Scalar>
  /// Elements that are used and by definition not trained, although their slice is: an embedding's padding rows.
  private(set) var fixed: [Range<Int>] = []

  init(layout: ParameterLayout, values: [Scalar], rows: [Int32]?, examiner: Examiner<Scalar>) {
    (self.layout, self.values, self.rows, self.examiner) = (layout, values, rows, examiner)
  }

  /// Checks `layers`, the inner ones of each before it. Returns false if a shape is wrong: nothing after it can be
  /// checked then. `isDiscrete`: the input is made of token numbers, and nothing can be differentiated by it.
  mutating func walk(
    _ layers: [any Layer], path: String, shape: [Int], at point: Layers.Point<Scalar>, isDiscrete: Bool
  ) -> Bool {
    var (shape, point, isDiscrete) = (shape, point, isDiscrete)
    for (number, layer) in layers.enumerated() {
      let own = path.isEmpty ? "\(number)" : "\(path).\(number)"
      guard let outputShape = try? layer.outputShape(for: shape) else { return false }
      if layer is Layers.Positions {
        let positions = MatrixView(point.input.elements, rows: point.rows * shape[0], columns: shape[1])
        var selected = Matrix<Scalar>(rows: 0, columns: 0)
        RowKernels.gather(positions, rows, into: &selected)
        point = Layers.Point(input: selected, values: [], dropoutSeed: point.dropoutSeed)
      } else {
        let whole = (layer as? Layers.Frozen)?.layer ?? layer
        for branch in (whole as? any CompositeLayer)?.branches ?? [] where !branch.layers.isEmpty {
          let isFine = walk(
            branch.layers, path: "\(own).\(branch.name)", shape: shape, at: point, isDiscrete: isDiscrete)
          guard isFine else { return false }
        }
        examiner.layer = "\(own) (\(layer.type))"
        let slices = layer.parameters(for: shape).compactMap { layout["\(own).\($0.name)"] }
        if let range = paddingRow(of: layer, in: slices) { fixed.append(range) }
        let subject = CheckedLayer(
          layer, path: own, input: shape, slices: slices, values: values, at: point,
          width: outputShape.reduce(1, *), isDiscrete: isDiscrete)
        guard let output = subject.check(with: &examiner) else { return false }
        isDiscrete = isDiscrete && slices.isEmpty
        point = Layers.Point(input: output, values: [], dropoutSeed: point.dropoutSeed)
      }
      shape = outputShape
    }
    return true
  }
}

private func paddingRow(of layer: any Layer, in slices: [ParameterLayout.Slice]) -> Range<Int>? {
  guard let embedding = layer as? Layers.Embedding, let padding = embedding.padding, let weight = slices.first else {
    return nil
  }
  let start = weight.offset + padding * embedding.width
  return start..<start + embedding.width
}

/// One layer alone at one point, its parameters between others that it may not touch.
private final class CheckedLayer<Scalar: RealScalar>: CheckedRows {
  private let layer: any Layer
  private let site: Layers.Site
  private let point: Layers.Point<Scalar>
  private let width: Int
  private let isDiscrete: Bool
  private var linearization: any LayerLinearization<Scalar>
  private var output = Matrix<Scalar>(rows: 0, columns: 0)
  let slices: [ParameterLayout.Slice]
  let bufferCount: Int

  init(
    _ layer: any Layer, path: String, input: [Int], slices: [ParameterLayout.Slice], values: [Scalar],
    at point: Layers.Point<Scalar>, width: Int, isDiscrete: Bool
  ) {
    var layout = ParameterLayout()
    layout.append("before", shape: [3], isPenalised: true)
    for slice in slices {
      layout.append(slice.name, shape: slice.shape, isPenalised: slice.isPenalised, isFrozen: slice.isFrozen)
    }
    layout.append("after", shape: [2], isPenalised: false)
    self.layer = layer
    self.width = width
    self.isDiscrete = isDiscrete
    site = Layers.Site(path: path, input: input, slices: Array(layout.slices.dropFirst().dropLast()))
    self.slices = site.slices.filter { !$0.isFrozen }
    bufferCount = layout.count
    var own = [Scalar](repeating: .nan, count: layout.count)
    for (slice, source) in zip(site.slices, slices) { own.replaceSubrange(slice.range, with: values[source.range]) }
    self.point = Layers.Point(
      input: point.input, values: own, inputGram: point.inputGram, dropoutSeed: point.dropoutSeed)
    linearization = layer.makeLinearization(at: site, as: Scalar.self)
  }

  private func matrix(_ elements: [Scalar], columns: Int) -> Matrix<Scalar> {
    Matrix(rows: point.rows, columns: columns, elements: elements)
  }

  /// Of a shape that no layer makes: each function shapes its result itself.
  private var unshaped: Matrix<Scalar> { Matrix(rows: 1, columns: 1, elements: [.nan]) }

  private func restart() {
    linearization = layer.makeLinearization(at: site, as: Scalar.self)
    forward()
  }

  private func forward() {
    output = unshaped
    linearization.forward(at: point, into: &output)
  }

  /// All verdicts. Returns the output; nil if a shape is wrong.
  func check(with examiner: inout Examiner<Scalar>) -> Matrix<Scalar>? {
    forward()
    if let problem = shapeProblem(&examiner) {
      examiner.expect(.shape, false, advice: problem)
      return nil
    }
    examiner.expect(.shape, true)
    examiner.checkRepeated(repeatedAnswers(&examiner))
    if !isDiscrete { checkInput(&examiner) }
    if !slices.isEmpty {
      examiner.check(parameterJacobian(&examiner), isInput: false)
      examiner.check(self)
    }
    return output
  }

  private func shapeProblem(_ examiner: inout Examiner<Scalar>) -> String? {
    func problem(_ name: String, _ result: Matrix<Scalar>, _ columns: Int) -> String? {
      if result.rows == point.rows && result.columns == columns { return nil }
      return "\(name) made [\(result.rows), \(result.columns)], not [\(point.rows), \(columns)]"
    }
    if let problem = problem("forward", output, width) { return problem + ", as outputShape says" }
    if linearization.slices != site.slices { return "slices are not those of the site: they would not be trained" }
    if isDiscrete && slices.isEmpty { return nil }
    if !isDiscrete {
      let (columns, tangent) = (point.input.columns, examiner.matrix(point.rows, point.input.columns))
      let cotangents = examiner.matrix(point.rows, width)
      if let problem = problem("pushforward", inputPushforward(tangent), width) { return problem }
      if let problem = problem("pullback", inputPullback(cotangents), columns) { return problem }
    }
    return slices.isEmpty ? nil : problem("pushforward", pushforward(examiner.embedded(self)), width)
  }

  /// Outputs and products: as they are, again, after smaller and larger batches at another point, and from new work
  /// areas.
  private func repeatedAnswers(_ examiner: inout Examiner<Scalar>) -> [[[Scalar]]] {
    let inputTangent = isDiscrete ? nil : examiner.matrix(point.rows, point.input.columns)
    let tangent = slices.isEmpty ? nil : examiner.embedded(self)
    let cotangents = examiner.matrix(point.rows, width)
    let weights = examiner.vector(point.rows)
    func answers() -> [[Scalar]] {
      var result = [output.elements]
      if let inputTangent {
        result += [inputPushforward(inputTangent).elements, inputPullback(cotangents).elements]
      }
      guard let tangent else { return result }
      var gradient = [Scalar](repeating: 0, count: bufferCount)
      pullback(cotangents, weights, ParameterLayout.Factors(1), ParameterLayout.Factors(0), into: &gradient)
      result += [pushforward(tangent).elements, gradient, rowProducts(tangent, cotangents)]
      let gram = rowGram(cotangents)
      return result + [gram.penalised.lowerTriangle, gram.free.lowerTriangle, rowSquaredNorms(cotangents)]
    }
    var runs = [answers(), answers()]
    linearization = layer.makeLinearization(at: site, as: Scalar.self)
    for rows in [max(1, point.rows / 2), 2 * point.rows] { visit(rows: rows) }
    forward()
    runs.append(answers())
    restart()
    runs.append(answers())
    return runs
  }

  /// Forward at half of the parameters, on the first rows or on the batch and its start again.
  private func visit(rows: Int) {
    let input = point.input.elements
    let elements = Array((input + input).prefix(rows * point.input.columns))
    let other = Layers.Point(
      input: Matrix(rows: rows, columns: point.input.columns, elements: elements),
      values: point.values.map { $0 / 2 }, dropoutSeed: point.dropoutSeed)
    linearization.forward(at: other, into: &output)
  }

  // MARK: The input's side

  private func checkInput(_ examiner: inout Examiner<Scalar>) {
    let (rows, columns, width) = (point.rows, point.input.columns, width)
    // Differences move a layer of their own.
    var probe = layer.makeLinearization(at: site, as: Scalar.self)
    let jacobian = CheckedJacobian<Scalar>(
      count: rows * columns, scale: Examiner.rootMeanSquare(point.input.elements),
      value: { [self] step in
        var moved = Layers.Point(input: point.input, values: point.values, dropoutSeed: point.dropoutSeed)
        moved.input.combine(1, matrix(step, columns: columns))
        var output = unshaped
        probe.forward(at: moved, into: &output)
        return output.elements
      },
      pushforward: { [self] in inputPushforward(matrix($0, columns: columns)).elements },
      pullback: { [self] in inputPullback(matrix($0, columns: width)).elements })
    examiner.check(jacobian, isInput: true)
    // Weights on the rows pass through, forward and back.
    if rows > 1 {
      let weights = examiner.vector(rows)
      func error(_ x: Matrix<Scalar>, _ product: (Matrix<Scalar>) -> Matrix<Scalar>) -> Double {
        var (before, after) = (x, product(x))
        RowKernels.scale(&before, by: weights)
        RowKernels.scale(&after, by: weights)
        return Examiner.relativeError(product(before).elements, after.elements)
      }
      let forward = error(examiner.matrix(rows, columns), inputPushforward)
      let back = error(examiner.matrix(rows, width), inputPullback)
      examiner.expect(.independentRows, max(forward, back))
    }
    // Both tangents at once.
    if !slices.isEmpty {
      let (x, t) = (examiner.matrix(rows, columns), examiner.embedded(self))
      var (both, sum) = (unshaped, inputPushforward(x))
      linearization.pushforward(x, t, at: point, into: &both)
      sum.combine(1, pushforward(t))
      examiner.expect(.bothTangents, Examiner.relativeError(both.elements, sum.elements))
    }
  }

  private func inputPushforward(_ tangent: Matrix<Scalar>) -> Matrix<Scalar> {
    var result = unshaped
    linearization.pushforward(tangent, nil, at: point, into: &result)
    return result
  }

  private func inputPullback(_ cotangents: Matrix<Scalar>) -> Matrix<Scalar> {
    var result = unshaped
    linearization.prepare(cotangents, at: point)
    linearization.pullback(cotangents, at: point, into: &result)
    return result
  }

  // MARK: The parameters' side

  private func parameterJacobian(_ examiner: inout Examiner<Scalar>) -> CheckedJacobian<Scalar> {
    let slices = slices
    func gathered(_ buffer: [Scalar]) -> [Scalar] { slices.flatMap { buffer[$0.range] } }
    func scattered(_ own: [Scalar], into buffer: inout [Scalar], _ update: (inout Scalar, Scalar) -> Void) {
      var next = 0
      for slice in slices {
        for j in slice.range { update(&buffer[j], own[next + j - slice.offset]) }
        next += slice.count
      }
    }
    var probe = layer.makeLinearization(at: site, as: Scalar.self)
    let fixed = paddingRow(of: layer, in: slices) ?? 0..<0
    return CheckedJacobian(
      count: slices.reduce(0) { $0 + $1.count }, scale: Examiner.rootMeanSquare(gathered(point.values)),
      value: { [self] step in
        var moved = point
        scattered(step, into: &moved.values) { $0 += $1 }
        for j in fixed { moved.values[j] = point.values[j] }
        var output = unshaped
        probe.forward(at: moved, into: &output)
        return output.elements
      },
      pushforward: { [self] own in
        var tangent = [Scalar](repeating: .nan, count: bufferCount)
        scattered(own, into: &tangent) { $0 = $1 }
        return pushforward(tangent).elements
      },
      pullback: { [self] in
        var result = [Scalar](repeating: .nan, count: bufferCount)
        pullback(matrix($0, columns: width), nil, ParameterLayout.Factors(1), ParameterLayout.Factors(0), into: &result)
        return gathered(result)
      })
  }

  func pushforward(_ tangent: [Scalar]) -> Matrix<Scalar> {
    var result = unshaped
    linearization.pushforward(nil, tangent, at: point, into: &result)
    return result
  }

  func pullback(
    _ cotangents: Matrix<Scalar>, _ rowWeights: [Scalar]?, _ alpha: ParameterLayout.Factors<Scalar>,
    _ beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar]
  ) {
    backpropagate(cotangents)
    linearization.parameterPullback(
      cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: point, into: &result)
  }

  func backpropagate(_ cotangents: Matrix<Scalar>) { linearization.prepare(cotangents, at: point) }

  func rowPullback(
    _ rowWeights: [Scalar], _ cotangents: Matrix<Scalar>, _ alpha: ParameterLayout.Factors<Scalar>,
    _ beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar]
  ) {
    linearization.parameterPullback(
      cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: point, into: &result)
  }

  // These add to what is there: what the second of two calls adds is the result.

  func rowProducts(_ tangent: [Scalar], _ cotangents: Matrix<Scalar>) -> [Scalar] {
    var result = [Scalar](repeating: 0, count: point.rows)
    linearization.addRowProducts(tangent, cotangents, at: point, into: &result)
    let first = result
    linearization.addRowProducts(tangent, cotangents, at: point, into: &result)
    return zip(result, first).map { $0 - $1 }
  }

  func rowGram(_ cotangents: Matrix<Scalar>) -> (penalised: Matrix<Scalar>, free: Matrix<Scalar>) {
    var gram = Linearizations.RowGram<Scalar>()
    gram.reset(rows: point.rows)
    linearization.addRowGram(of: cotangents, at: point, into: &gram)
    let first = gram
    linearization.addRowGram(of: cotangents, at: point, into: &gram)
    var (penalised, free) = (gram.penalised, gram.free)
    penalised.combine(-1, first.penalised)
    free.combine(-1, first.free)
    return (penalised, free)
  }

  func rowSquaredNorms(_ cotangents: Matrix<Scalar>) -> [Scalar] {
    var result = [Scalar](repeating: 0, count: point.rows)
    linearization.addRowSquaredNorms(of: cotangents, at: point, into: &result)
    let first = result
    linearization.addRowSquaredNorms(of: cotangents, at: point, into: &result)
    return zip(result, first).map { $0 - $1 }
  }

  func rowGradients(_ cotangents: Matrix<Scalar>) -> Matrix<Scalar>? {
    var parts = [Matrix<Scalar>](repeating: unshaped, count: site.slices.count)
    linearization.rowGradients(of: cotangents, at: point, into: &parts)
    var result = Matrix<Scalar>(rows: point.rows, columns: bufferCount)
    for (slice, part) in zip(site.slices, parts) where !slice.isFrozen {
      guard part.rows == point.rows, part.columns == slice.count else { return Matrix(rows: 0, columns: 0) }
      for i in 0..<part.rows {
        for j in 0..<slice.count { result[i, slice.offset + j] = part[i, j] }
      }
    }
    return result
  }
}
