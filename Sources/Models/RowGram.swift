import LinearAlgebra

extension Linearizations {
  /// A row Gram M M^T [R, R] while layers add their parts to it: lower triangles over the penalised parameters and over
  /// the others, and the work areas for both.
  public struct RowGram<Scalar: RealScalar>: Sendable {
    public private(set) var penalised = Matrix<Scalar>(rows: 0, columns: 0)
    public private(set) var free = Matrix<Scalar>(rows: 0, columns: 0)
    private var first = Matrix<Scalar>(rows: 0, columns: 0)
    private var second = Matrix<Scalar>(rows: 0, columns: 0)
    private var workspace = Gram.Workspace<Scalar>()

    public init() {}

    /// R.
    public var rows: Int { penalised.rows }

    /// Zeros for R rows.
    public mutating func reset(rows: Int) {
      penalised.reshape(rows: rows, columns: rows)
      free.reshape(rows: rows, columns: rows)
      penalised.clear()
      free.clear()
    }

    /// Adds x_i . x_j: rows of M over the parameters of `slice` are x [R, n]. R^2 n flops.
    package mutating func addRows(_ x: MatrixView<Scalar>, to slice: ParameterLayout.Slice) {
      if slice.isPenalised {
        Gram.lower(x, beta: 1, into: &penalised, using: &workspace)
      } else {
        Gram.lower(x, beta: 1, into: &free, using: &workspace)
      }
    }

    /// Adds (a_i . a_j)(x_i . x_j) for a dense weight and a_i . a_j for its bias, if there is one: R^2 (m + n) flops,
    /// R^2 m if the Gram of x is known, and x may be nil then.
    package mutating func addDense(
      _ a: MatrixView<Scalar>, _ x: MatrixView<Scalar>?, inputGram: Matrix<Scalar>?, weight: ParameterLayout.Slice?,
      bias: ParameterLayout.Slice?
    ) {
      let count = rows
      first.reshape(rows: count, columns: count)
      Gram.lower(a, into: &first, using: &workspace)
      if let bias { add(first, to: bias) }
      guard let weight else { return }
      if let inputGram {
        addProduct(first, inputGram, to: weight)
      } else if let x {
        second.reshape(rows: count, columns: count)
        Gram.lower(x, into: &second, using: &workspace)
        addProduct(first, second, to: weight)
      }
    }

    /// Adds g_ij, of a lower triangle g [R, R].
    public mutating func add(_ g: Matrix<Scalar>, to slice: ParameterLayout.Slice) {
      if slice.isPenalised { penalised.combine(1, g) } else { free.combine(1, g) }
    }

    /// Adds a_ij b_ij, of lower triangles.
    public mutating func addProduct(_ a: Matrix<Scalar>, _ b: Matrix<Scalar>, to slice: ParameterLayout.Slice) {
      if slice.isPenalised {
        Gram.multiply(a, b, beta: 1, into: &penalised)
      } else {
        Gram.multiply(a, b, beta: 1, into: &free)
      }
    }
  }
}
