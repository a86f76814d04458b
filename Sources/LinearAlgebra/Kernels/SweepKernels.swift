import CKernels

/// The compiled passes over the rows of a softmax regression; what each does is in CSweep.h.
struct SweepKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>
  typealias Numbers = UnsafePointer<Int32>
  typealias Starts = UnsafePointer<Int>
  typealias Sums = UnsafeMutablePointer<Double>

  let forward: @Sendable (Input, Int, Numbers?, Int, Input, Input, Int, Output) -> Void
  let accumulate: @Sendable (Input, Int, Numbers?, Int, Int, Int, Input?, Input, Int, Scalar, Output, Int) -> Void
  let forwardSparse: @Sendable (Input, Numbers, Starts, Int, Numbers?, Int, Input, Input, Int, Output) -> Void
  let accumulateSparse:
    @Sendable (Input, Numbers, Starts, Int, Numbers?, Int, Int, Int, Input, Int, Scalar, Output) -> Void
  let addBias: @Sendable (Input, Int, Int, Scalar, Input?, Numbers?, Scalar, Output, Int) -> Void
  let duals: @Sendable (Output, Int, Int, Int, Numbers, Numbers, Input, Input?, Output, Output, Int, Sums) -> Void
  let residuals: @Sendable (Output, Int, Int, Int, Numbers, Input?, Output, Int, Sums) -> Void
  let gap: @Sendable (Output, Int, Int, Int, Numbers, Input?, Input?, Scalar, Input?, Output, Int, Sums, Sums) -> Void
  let widen: @Sendable (Input, UnsafeMutablePointer<Double>, Int) -> Void
  let pack: @Sendable (Input, Int, Int, Int, Output) -> Void
  let unpack: @Sendable (Input, Int, Int, Output, Int) -> Void
}

extension SweepKernels<Float> {
  static let float = SweepKernels(
    forward: fgn_sweep_forward_f, accumulate: fgn_sweep_accumulate_f, forwardSparse: fgn_sweep_forward_sparse_f,
    accumulateSparse: fgn_sweep_accumulate_sparse_f, addBias: fgn_sweep_bias_f, duals: fgn_sweep_duals_f,
    residuals: fgn_sweep_residuals_f, gap: fgn_sweep_gap_f, widen: fgn_widen, pack: fgn_sweep_pack_f,
    unpack: fgn_sweep_unpack_f)
}

extension SweepKernels<Double> {
  static let double = SweepKernels(
    forward: fgn_sweep_forward_d, accumulate: fgn_sweep_accumulate_d, forwardSparse: fgn_sweep_forward_sparse_d,
    accumulateSparse: fgn_sweep_accumulate_sparse_d, addBias: fgn_sweep_bias_d, duals: fgn_sweep_duals_d,
    residuals: fgn_sweep_residuals_d, gap: fgn_sweep_gap_d,
    widen: { x, y, count in y.update(from: x, count: count) }, pack: fgn_sweep_pack_d, unpack: fgn_sweep_unpack_d)
}
