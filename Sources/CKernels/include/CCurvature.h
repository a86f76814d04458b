#ifndef FGN_CCURVATURE_H
#define FGN_CCURVATURE_H
#include <stddef.h>
#include <stdint.h>

/* What methods with a diagonal or factored curvature do to each parameter. */

#define FGN_DECLARE(T, S)                                                                          \
  /* y_k = alpha x_k^2 + beta y_k. */                                                              \
  void fgn_add_squares_##S(T alpha, const T *x, T beta, T *y, ptrdiff_t n);                        \
  /* y_k = x_k / sqrt(v_k); 0 where v_k is 0. */                                                   \
  void fgn_divide_by_root_##S(const T *x, const T *v, T *y, ptrdiff_t n);                          \
  /* y_k = x_k / (v_k + shift). */                                                                 \
  void fgn_divide_shifted_##S(const T *x, const T *v, T shift, T *y, ptrdiff_t n);                 \
  /* theta_k -= rate clip(m_k / max(gamma h_k, floor)), clip to -1..1. */                          \
  void fgn_move_clipped_##S(const T *m, const T *h, T gamma, T floor, T rate, T *theta,            \
                            ptrdiff_t n);                                                          \
  /* y [rows, columns + 1] = x [rows, columns] and a last column: last_i, or 1 for NULL. */        \
  void fgn_append_column_##S(const T *x, const T *last, T *y, ptrdiff_t rows, ptrdiff_t columns);  \
  /* The reverse. */                                                                               \
  void fgn_split_column_##S(const T *y, T *x, T *last, ptrdiff_t rows, ptrdiff_t columns);         \
  /* y [columns, rows] = the transpose of x [rows, columns], whose rows are ld apart. */           \
  void fgn_transpose_into_##S(const T *x, ptrdiff_t ld, T *y, ptrdiff_t rows, ptrdiff_t columns);

FGN_DECLARE(float, f)
FGN_DECLARE(double, d)

#undef FGN_DECLARE
#endif
