import CKernels

/// The kernels behind `PackedHead` and `TopRows`.
struct PredictionKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>
  typealias Classes = UnsafeMutablePointer<Int32>

  let bias: @Sendable (Input?, Int, Output) -> Void
  let logits: @Sendable (Input, Input, Input, Output, Int, Int, Int, Int, Int, Int) -> Void
  let best: @Sendable (Input, Input, Input, Output, Output, Output, Int, Int, Int, Int) -> Void
  let bestClasses: @Sendable (Input, Input, Input, Int, Classes) -> Int
  let topRows: @Sendable (Input, Int, Int, Int, Int, Scalar, Int, Output, Classes, Output, Output) -> Int
  let topProbabilities: @Sendable (Output, Int, Int, Scalar, Input, Input) -> Void
  let softmax: @Sendable (Output, Int, Int, Scalar) -> Int
  let temperatureRows: @Sendable (Input, UnsafePointer<Int32>, Int, Int, Scalar, UnsafeMutablePointer<Double>) -> Void
}

extension PredictionKernels<Float> {
  static let float = PredictionKernels(
    bias: fgn_head_bias_f, logits: fgn_head_logits_f, best: fgn_head_best_f, bestClasses: fgn_best_classes_f,
    topRows: fgn_top_rows_f, topProbabilities: fgn_top_probabilities_f, softmax: fgn_sloped_softmax_f,
    temperatureRows: fgn_temperature_rows_f)
}

extension PredictionKernels<Double> {
  static let double = PredictionKernels(
    bias: fgn_head_bias_d, logits: fgn_head_logits_d, best: fgn_head_best_d, bestClasses: fgn_best_classes_d,
    topRows: fgn_top_rows_d, topProbabilities: fgn_top_probabilities_d, softmax: fgn_sloped_softmax_d,
    temperatureRows: fgn_temperature_rows_d)
}
