#ifndef FGN_CSEQUENCEKERNELS_H
#define FGN_CSEQUENCEKERNELS_H
#include <stddef.h>
#include <stdint.h>

/*
 * Sequences. Tokens [rows, positions] are numbers of the precision at hand that were checked: integers in
 * 0..<vocabulary. Tokens equal to `padding` stand for nothing; -1 is no padding. A table is [vocabulary, width].
 */

#define FGN_DECLARE_SEQUENCES(T, S)                                                                \
  /* Index of the first x that is no integer in 0..<vocabulary; -1 if there is none. */            \
  ptrdiff_t fgn_first_invalid_token_##S(const T *x, ptrdiff_t n, int32_t vocabulary);              \
  /* result [n, width]: the tokens' rows of the table, zeros for padding. */                       \
  void fgn_gather_tokens_##S(const T *table, ptrdiff_t width, const T *tokens, ptrdiff_t n,        \
                             int32_t padding, T *result);                                          \
  /* result [rows]: one over the number of tokens that are not padding; 0 if there is none. */     \
  void fgn_token_scales_##S(const T *tokens, ptrdiff_t rows, ptrdiff_t positions, int32_t padding, \
                            T *result);                                                            \
  /* result [rows, width]: scales_i times the sum of the tokens' rows of the table. */             \
  void fgn_mean_tokens_##S(const T *table, ptrdiff_t width, const T *tokens, ptrdiff_t rows,       \
                           ptrdiff_t positions, int32_t padding, const T *scales, T *result);      \
  /* table row of token_it += alpha w_i a_it; w NULL for ones. `shared`: a_i [rows, width] for all \
     positions of an example; otherwise a is [rows, positions, width]. */                          \
  void fgn_scatter_tokens_##S(const T *a, ptrdiff_t shared, const T *w, T alpha, const T *tokens,  \
                              ptrdiff_t rows, ptrdiff_t positions, int32_t padding, T *table,      \
                              ptrdiff_t width);                                                    \
  /* result_i += w_i sum_t a_it . table row of token_it; shared and w as above. */                 \
  void fgn_add_token_dots_##S(const T *a, ptrdiff_t shared, const T *w, const T *tokens,           \
                              ptrdiff_t rows, ptrdiff_t positions, int32_t padding,                \
                              const T *table, ptrdiff_t width, T *result);                         \
  /* Sorts the places of n tokens: first by token, then by place, padding left out of the entries. \
     An entry is one token in one example: its places are order[first[2e]..<first[2e + 1]], its    \
     example row[e], and the entries of the same token before it begin with group[e]. Returns the  \
     number of entries. start [vocabulary + 1], order, row and group [n], first [2 n]. */          \
  ptrdiff_t fgn_group_tokens_##S(const T *tokens, ptrdiff_t n, ptrdiff_t positions,                \
                                 int32_t padding, int32_t vocabulary, int32_t *start,              \
                                 int32_t *order, int32_t *first, int32_t *row, int32_t *group);    \
  /* sums [entries, width]: an entry's rows of a added up, entries [begin, end). */                \
  void fgn_sum_groups_##S(const T *a, ptrdiff_t width, const int32_t *order, const int32_t *first, \
                          ptrdiff_t begin, ptrdiff_t end, T *sums);                                \
  /* sums [entries]: how often the token comes in its example, times the example's scale. */       \
  void fgn_weigh_groups_##S(const T *scales, const int32_t *first, const int32_t *row,             \
                            ptrdiff_t count, T *sums);                                             \
  /* g_ij += sums_e . sums_e' over entries of the same token in i and j <= i, i in [first, last). */\
  void fgn_add_group_gram_##S(const T *sums, ptrdiff_t width, const int32_t *row,                  \
                              const int32_t *group, ptrdiff_t count, ptrdiff_t first,              \
                              ptrdiff_t last, T *g, ptrdiff_t n);                                  \
  /* Its diagonal: result_i += |sums_e|^2. */                                                      \
  void fgn_add_group_norms_##S(const T *sums, ptrdiff_t width, const int32_t *row,                 \
                               ptrdiff_t count, T *result);                                        \
  /* result [rows, width] = mean over positions of x [rows, positions, width]. */                  \
  void fgn_mean_positions_##S(const T *x, ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t width,    \
                              T *result);                                                          \
  /* Its transpose: every position gets a_i / positions. */                                        \
  void fgn_spread_positions_##S(const T *a, ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t width,  \
                                T *result);                                                        \
  /* Softmax of each row of s [positions, positions]; causal: of its first t + 1 elements, the others \
     become 0. */                                                                                  \
  void fgn_attention_softmax_##S(T *s, ptrdiff_t positions, int32_t causal);                       \
  /* s_tu = scale p_tu (s_tu - sum_v p_tv s_tv): the softmax' Jacobian, which is symmetric. */     \
  void fgn_attention_slopes_##S(const T *p, T *s, ptrdiff_t positions, int32_t causal, T scale);

FGN_DECLARE_SEQUENCES(float, f)
FGN_DECLARE_SEQUENCES(double, d)

#undef FGN_DECLARE_SEQUENCES
#endif
