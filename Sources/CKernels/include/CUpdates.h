#ifndef FGN_CUPDATES_H
#define FGN_CUPDATES_H
#include <stddef.h>

/* Parameter updates, element by element. */

#define FGN_DECLARE(T, S)                                                                          \
  /* v = momentum v + g, x = kept x - along_v v - along_g g; numbers: momentum, along_g, along_v,    \
     kept. */                                                                                      \
  void fgn_momentum_##S(const T *numbers, T *x, const T *g, T *v, ptrdiff_t n);                    \
  /* Adam: m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,                              \
     x = kept x - rate m / (root sqrt(v) + epsilon); numbers: beta1, beta2, epsilon, rate, root,    \
     kept. */                                                                                      \
  void fgn_adam_##S(const T *numbers, T *x, const T *g, T *m, T *v, ptrdiff_t n);                   \
  /* sum |x_k| */                                                                                  \
  double fgn_abs_sum_##S(const T *x, ptrdiff_t n);

FGN_DECLARE(float, f)
FGN_DECLARE(double, d)

#undef FGN_DECLARE
#endif
