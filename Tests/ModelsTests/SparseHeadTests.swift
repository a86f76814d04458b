import LinearAlgebra
import Models
import TestSupport
import Testing

/// A linear head on sparse features: every product is that of the same features in full.
@Suite struct SparseHeadTests {
  private struct Point<S: RealScalar> {
    let head: LinearHead<S>
    let parameters: Parameters<S>
    let sparse: SparseMatrix<S>
    let cotangents: Matrix<S>
    let weights: [S]

    init(rows: Int, width: Int, classes: Int, intercept: Bool, entries: Double) {
      var generator = SeededGenerator(seed: 21)
      var dense = Matrix<S>(rows: rows, columns: width)
      for k in 0..<rows * width where Double(generator.next() >> 11) < entries * 0x1p53 {
        dense[k / width, k % width] = S(generator.normal())
      }
      sparse = SparseMatrix(dense)
      head = LinearHead(features: width, classes: classes, intercept: intercept)
      parameters = Parameters(layout: head.layout, values: generator.vector(head.layout.count))
      cotangents = generator.matrix(rows, classes)
      weights = generator.vector(rows)
    }

    /// All that a linearisation answers.
    func answers(_ inputs: Inputs<S>) -> [(String, [S])] {
      var linearization = head.makeLinearization()
      var outputs = Matrix<S>(rows: 0, columns: 0)
      linearization.linearize(at: parameters, inputs: inputs, outputs: &outputs)
      var image = outputs
      linearization.pushforward(parameters.values.reversed(), into: &image)
      var (back, weighted, rowBack) = (parameters.values, parameters.values, parameters.values)
      linearization.pullback(
        cotangents, rowWeights: nil, alpha: ParameterLayout.Factors(2), beta: ParameterLayout.Factors(0.5), into: &back)
      linearization.pullback(
        cotangents, rowWeights: weights, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0),
        into: &weighted)
      linearization.backpropagate(cotangents)
      linearization.pullback(
        rowWeights: weights, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(1), into: &rowBack)
      var (products, norms) = (weights, weights)
      linearization.rowProducts(parameters.values, into: &products)
      linearization.rowSquaredNorms(into: &norms)
      var gram = Linearizations.RowGram<S>()
      linearization.rowGram(into: &gram)
      var (penalised, free) = (gram.penalised, gram.free)
      Gram.mirror(&penalised)
      Gram.mirror(&free)
      var shared = Matrix<S>(rows: 0, columns: 0)
      #expect(linearization.sharedGram(metric: ParameterLayout.Factors(1), into: &shared))
      #expect(linearization.kroneckerPairs().isEmpty == inputs.features.isSparse)
      return [
        ("outputs", outputs.elements), ("pushforward", image.elements), ("pullback", back), ("weighted", weighted),
        ("rowPullback", rowBack), ("rowProducts", products), ("rowSquaredNorms", norms),
        ("rowGram", penalised.elements), ("free rowGram", free.elements), ("sharedGram", shared.elements),
      ]
    }
  }

  private func check<S: RealScalar>(_ type: S.Type, rows: Int, width: Int, classes: Int, _ intercept: Bool) {
    for entries in [0.1, 0.8] {  // few entries leave the weight as it is, many transpose it
      let point = Point<S>(rows: rows, width: width, classes: classes, intercept: intercept, entries: entries)
      let expected = point.answers(Inputs(point.sparse.densified()))
      let limit = tolerance(S.self, double: 1e-13, float: 1e-5)
      for (answer, other) in zip(point.answers(Inputs(.sparse(point.sparse))), expected) {
        let error = relativeError(answer.1, other.1.map { Double($0) })
        #expect(error < limit, "seed 21, \(answer.0), C \(classes), entries \(entries), \(S.precisionName)")
      }
    }
  }

  @Test(arguments: [(6, 9, 4), (12, 5, 20), (10, 30, 3)]) func everyProductIsTheDenseOne(
    rows: Int, width: Int, classes: Int
  ) {
    for intercept in [true, false] {
      check(Float.self, rows: rows, width: width, classes: classes, intercept)
      check(Double.self, rows: rows, width: width, classes: classes, intercept)
    }
  }

  @Test func checkLinearizationPasses() {
    let point = Point<Double>(rows: 6, width: 7, classes: 4, intercept: true, entries: 0.4)
    let report = checkLinearization(point.head, at: point.parameters, inputs: Inputs(.sparse(point.sparse)))
    #expect(report.passed, "\(report)")
  }

  @Test func aKnownGramIsTaken() {
    let point = Point<Double>(rows: 5, width: 9, classes: 3, intercept: true, entries: 0.4)
    var known = Matrix<Double>(rows: 5, columns: 5)
    known.fill(with: 2)
    var (linearization, outputs) = (point.head.makeLinearization(), Matrix<Double>(rows: 0, columns: 0))
    linearization.linearize(at: point.parameters, inputs: Inputs(.sparse(point.sparse), gram: known), outputs: &outputs)
    linearization.backpropagate(point.cotangents)
    var gram = Linearizations.RowGram<Double>()
    linearization.rowGram(into: &gram)
    for i in 0..<5 {
      for j in 0...i { #expect(abs(gram.penalised[i, j] - 2 * gram.free[i, j]) < 1e-12) }
    }
  }

  @Test func layersWantDenseFeatures() throws {
    let network = try Network<Float>(.mlp([3, 4, 2], activation: Layers.Activation(.tanh)))
    let x = SparseMatrix<Float>(columns: 3, rowStarts: [0, 1], columnIndices: [2], values: [1])
    #expect(
      throws: Layers.Failure(
        "sparse features need a linear head: expected dense features, as layers take, got sparse ones")
    ) { try network.check(.sparse(x)) }
    try network.check(.dense(x.densified()))
    try LinearHead<Float>(features: 3, classes: 2).check(.sparse(x))
    let report = checkLinearization(
      network, at: Parameters(layout: network.layout), inputs: Inputs(.sparse(x)))
    #expect(!report.passed)
  }
}
