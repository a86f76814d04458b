#ifndef FGN_CSPARSE_H
#define FGN_CSPARSE_H
#include <stddef.h>
#include <stdint.h>

/*
 * Products with a sparse matrix compressed by rows. Row i has values[k] in columns[k] for k from starts[i] up to
 * starts[i + 1]; `starts` is passed at the first of `rows` rows, columns and values from the start of their arrays.
 */

#define FGN_DECLARE(T, S)                                                                          \
  /* z [rows, classes] = alpha x wt + beta z, wt [width, classes]. */                              \
  void fgn_sparse_forward_##S(const ptrdiff_t *starts, const int32_t *columns, const T *values,    \
                              const T *wt, ptrdiff_t width, ptrdiff_t classes, T alpha, T beta,    \
                              T *z, ptrdiff_t rows);                                               \
  /* gt += alpha x^T r in columns of x [first, last) and classes [low, high): gt [width, classes], \
     r [rows, classes]. */                                                                         \
  void fgn_sparse_transposed_##S(const ptrdiff_t *starts, const int32_t *columns, const T *values, \
                                 const T *r, ptrdiff_t classes, T alpha, T *gt, ptrdiff_t rows,    \
                                 ptrdiff_t first, ptrdiff_t last, ptrdiff_t low, ptrdiff_t high);  \
  /* z = alpha x w^T + beta z in classes [low, high), from w [classes, width] as it is. */         \
  void fgn_sparse_forward_rows_##S(const ptrdiff_t *starts, const int32_t *columns,                \
                                   const T *values, const T *w, ptrdiff_t width,                   \
                                   ptrdiff_t classes, T alpha, T beta, T *z, ptrdiff_t rows,       \
                                   ptrdiff_t low, ptrdiff_t high);                                 \
  /* g = alpha r^T x + beta g in classes [low, high), g [classes, width] as it is. */              \
  void fgn_sparse_transposed_rows_##S(const ptrdiff_t *starts, const int32_t *columns,             \
                                      const T *values, const T *r, ptrdiff_t classes, T alpha,     \
                                      T beta, T *g, ptrdiff_t width, ptrdiff_t rows,               \
                                      ptrdiff_t low, ptrdiff_t high);                              \
  /* Rows [first, last) of the lower triangle g [., n] = x x^T; work [width] is zero before and    \
     after. */                                                                                     \
  void fgn_sparse_gram_##S(const ptrdiff_t *starts, const int32_t *columns, const T *values,       \
                           T *work, T *g, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last);           \
  /* result_i += |x_i|^2. */                                                                       \
  void fgn_sparse_add_squares_##S(const ptrdiff_t *starts, const T *values, T *result,             \
                                  ptrdiff_t rows);                                                 \
  /* y [columns, rows], rows [first, last) of it, = alpha x^T + beta y; x [rows, columns]. */      \
  void fgn_add_transpose_##S(const T *x, ptrdiff_t rows, ptrdiff_t columns, T alpha, T beta, T *y, \
                             ptrdiff_t first, ptrdiff_t last);

FGN_DECLARE(float, f)
FGN_DECLARE(double, d)

#undef FGN_DECLARE
#endif
