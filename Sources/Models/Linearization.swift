import LinearAlgebra

/// A model at one parameter point on one batch: outputs and the products with the Jacobian J = d outputs / d
/// parameters.
///
/// J has a row for each output (R C of them, R rows: the examples, or their positions) and a column for each of the P
/// trainable parameters. It is never formed.
///
/// FGN asks for products of one special kind: M, with a row J_i^T a_i for each row of outputs and one cotangent a_i
/// each. `backpropagate` carries the cotangents back once, and `pullback(rowWeights:)`, `rowProducts`, `rowGram` and
/// `rowSquaredNorms` are about M then; for layers this halves the cost of M's products. What has a default here is
/// right for every model, and slow: see each.
public protocol Linearization<Scalar>: Sendable {
  associatedtype Scalar: RealScalar

  /// Names and shapes of the parameters.
  var layout: ParameterLayout { get }

  /// Moves to `parameters` and `inputs` and writes the outputs [R, C]: one forward pass.
  mutating func linearize(at parameters: Parameters<Scalar>, inputs: Inputs<Scalar>, outputs: inout Matrix<Scalar>)

  /// result [R, C] = J tangent, tangent [P].
  mutating func pushforward(_ tangent: [Scalar], into result: inout Matrix<Scalar>)

  /// result = alpha * J^T (diag(rowWeights) cotangents) + beta * result, with a factor for each kind of slice.
  /// Cotangents are [R, C], `rowWeights` [R] with nil for ones, result [P]. With beta 0 result is not read. Ends what
  /// an earlier `backpropagate` began.
  mutating func pullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar])

  /// What `backpropagate` was given, [R, C]: a stored property, nothing more. Empty before, and after
  /// `releaseCotangents`.
  var cotangents: Matrix<Scalar> { get set }

  /// Takes the cotangents a [R, C] that define M, and carries them back where that saves work later.
  mutating func backpropagate(_ cotangents: Matrix<Scalar>)

  /// result = alpha * M^T rowWeights + beta * result: a pullback of the cotangents that were carried back.
  mutating func pullback(
    rowWeights: [Scalar], alpha: ParameterLayout.Factors<Scalar>, beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar])

  /// result [R] = M tangent: what `tangent` [P] does to each row, along its cotangent. Default: a pushforward.
  mutating func rowProducts(_ tangent: [Scalar], into result: inout [Scalar])

  /// Lower triangle of M M^T [R, R], in two parts: over the penalised parameters and over the others. In the metric of
  /// L2 the Gram is a weighted sum of the two. Default: explicit rows of M, R pullbacks and R P numbers.
  mutating func rowGram(into gram: inout Linearizations.RowGram<Scalar>)

  /// The diagonal [R] of the row Gram, without the rest of it. Default: R pullbacks.
  mutating func rowSquaredNorms(into result: inout [Scalar])

  /// The inputs and cotangents of the weights, after `backpropagate`. Default: none.
  mutating func kroneckerPairs() -> [Linearizations.KroneckerPair<Scalar>]

  /// Whether J_i J_i^T is a multiple of the identity for each example, as in a linear head.
  var isIsotropic: Bool { get }

  /// Both triangles of the K [B, B] for which J diag(metric) J^T = K x I_C, if there is one: a linear head has it.
  /// Returns false, and leaves `result` alone, if there is none.
  mutating func sharedGram(metric: ParameterLayout.Factors<Scalar>, into result: inout Matrix<Scalar>) -> Bool

  /// Flops and bytes of all this on the batch at hand, for the choice of a solver.
  var costs: Linearizations.Costs { get }

  /// Lets go of the cotangents, so that whoever owns them can change them without a copy.
  mutating func releaseCotangents()

  /// Lets go of inputs, parameters and cotangents. `linearize` must come before anything else then.
  mutating func release()
}

extension Linearizations {
  /// What the products of a linearisation cost on its batch; a multiply-add is two flops.
  public struct Costs: Sendable {
    /// Forward pass.
    public var forward = 0.0
    /// J t.
    public var pushforward = 0.0
    /// Carrying cotangents back.
    public var backpropagation = 0.0
    /// M^T w, after that.
    public var rowPullback = 0.0
    /// M t.
    public var rowProducts = 0.0
    public var rowGram = 0.0
    /// Work areas of `rowGram`, beyond R x R matrices.
    public var rowGramBytes = 0.0
    public var rowSquaredNorms = 0.0
    /// K of J J^T = K x I_C; nil if there is none.
    public var sharedGram: Double?

    public init() {}

    /// J^T u.
    public var pullback: Double { backpropagation + rowPullback }
  }
}

extension Linearization {
  public mutating func backpropagate(_ cotangents: Matrix<Scalar>) { self.cotangents = cotangents }

  public mutating func releaseCotangents() { cotangents = Matrix(rows: 0, columns: 0) }

  public mutating func pullback(
    rowWeights: [Scalar], alpha: ParameterLayout.Factors<Scalar>, beta: ParameterLayout.Factors<Scalar>,
    into result: inout [Scalar]
  ) {
    let cotangents = cotangents
    pullback(cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, into: &result)
    self.cotangents = cotangents
  }

  public mutating func rowProducts(_ tangent: [Scalar], into result: inout [Scalar]) {
    var outputs = Matrix<Scalar>(rows: cotangents.rows, columns: cotangents.columns)
    pushforward(tangent, into: &outputs)
    RowKernels.dots(cotangents.view, outputs.view, into: &result)
  }

  public mutating func rowGram(into gram: inout Linearizations.RowGram<Scalar>) { explicitRowGram(into: &gram) }

  public mutating func rowSquaredNorms(into result: inout [Scalar]) { explicitRowSquaredNorms(into: &result) }

  /// `rowSquaredNorms` of these cotangents, and nothing carried back afterwards.
  public mutating func rowSquaredNorms(of cotangents: Matrix<Scalar>, into result: inout [Scalar]) {
    backpropagate(cotangents)
    rowSquaredNorms(into: &result)
    releaseCotangents()
  }

  public mutating func kroneckerPairs() -> [Linearizations.KroneckerPair<Scalar>] { [] }

  public var isIsotropic: Bool { false }

  public mutating func sharedGram(metric: ParameterLayout.Factors<Scalar>, into result: inout Matrix<Scalar>) -> Bool {
    false
  }

  /// Counts each product as 2 R P flops, and what is done row by row as R of them.
  public var costs: Linearizations.Costs {
    let (rows, parameters) = (Double(cotangents.rows), Double(layout.trainableCount))
    let product = 2 * rows * parameters
    var costs = Linearizations.Costs()
    costs.forward = product
    costs.pushforward = 2 * product
    costs.rowPullback = 2 * product
    costs.rowProducts = 2 * product
    addExplicitRows(to: &costs, rows: cotangents.rows)
    return costs
  }

  /// What `explicitRowGram` and `explicitRowSquaredNorms` cost.
  func addExplicitRows(to costs: inout Linearizations.Costs, rows: Int) {
    let (count, parameters) = (Double(rows), Double(layout.trainableCount))
    costs.rowSquaredNorms = count * costs.rowPullback
    costs.rowGram = count * costs.rowPullback + count * count * parameters
    costs.rowGramBytes = count * parameters * Double(MemoryLayout<Scalar>.stride)
  }

  /// The row Gram by explicit rows of M: R pullbacks, R P numbers.
  mutating func explicitRowGram(into gram: inout Linearizations.RowGram<Scalar>) {
    let rows = explicitRows()
    gram.reset(rows: rows.rows)
    var part = Matrix<Scalar>(rows: 0, columns: 0)
    for slice in layout.trainable {
      part.reshape(rows: rows.rows, columns: slice.count)
      for i in 0..<rows.rows {
        for j in 0..<slice.count { part[i, j] = rows[i, slice.offset + j] }
      }
      gram.addRows(part.view, to: slice)
    }
  }

  /// Its diagonal, a pullback for each row.
  mutating func explicitRowSquaredNorms(into result: inout [Scalar]) {
    var row = [Scalar](repeating: 0, count: layout.trainableCount)
    var unit = [Scalar](repeating: 0, count: cotangents.rows)
    for i in unit.indices {
      unit[i] = 1
      pullback(rowWeights: unit, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), into: &row)
      unit[i] = 0
      result[i] = row.dot(row)
    }
  }

  /// M itself [R, P], a pullback for each row: for tests, and for models without closed forms.
  public mutating func explicitRows() -> Matrix<Scalar> {
    let count = cotangents.rows
    var result = Matrix<Scalar>(rows: count, columns: layout.trainableCount)
    var unit = [Scalar](repeating: 0, count: count)
    var row = [Scalar](repeating: 0, count: layout.trainableCount)
    for i in 0..<count {
      unit[i] = 1
      pullback(rowWeights: unit, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), into: &row)
      unit[i] = 0
      for j in 0..<row.count { result[i, j] = row[j] }
    }
    return result
  }
}
