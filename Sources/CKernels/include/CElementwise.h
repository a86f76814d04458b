#ifndef FGN_CELEMENTWISE_H
#define FGN_CELEMENTWISE_H
#include <stddef.h>
#include <stdint.h>

/* Scalar functions on vectors. */

#define FGN_RELU 0
#define FGN_LEAKY_RELU 1
#define FGN_TANH 2
#define FGN_SIGMOID 3
#define FGN_GELU 4
#define FGN_SILU 5
#define FGN_SOFTPLUS 6

#define FGN_DECLARE(T, S)                                                                          \
  /* y_k = f(x_k) and slope_k = f'(x_k) for the function with that number; y may be x. */          \
  void fgn_activation_##S(int32_t function, T parameter, const T *x, T *y, T *slope, ptrdiff_t n); \
  /* y_k = a_k b_k; y may be a or b. */                                                            \
  void fgn_multiply_##S(const T *a, const T *b, T *y, ptrdiff_t n);                                \
  /* mask_k = factor, or 0 where a hash of seed and first + k is below rate. */                    \
  void fgn_dropout_mask_##S(uint64_t seed, uint64_t first, double rate, T factor, T *mask,         \
                            ptrdiff_t n);

FGN_DECLARE(float, f)
FGN_DECLARE(double, d)

#undef FGN_DECLARE
#endif
