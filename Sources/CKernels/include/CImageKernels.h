#ifndef FGN_CIMAGEKERNELS_H
#define FGN_CIMAGEKERNELS_H
#include <stddef.h>
#include <stdint.h>

/* Windows that slide over planes [height, width] and make planes [out_height, out_width]. */
typedef struct {
  ptrdiff_t height, width, out_height, out_width;
  ptrdiff_t kernel_height, kernel_width, stride_height, stride_width;
  ptrdiff_t padding_height, padding_width, dilation_height, dilation_width;
} fgn_window;

/*
 * Kernels for convolution, pooling and weights that are used at several positions. A plane is one channel of one
 * example. As in CKernels.h: nothing allocates, nothing is threaded.
 */
#define FGN_DECLARE_IMAGES(T, S)                                                                   \
  /* columns [channels kernel_height kernel_width, (last - first) out_width], rows stride apart:   \
     what the windows of the output rows first..<last see of the planes x, zero in the padding. */ \
  void fgn_unfold_##S(const T *x, const fgn_window *w, ptrdiff_t channels, ptrdiff_t first,        \
                      ptrdiff_t last, T *columns, ptrdiff_t stride);                               \
  /* The transpose: adds columns to the places of x that they come from. Uses columns up. */       \
  void fgn_fold_##S(T *columns, ptrdiff_t stride, const fgn_window *w, ptrdiff_t channels,         \
                    ptrdiff_t first, ptrdiff_t last, T *x);                                        \
  /* y = alpha x + beta y + shift, a shift for each row; rows are stride apart. x and shift may be \
     NULL for zeros; beta 0 does not read y. */                                                    \
  void fgn_combine_rows_##S(T alpha, const T *x, ptrdiff_t stride_x, const T *shift, T beta, T *y, \
                            ptrdiff_t stride_y, ptrdiff_t rows, ptrdiff_t columns);                \
  /* result_i = scale * sum of row i. */                                                           \
  void fgn_row_sums_##S(const T *x, T scale, T *result, ptrdiff_t rows, ptrdiff_t columns);        \
  /* Row i of result = scale * x_i. */                                                             \
  void fgn_spread_rows_##S(const T *x, T scale, T *result, ptrdiff_t rows, ptrdiff_t columns);     \
  /* g_ij += factor * sum of a * b over block (i, j) of height x width; a and b                    \
     [rows height, columns width] with rows stride apart. */                                       \
  void fgn_add_block_products_##S(const T *a, const T *b, ptrdiff_t stride, ptrdiff_t height,      \
                                  ptrdiff_t width, T factor, T *g, ptrdiff_t stride_g,             \
                                  ptrdiff_t rows, ptrdiff_t columns);                              \
  /* Maximum of each window and where it is in its plane; the first of equals; NaN wins. */        \
  void fgn_max_pool_##S(const T *x, const fgn_window *w, ptrdiff_t planes, T *result,              \
                        int32_t *index);                                                           \
  /* result [planes, count] = x [planes, size] at index, and the transpose, which adds. */         \
  void fgn_take_##S(const T *x, const int32_t *index, T *result, ptrdiff_t planes, ptrdiff_t size, \
                    ptrdiff_t count);                                                              \
  void fgn_put_##S(const T *x, const int32_t *index, T *result, ptrdiff_t planes, ptrdiff_t size,  \
                   ptrdiff_t count);                                                               \
  /* Mean of each window, where padding counts as zeros, and the transpose, which adds. */         \
  void fgn_average_pool_##S(const T *x, const fgn_window *w, ptrdiff_t planes, T *result);         \
  void fgn_average_pool_transposed_##S(const T *x, const fgn_window *w, ptrdiff_t planes, T *result);

FGN_DECLARE_IMAGES(float, f)
FGN_DECLARE_IMAGES(double, d)

#undef FGN_DECLARE_IMAGES
#endif
