import CKernels

/// The compiled routines of methods with a diagonal or factored curvature; what each does is in CCurvature.h and
/// BLAS.swift.
struct CurvatureKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>

  let addSquares: @Sendable (Scalar, Input, Scalar, Output, Int) -> Void
  let divideByRoot: @Sendable (Input, Input, Output, Int) -> Void
  let divideShifted: @Sendable (Input, Input, Scalar, Output, Int) -> Void
  let moveClipped: @Sendable (Input, Input, Scalar, Scalar, Scalar, Output, Int) -> Void
  let appendColumn: @Sendable (Input, Input?, Output, Int, Int) -> Void
  let splitColumn: @Sendable (Input, Output, Output, Int, Int) -> Void
  let transpose: @Sendable (Input, Int, Output, Int, Int) -> Void
  let invertFactored: @Sendable (_ n: Int, _ a: Output) -> Int
  let eigen: @Sendable (_ n: Int, Output, Output, Output, Int, UnsafeMutablePointer<Int32>, Int) -> Int
}

extension CurvatureKernels<Float> {
  init() {
    self.init(
      addSquares: fgn_add_squares_f, divideByRoot: fgn_divide_by_root_f, divideShifted: fgn_divide_shifted_f,
      moveClipped: fgn_move_clipped_f, appendColumn: fgn_append_column_f, splitColumn: fgn_split_column_f,
      transpose: fgn_transpose_into_f,
      invertFactored: BLAS.invertFactored, eigen: BLAS.eigen)
  }
}

extension CurvatureKernels<Double> {
  init() {
    self.init(
      addSquares: fgn_add_squares_d, divideByRoot: fgn_divide_by_root_d, divideShifted: fgn_divide_shifted_d,
      moveClipped: fgn_move_clipped_d, appendColumn: fgn_append_column_d, splitColumn: fgn_split_column_d,
      transpose: fgn_transpose_into_d,
      invertFactored: BLAS.invertFactored, eigen: BLAS.eigen)
  }
}
