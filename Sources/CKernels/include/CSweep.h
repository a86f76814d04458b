#ifndef FGN_CSWEEP_H
#define FGN_CSWEEP_H
#include <stddef.h>
#include <stdint.h>

/* Passes over the rows of a softmax regression: see sweep_kernels.h for the layout of panels and deltas. */

#define FGN_DECLARE(T, S)                                                                          \
  /* z = x W + bias, dense rows; 2 rows features vectors LANES flops. */ \
  void fgn_sweep_forward_##S(const T *x, ptrdiff_t features, const int32_t *index, ptrdiff_t \
  rows, const T *panels, const T *bias, ptrdiff_t vectors, T *z); \
  /* panels += alpha (x - mean)^T delta, for the features first..<last; mean may be NULL. */ \
  void fgn_sweep_accumulate_##S(const T *x, ptrdiff_t features, const int32_t *index, \
  ptrdiff_t rows, ptrdiff_t first, ptrdiff_t last, const T *mean, const T *delta, ptrdiff_t capacity, T \
  alpha, T *panels, ptrdiff_t vectors); \
  /* The same two for compressed rows; a piece of the second owns panels. */ \
  void fgn_sweep_forward_sparse_##S(const T *values, const int32_t *columns, const ptrdiff_t \
  *starts, ptrdiff_t features, const int32_t *index, ptrdiff_t rows, const T *panels, const T \
  *bias, ptrdiff_t vectors, T *z); \
  void fgn_sweep_accumulate_sparse_##S(const T *values, const int32_t *columns, const \
  ptrdiff_t *starts, ptrdiff_t features, const int32_t *index, ptrdiff_t rows, ptrdiff_t \
  first, ptrdiff_t last, const T *delta, ptrdiff_t capacity, T alpha, T *panels); \
  /* bias += the sum of (alpha - beta offset) delta; offsets, and the rows' numbers there, may be NULL. */ \
  void fgn_sweep_bias_##S(const T *delta, ptrdiff_t capacity, ptrdiff_t rows, T alpha, const T *offsets, \
  const int32_t *number, T beta, T *bias, ptrdiff_t vectors); \
  /* A dual step a row; softmax, duals and deltas. sums: losses, KL(q, p) nearly. */ \
  void fgn_sweep_duals_##S(T *z, ptrdiff_t rows, ptrdiff_t classes, ptrdiff_t vectors, const \
  int32_t *number, const int32_t *labels, const T *steps, const T *weights, T *duals, T \
  *delta, ptrdiff_t capacity, double *sums); \
  /* delta = w (p - y). sums: losses, rows whose class is not ahead. */ \
  void fgn_sweep_residuals_##S(T *z, ptrdiff_t rows, ptrdiff_t classes, ptrdiff_t vectors, \
  const int32_t *labels, const T *weights, T *delta, ptrdiff_t capacity, double *sums); \
  /* delta = w (m - y), m = tilt (q + blend (p - q)), q = p without duals; tilt may be NULL. sums: losses, rows whose \
   * class is not ahead, KL of q or tilted m to p, log sum e^z; columns: of the same, of p. */ \
  void fgn_sweep_gap_##S(T *z, ptrdiff_t rows, ptrdiff_t classes, ptrdiff_t vectors, const int32_t *labels, \
  const T *weights, const T *duals, T blend, const T *tilt, T *delta, ptrdiff_t capacity, double *sums, \
  double *columns); \
  /* Rows [classes, stride] to panels and the padded bias after them, and back: the stride is features, or features + 1 \
   * where the last column is the bias, which is zero otherwise. */ \
  void fgn_sweep_pack_##S(const T *rows, ptrdiff_t stride, ptrdiff_t classes, ptrdiff_t features, T *panels); \
  void fgn_sweep_unpack_##S(const T *panels, ptrdiff_t classes, ptrdiff_t features, T *rows, ptrdiff_t stride);

FGN_DECLARE(float, f)
FGN_DECLARE(double, d)

/* y = x in double. */
void fgn_widen(const float *x, double *y, ptrdiff_t n);

#undef FGN_DECLARE
#endif
