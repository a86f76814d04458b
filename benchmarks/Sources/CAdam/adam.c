#include "adam.h"

/* Compiled for several instruction sets, as the package's own kernels are, so that Adam is as fast as it can be here. */
#if defined(__x86_64__) && defined(__ELF__) && defined(__clang__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#define ADAM(NAME, TYPE, WIDTH)                                                                              \
  typedef TYPE NAME##_vec __attribute__((vector_size(WIDTH * sizeof(TYPE)), aligned(sizeof(TYPE))));         \
  CLONES void NAME(TYPE *x, const TYPE *g, TYPE *m, TYPE *v, TYPE rate, TYPE factor, long count) {           \
    long i = 0;                                                                                              \
    for (; i + WIDTH <= count; i += WIDTH) {                                                                 \
      NAME##_vec gi = *(const NAME##_vec *)(g + i);                                                          \
      NAME##_vec mi = (TYPE)0.9 * *(NAME##_vec *)(m + i) + (TYPE)0.1 * gi;                                   \
      NAME##_vec vi = (TYPE)0.999 * *(NAME##_vec *)(v + i) + (TYPE)0.001 * gi * gi;                          \
      *(NAME##_vec *)(m + i) = mi;                                                                           \
      *(NAME##_vec *)(v + i) = vi;                                                                           \
      *(NAME##_vec *)(x + i) -= rate * mi / (__builtin_elementwise_sqrt(vi) * factor + (TYPE)1e-8);          \
    }                                                                                                        \
    for (; i < count; i++) {                                                                                 \
      m[i] = (TYPE)0.9 * m[i] + (TYPE)0.1 * g[i];                                                            \
      v[i] = (TYPE)0.999 * v[i] + (TYPE)0.001 * g[i] * g[i];                                                 \
      x[i] -= rate * m[i] / (__builtin_elementwise_sqrt(v[i]) * factor + (TYPE)1e-8);                        \
    }                                                                                                        \
  }

ADAM(adam_float, float, 16)
ADAM(adam_double, double, 8)
