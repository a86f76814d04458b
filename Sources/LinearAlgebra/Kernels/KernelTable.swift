import CKernels

/// The compiled routines of one precision: our row kernels and thin products, and the BLAS.
///
/// Only `Float` and `Double` have one.
struct KernelTable<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>
  typealias Labels = UnsafePointer<Int32>

  // Rows of a batch.
  let marginRows: @Sendable (Output, Int, Int, Labels, Output, Output, Output, Output) -> Void
  let curvatureRows: @Sendable (Input, Labels, Input, Input, Output, Int, Int) -> Void
  let rootRows: @Sendable (Input, Labels, Input, Output, Int, Int) -> Void
  let rootTransposedRows: @Sendable (Input, Labels, Input, Output, Int, Int) -> Void
  let probabilities: @Sendable (Output, Labels, Input, Int, Int) -> Void
  let softmax: @Sendable (Output, Int, Int) -> Void
  let addRowDots: @Sendable (Input, Input, Output, Int, Int) -> Void
  let scaleRows: @Sendable (Input, Input, Output, Int, Int) -> Void
  let fillRows: @Sendable (Input, Output, Int, Int) -> Void
  let columnSums: @Sendable (Input, Int, Input?, Scalar, Scalar, Output, Int, Int) -> Void
  let standardizeRows: @Sendable (Output, Input, Input, Int, Int) -> Void
  let ranks: @Sendable (Input, Labels, UnsafeMutablePointer<Int32>, Int, Int) -> Void
  let argmax: @Sendable (Input, UnsafeMutablePointer<Int32>, Int, Int) -> Void
  // Gram matrices.
  let multiplyGrams: @Sendable (Input, Input, Scalar, Output, Int, Int, Int) -> Void
  let combineGrams: @Sendable (Input, Scalar, Input, Scalar, Output, Int, Int, Int) -> Void
  let gram: @Sendable (Input, Int, Int, Scalar, Output, Int, Int, Int) -> Void
  let whitenGram: @Sendable (Input, Input, Scalar, Output, Int, Int, Int) -> Void
  let mirror: @Sendable (Output, Int, Int, Int) -> Void
  let gatherGram: @Sendable (Input, Int, Labels, Int, Output) -> Void
  let transpose: @Sendable (Output, Int) -> Void
  let interleave: @Sendable (Input, Int, Int, Output, Int) -> Void
  // Long vectors.
  let dot: @Sendable (Input, Input, Int) -> Scalar
  let axpby: @Sendable (Scalar, Input, Scalar, Output, Int) -> Void
  let allFinite: @Sendable (Input, Int) -> Int32
  let maxAbs: @Sendable (Input, Int) -> Scalar
  // Products with few classes.
  let thinPack: @Sendable (Input, Int, Int, Output) -> Void
  let thinForward: @Sendable (Input, Input, Scalar, Scalar, Output, Int, Int, Int) -> Void
  let thinTransposed: @Sendable (Input, Input, Scalar, Scalar, Output, Int, Int, Int, Int, Int) -> Void
  // BLAS and LAPACK; see BLAS.swift for the meaning of the arguments.
  let gemm: @Sendable (GEMMShape, Scalar, Input, Input, Scalar, Output) -> Void
  let syrk: @Sendable (_ n: Int, _ k: Int, _ x: Input, _ ld: Int, _ beta: Scalar, _ out: Output, _ ldOut: Int) -> Void
  let gemv: @Sendable (_ m: Int, _ n: Int, _ a: Input, _ ld: Int, _ x: Input, _ out: Output) -> Void
  let symv: @Sendable (_ n: Int, _ a: Input, _ x: Input, _ out: Output) -> Void
  let factor: @Sendable (_ n: Int, _ a: Output, _ ld: Int) -> Int
  let factorLU: @Sendable (_ n: Int, _ a: Output, _ pivots: UnsafeMutablePointer<Int32>) -> Int
  let solveLU: @Sendable (_ n: Int, _ a: Input, _ pivots: UnsafePointer<Int32>, _ transposed: Bool, _ x: Output) -> Void
  let solveFromRight: @Sendable (_ m: Int, _ n: Int, _ l: Input, _ ld: Int, _ x: Output, _ ldX: Int) -> Void
  let solveVector: @Sendable (_ n: Int, _ l: Input, _ ld: Int, _ transposed: Bool, _ x: Output) -> Void
}

extension Float: RealScalar {
  public static let _kernels = _Kernels(
    Kernels<Float>(
      main: .float, elementwise: ElementwiseKernels(), normalization: NormalizationKernels(), image: .float,
      sequence: .float, prediction: .float, curvature: CurvatureKernels(), update: .float, sweep: .float, sparse: .float
    ))
  public static var precisionName: String { "float32" }
}

extension KernelTable<Float> {
  static let float = KernelTable(
    marginRows: fgn_margin_rows_f, curvatureRows: fgn_curvature_rows_f, rootRows: fgn_root_rows_f,
    rootTransposedRows: fgn_root_transposed_rows_f, probabilities: fgn_probabilities_f, softmax: fgn_softmax_f,
    addRowDots: fgn_add_row_dots_f, scaleRows: fgn_scale_rows_f, fillRows: fgn_fill_rows_f,
    columnSums: fgn_column_sums_f, standardizeRows: fgn_standardize_rows_f,
    ranks: fgn_ranks_f, argmax: fgn_argmax_f, multiplyGrams: fgn_multiply_grams_f, combineGrams: fgn_combine_grams_f,
    gram: fgn_gram_f,
    whitenGram: fgn_whiten_gram_f,
    mirror: fgn_mirror_f, gatherGram: fgn_gather_gram_f, transpose: fgn_transpose_f,
    interleave: fgn_interleave_f, dot: fgn_dot_f, axpby: fgn_axpby_f,
    allFinite: fgn_all_finite_f, maxAbs: fgn_max_abs_f, thinPack: fgn_thin_pack_f,
    thinForward: fgn_thin_forward_f, thinTransposed: fgn_thin_transposed_f,
    gemm: BLAS.gemm, syrk: BLAS.syrk, gemv: BLAS.gemv, symv: BLAS.symv, factor: BLAS.factor,
    factorLU: BLAS.factorLU, solveLU: BLAS.solveLU,
    solveFromRight: BLAS.solveFromRight, solveVector: BLAS.solveVector)
}

extension Double: RealScalar {
  public static let _kernels = _Kernels(
    Kernels<Double>(
      main: .double, elementwise: ElementwiseKernels(), normalization: NormalizationKernels(), image: .double,
      sequence: .double, prediction: .double, curvature: CurvatureKernels(), update: .double, sweep: .double,
      sparse: .double))
  public static var precisionName: String { "float64" }
}

extension KernelTable<Double> {
  static let double = KernelTable(
    marginRows: fgn_margin_rows_d, curvatureRows: fgn_curvature_rows_d, rootRows: fgn_root_rows_d,
    rootTransposedRows: fgn_root_transposed_rows_d, probabilities: fgn_probabilities_d, softmax: fgn_softmax_d,
    addRowDots: fgn_add_row_dots_d, scaleRows: fgn_scale_rows_d, fillRows: fgn_fill_rows_d,
    columnSums: fgn_column_sums_d, standardizeRows: fgn_standardize_rows_d,
    ranks: fgn_ranks_d, argmax: fgn_argmax_d, multiplyGrams: fgn_multiply_grams_d, combineGrams: fgn_combine_grams_d,
    gram: fgn_gram_d,
    whitenGram: fgn_whiten_gram_d,
    mirror: fgn_mirror_d, gatherGram: fgn_gather_gram_d, transpose: fgn_transpose_d,
    interleave: fgn_interleave_d, dot: fgn_dot_d, axpby: fgn_axpby_d,
    allFinite: fgn_all_finite_d, maxAbs: fgn_max_abs_d, thinPack: fgn_thin_pack_d,
    thinForward: fgn_thin_forward_d, thinTransposed: fgn_thin_transposed_d,
    gemm: BLAS.gemm, syrk: BLAS.syrk, gemv: BLAS.gemv, symv: BLAS.symv, factor: BLAS.factor,
    factorLU: BLAS.factorLU, solveLU: BLAS.solveLU,
    solveFromRight: BLAS.solveFromRight, solveVector: BLAS.solveVector)
}
