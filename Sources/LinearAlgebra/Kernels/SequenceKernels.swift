import CKernels

/// The compiled routines for sequences, of one precision; what each does is in CSequenceKernels.h.
struct SequenceKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>
  typealias Places = UnsafePointer<Int32>
  typealias NewPlaces = UnsafeMutablePointer<Int32>

  // Rows of a table, by token numbers.
  let firstInvalidToken: @Sendable (Input, Int, Int32) -> Int
  let gatherTokens: @Sendable (Input, Int, Input, Int, Int32, Output) -> Void
  let tokenScales: @Sendable (Input, Int, Int, Int32, Output) -> Void
  let meanTokens: @Sendable (Input, Int, Input, Int, Int, Int32, Input, Output) -> Void
  let scatterTokens: @Sendable (Input, Int, Input?, Scalar, Input, Int, Int, Int32, Output, Int) -> Void
  let addTokenDots: @Sendable (Input, Int, Input?, Input, Int, Int, Int32, Input, Int, Output) -> Void
  // Places of equal tokens.
  let groupTokens:
    @Sendable (Input, Int, Int, Int32, Int32, NewPlaces, NewPlaces, NewPlaces, NewPlaces, NewPlaces) -> Int
  let sumGroups: @Sendable (Input, Int, Places, Places, Int, Int, Output) -> Void
  let weighGroups: @Sendable (Input, Places, Places, Int, Output) -> Void
  let addGroupGram: @Sendable (Input, Int, Places, Places, Int, Int, Int, Output, Int) -> Void
  let addGroupNorms: @Sendable (Input, Int, Places, Int, Output) -> Void
  // Positions.
  let meanPositions: @Sendable (Input, Int, Int, Int, Output) -> Void
  let spreadPositions: @Sendable (Input, Int, Int, Int, Output) -> Void
  let attentionSoftmax: @Sendable (Output, Int, Int32) -> Void
  let attentionSlopes: @Sendable (Input, Output, Int, Int32, Scalar) -> Void
}

extension SequenceKernels<Float> {
  static let float = SequenceKernels(
    firstInvalidToken: fgn_first_invalid_token_f, gatherTokens: fgn_gather_tokens_f, tokenScales: fgn_token_scales_f,
    meanTokens: fgn_mean_tokens_f, scatterTokens: fgn_scatter_tokens_f, addTokenDots: fgn_add_token_dots_f,
    groupTokens: fgn_group_tokens_f, sumGroups: fgn_sum_groups_f, weighGroups: fgn_weigh_groups_f,
    addGroupGram: fgn_add_group_gram_f, addGroupNorms: fgn_add_group_norms_f, meanPositions: fgn_mean_positions_f,
    spreadPositions: fgn_spread_positions_f, attentionSoftmax: fgn_attention_softmax_f,
    attentionSlopes: fgn_attention_slopes_f)
}

extension SequenceKernels<Double> {
  static let double = SequenceKernels(
    firstInvalidToken: fgn_first_invalid_token_d, gatherTokens: fgn_gather_tokens_d, tokenScales: fgn_token_scales_d,
    meanTokens: fgn_mean_tokens_d, scatterTokens: fgn_scatter_tokens_d, addTokenDots: fgn_add_token_dots_d,
    groupTokens: fgn_group_tokens_d, sumGroups: fgn_sum_groups_d, weighGroups: fgn_weigh_groups_d,
    addGroupGram: fgn_add_group_gram_d, addGroupNorms: fgn_add_group_norms_d, meanPositions: fgn_mean_positions_d,
    spreadPositions: fgn_spread_positions_d, attentionSoftmax: fgn_attention_softmax_d,
    attentionSlopes: fgn_attention_slopes_d)
}
