#ifndef FGN_CKERNELS_H
#define FGN_CKERNELS_H
#include <stddef.h>
#include <stdint.h>

/*
 * Row kernels and thin products, once for float (suffix _f) and once for double (suffix _d).
 * Matrices are row-major and contiguous unless a stride is named. Nothing allocates unless said,
 * nothing is threaded: callers hand each thread its own rows or columns.
 */

#define FGN_DECLARE(T, S)                                                                          \
  /* Logits z [rows, classes] become margin rows a = e_y - q in place; see docs/mathematics.md.    \
     One exponential an element. margin, loss, residual (1 - p_y), root_weight sqrt(p_y (1 - p_y)) \
     are [rows]. */                                                                                \
  void fgn_margin_rows_##S(T *z, ptrdiff_t rows, ptrdiff_t classes, const int32_t *labels,         \
                           T *margin, T *loss, T *residual, T *root_weight);                       \
  /* t_i <- kept_i a_i (a_i . t_i) + rest_i (diag(q_i) - q_i q_i^T) t_i, in place, [rows, classes].*/\
  void fgn_curvature_rows_##S(const T *a, const int32_t *labels, const T *kept, const T *rest,     \
                              T *t, ptrdiff_t rows, ptrdiff_t classes);                            \
  /* u_i <- N_i u_i = sqrt(p_i) * (u_i - p_i . u_i), in place; p from a and residual. */           \
  void fgn_root_rows_##S(const T *a, const int32_t *labels, const T *residual, T *u,               \
                         ptrdiff_t rows, ptrdiff_t classes);                                       \
  /* u_i <- N_i^T u_i = w_i - p_i sum(w_i), w_i = sqrt(p_i) * u_i, in place. */                    \
  void fgn_root_transposed_rows_##S(const T *a, const int32_t *labels, const T *residual, T *u,    \
                                    ptrdiff_t rows, ptrdiff_t classes);                            \
  /* a_i becomes the softmax p_i: p_k = residual_i q_k, p_y = 1 - residual_i, in place. */         \
  void fgn_probabilities_##S(T *a, const int32_t *labels, const T *residual, ptrdiff_t rows,       \
                             ptrdiff_t classes);                                                   \
  void fgn_softmax_##S(T *z, ptrdiff_t rows, ptrdiff_t classes);                                   \
  /* result_i += a_i . b_i. */                                                                     \
  void fgn_add_row_dots_##S(const T *a, const T *b, T *result, ptrdiff_t rows, ptrdiff_t columns); \
  void fgn_scale_rows_##S(const T *a, const T *w, T *result, ptrdiff_t rows, ptrdiff_t columns);   \
  /* Every row of result = bias [columns]. */                                                     \
  void fgn_fill_rows_##S(const T *bias, T *result, ptrdiff_t rows, ptrdiff_t columns);             \
  /* result [columns] = scale * sum_i w_i a_i + beta * result; rows of a are stride apart; w may be \
     NULL for ones. */                                                                             \
  void fgn_column_sums_##S(const T *a, ptrdiff_t stride, const T *w, T scale, T beta, T *result,   \
                           ptrdiff_t rows, ptrdiff_t columns);                                     \
  /* x_ij = (x_ij - shift_j) factor_j. */                                                          \
  void fgn_standardize_rows_##S(T *x, const T *shift, const T *factor, ptrdiff_t rows,             \
                                ptrdiff_t columns);                                                \
  /* result_i = how many other classes are at least as high as the true one. */                    \
  void fgn_ranks_##S(const T *z, const int32_t *labels, int32_t *result, ptrdiff_t rows,           \
                     ptrdiff_t classes);                                                           \
  void fgn_argmax_##S(const T *z, int32_t *result, ptrdiff_t rows, ptrdiff_t classes);             \
  /* Lower triangle, rows [first, last) of n x n: g_ij = a_ij b_ij + beta g_ij. */                \
  void fgn_multiply_grams_##S(const T *a, const T *b, T beta, T *g, ptrdiff_t n, ptrdiff_t first,  \
                              ptrdiff_t last);                                                     \
  /* The same for g_ij = alpha a_ij + beta b_ij. */                                                \
  void fgn_combine_grams_##S(const T *a, T alpha, const T *b, T beta, T *g, ptrdiff_t n,           \
                             ptrdiff_t first, ptrdiff_t last);                                     \
  /* Rows [first, last) of the lower triangle of g = x x^T + beta g; first is a multiple of 4,     \
     last <= FGN_GRAM_LIMIT, x [last, k]. */                                                       \
  void fgn_gram_##S(const T *x, ptrdiff_t stride, ptrdiff_t k, T beta, T *g,                       \
                    ptrdiff_t stride_g, ptrdiff_t first, ptrdiff_t last);                          \
  /* Lower triangle, rows [first, last): k_ij = w_i w_j g_ij, k_ii += shift. */                    \
  void fgn_whiten_gram_##S(const T *g, const T *w, T shift, T *k, ptrdiff_t n, ptrdiff_t first,    \
                           ptrdiff_t last);                                                        \
  /* Copies the lower triangle to the upper one. */                                                \
  void fgn_mirror_##S(T *g, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last);                         \
  /* a [n, n] becomes its transpose. */                                                            \
  void fgn_transpose_##S(T *a, ptrdiff_t n);                                                       \
  /* out_(j stride + d) = x_(d count + j), d < groups, j < count. */                               \
  void fgn_interleave_##S(const T *x, ptrdiff_t groups, ptrdiff_t count, T *out, ptrdiff_t stride); \
  /* Lower triangle: result_ij = g_(index_i)(index_j), from the lower triangle of g. */            \
  void fgn_gather_gram_##S(const T *g, ptrdiff_t n, const int32_t *index, ptrdiff_t count,         \
                           T *result);                                                             \
  T fgn_dot_##S(const T *x, const T *y, ptrdiff_t n);                                              \
  /* y = alpha x + beta y; beta 0 does not read y. */                                              \
  void fgn_axpby_##S(T alpha, const T *x, T beta, T *y, ptrdiff_t n);                              \
  int fgn_all_finite_##S(const T *x, ptrdiff_t n);                                                 \
  T fgn_max_abs_##S(const T *x, ptrdiff_t n);                                                      \
  /* Thin products: few classes. pack: classes padded to a vector, transposed.       \
     z[rows, classes] = alpha x w^T + beta z. */                                                   \
  void fgn_thin_pack_##S(const T *w, ptrdiff_t classes, ptrdiff_t inner, T *packed);               \
  void fgn_thin_forward_##S(const T *x, const T *packed, T alpha, T beta, T *z, ptrdiff_t rows,    \
                            ptrdiff_t inner, ptrdiff_t classes);                                   \
  /* g[classes, first..<last of inner] = alpha a^T x + beta g; a [rows, classes], x [rows, inner]. */\
  void fgn_thin_transposed_##S(const T *a, const T *x, T alpha, T beta, T *g, ptrdiff_t rows,      \
                               ptrdiff_t inner, ptrdiff_t classes, ptrdiff_t first,                \
                               ptrdiff_t last);

#define FGN_GRAM_LIMIT 384

FGN_DECLARE(float, f)
FGN_DECLARE(double, d)

/* Elements of packed[] that fgn_thin_pack needs. */
ptrdiff_t fgn_thin_packed_size(ptrdiff_t classes, ptrdiff_t inner);
/* Whether fgn_gram runs on 512-bit vectors; without them the BLAS is faster. */
int fgn_has_wide_vectors(void);
/* "x86-64-v4", "x86-64-v3" or "baseline": the clone the loader picks on this machine. */
const char *fgn_kernel_level(void);

#undef FGN_DECLARE
#include "CCurvature.h"
#include "CElementwise.h"
#include "CImageKernels.h"
#include "CNormalization.h"
#include "CPrediction.h"
#include "CSequenceKernels.h"
#include "CSweep.h"
#include "CSparse.h"
#include "CUpdates.h"
#endif
