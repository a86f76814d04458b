import CKernels

/// The compiled routines for convolution, pooling and weights used at several positions; see CImageKernels.h.
struct ImageKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>
  typealias Window = UnsafePointer<fgn_window>
  typealias Index = UnsafePointer<Int32>

  let unfold: @Sendable (Input, Window, Int, Int, Int, Output, Int) -> Void
  let fold: @Sendable (Output, Int, Window, Int, Int, Int, Output) -> Void
  let combineRows: @Sendable (Scalar, Input?, Int, Input?, Scalar, Output, Int, Int, Int) -> Void
  let rowSums: @Sendable (Input, Scalar, Output, Int, Int) -> Void
  let spreadRows: @Sendable (Input, Scalar, Output, Int, Int) -> Void
  let addBlockProducts: @Sendable (Input, Input, Int, Int, Int, Scalar, Output, Int, Int, Int) -> Void
  let maxPool: @Sendable (Input, Window, Int, Output, UnsafeMutablePointer<Int32>) -> Void
  let take: @Sendable (Input, Index, Output, Int, Int, Int) -> Void
  let put: @Sendable (Input, Index, Output, Int, Int, Int) -> Void
  let averagePool: @Sendable (Input, Window, Int, Output) -> Void
  let averagePoolTransposed: @Sendable (Input, Window, Int, Output) -> Void
}

extension ImageKernels<Float> {
  static let float = ImageKernels(
    unfold: fgn_unfold_f, fold: fgn_fold_f, combineRows: fgn_combine_rows_f, rowSums: fgn_row_sums_f,
    spreadRows: fgn_spread_rows_f, addBlockProducts: fgn_add_block_products_f, maxPool: fgn_max_pool_f,
    take: fgn_take_f, put: fgn_put_f, averagePool: fgn_average_pool_f,
    averagePoolTransposed: fgn_average_pool_transposed_f)
}

extension ImageKernels<Double> {
  static let double = ImageKernels(
    unfold: fgn_unfold_d, fold: fgn_fold_d, combineRows: fgn_combine_rows_d, rowSums: fgn_row_sums_d,
    spreadRows: fgn_spread_rows_d, addBlockProducts: fgn_add_block_products_d, maxPool: fgn_max_pool_d,
    take: fgn_take_d, put: fgn_put_d, averagePool: fgn_average_pool_d,
    averagePoolTransposed: fgn_average_pool_transposed_d)
}
