import CKernels

/// The compiled routines of products with sparse rows; what each does is in CSparse.h.
struct SparseKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>
  typealias Starts = UnsafePointer<Int>
  typealias Columns = UnsafePointer<Int32>

  let forward: @Sendable (Starts, Columns, Input, Input, Int, Int, Scalar, Scalar, Output, Int) -> Void
  let transposed: @Sendable (Starts, Columns, Input, Input, Int, Scalar, Output, Int, Int, Int, Int, Int) -> Void
  let forwardRows: @Sendable (Starts, Columns, Input, Input, Int, Int, Scalar, Scalar, Output, Int, Int, Int) -> Void
  let transposedRows: @Sendable (Starts, Columns, Input, Input, Int, Scalar, Scalar, Output, Int, Int, Int, Int) -> Void
  let gram: @Sendable (Starts, Columns, Input, Output, Output, Int, Int, Int) -> Void
  let addSquares: @Sendable (Starts, Input, Output, Int) -> Void
  let addTranspose: @Sendable (Input, Int, Int, Scalar, Scalar, Output, Int, Int) -> Void
}

extension SparseKernels<Float> {
  static let float = SparseKernels(
    forward: fgn_sparse_forward_f, transposed: fgn_sparse_transposed_f, forwardRows: fgn_sparse_forward_rows_f,
    transposedRows: fgn_sparse_transposed_rows_f, gram: fgn_sparse_gram_f, addSquares: fgn_sparse_add_squares_f,
    addTranspose: fgn_add_transpose_f)
}

extension SparseKernels<Double> {
  static let double = SparseKernels(
    forward: fgn_sparse_forward_d, transposed: fgn_sparse_transposed_d, forwardRows: fgn_sparse_forward_rows_d,
    transposedRows: fgn_sparse_transposed_rows_d, gram: fgn_sparse_gram_d, addSquares: fgn_sparse_add_squares_d,
    addTranspose: fgn_add_transpose_d)
}
