/*
 * What differs between float and double, and what every template here uses. A translation unit
 * defines FGN_FLOAT or FGN_DOUBLE, includes this file and then the templates.
 *
 * Each public kernel is compiled three times (AVX-512, AVX2, baseline) and the loader picks one:
 * clang's target_clones, ELF on x86 only. Elsewhere the one portable copy is vectorised for the
 * baseline of the target. Vectors are 64 bytes; the compiler splits them where registers are shorter.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "CKernels.h"

#if defined(__x86_64__) && defined(__ELF__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))

#if defined(FGN_FLOAT)
typedef float real;
typedef int32_t bits;
#define NAME(stem) stem##_f
#define LANES 16
#define EXP1(x) expf(x)
#define LOG1(x) logf(x)
#define LOG1P1(x) log1pf(x)
#define SQRT1(x) sqrtf(x)
#define FABS1(x) fabsf(x)
#define LOWEST -FLT_MAX
#define EXPONENT_SHIFT 23
#define ROUND_MAGIC 12582912.0f /* 1.5 * 2^23 */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define LOG2E 1.44269504088896341f
#define EXP_UNDERFLOW -87.0f
#elif defined(FGN_DOUBLE)
typedef double real;
typedef int64_t bits;
#define NAME(stem) stem##_d
#define LANES 8
#define EXP1(x) exp(x)
#define LOG1(x) log(x)
#define LOG1P1(x) log1p(x)
#define SQRT1(x) sqrt(x)
#define FABS1(x) fabs(x)
#define LOWEST -DBL_MAX
#define EXPONENT_SHIFT 52
#define ROUND_MAGIC 6755399441055744.0 /* 1.5 * 2^52 */
#define LN2_HIGH 6.93145751953125e-1
#define LN2_LOW 1.42860682030941723212e-6
#define LOG2E 1.44269504088896340736
#define EXP_UNDERFLOW -708.0
#else
#error "define FGN_FLOAT or FGN_DOUBLE"
#endif

typedef real vec __attribute__((ext_vector_type(LANES)));
typedef real vec_unaligned __attribute__((ext_vector_type(LANES), aligned(sizeof(real))));
typedef bits bitvec __attribute__((ext_vector_type(LANES)));

#define LOAD(p) ((vec)(*(const vec_unaligned *)(p)))
#define STORE(p, v) (*(vec_unaligned *)(p) = (v))
#define SPLAT(x) ((vec)((real)(x)))
/* The first n lanes of p, the others `fill`. */
#define LOAD_TAIL(v, p, n, fill)                                                                   \
  do {                                                                                             \
    real tail_[LANES];                                                                             \
    for (int l_ = 0; l_ < LANES; l_++) tail_[l_] = l_ < (n) ? (p)[l_] : (fill);                     \
    (v) = LOAD(tail_);                                                                             \
  } while (0)
#define STORE_TAIL(p, v, n)                                                                        \
  do {                                                                                             \
    real tail_[LANES];                                                                             \
    STORE(tail_, v);                                                                               \
    for (int l_ = 0; l_ < (n); l_++) (p)[l_] = tail_[l_];                                           \
  } while (0)
#define ADD_LANES(result, v)                                                                       \
  do {                                                                                             \
    real lanes_[LANES];                                                                            \
    STORE(lanes_, v);                                                                              \
    for (int w_ = LANES / 2; w_ > 0; w_ /= 2)                                                      \
      for (int l_ = 0; l_ < w_; l_++) lanes_[l_] += lanes_[l_ + w_];                               \
    (result) = lanes_[0];                                                                          \
  } while (0)

/*
 * result = e^x for x <= 0, elementwise; 0 below EXP_UNDERFLOW (where the true value is still a
 * normal number, but smaller than any sum it is ever added to can see); NaN stays NaN.
 * x = n ln 2 + r, |r| <= ln 2 / 2, Taylor in r to below half a unit in the last place, then 2^n
 * through the exponent bits. About 1 unit in the last place overall.
 */
#if defined(FGN_FLOAT)
#define EXP_POLYNOMIAL(p, r)                                                                       \
  (p) = SPLAT(1.0f / 5040);                                                                        \
  (p) = (p) * (r) + SPLAT(1.0f / 720);                                                             \
  (p) = (p) * (r) + SPLAT(1.0f / 120);                                                             \
  (p) = (p) * (r) + SPLAT(1.0f / 24);                                                              \
  (p) = (p) * (r) + SPLAT(1.0f / 6);                                                               \
  (p) = (p) * (r) + SPLAT(0.5f);                                                                   \
  (p) = (p) * (r) + SPLAT(1.0f);                                                                   \
  (p) = (p) * (r) + SPLAT(1.0f);
#else
#define EXP_POLYNOMIAL(p, r)                                                                       \
  (p) = SPLAT(1.0 / 6227020800.0);                                                                 \
  (p) = (p) * (r) + SPLAT(1.0 / 479001600.0);                                                      \
  (p) = (p) * (r) + SPLAT(1.0 / 39916800.0);                                                       \
  (p) = (p) * (r) + SPLAT(1.0 / 3628800.0);                                                        \
  (p) = (p) * (r) + SPLAT(1.0 / 362880.0);                                                         \
  (p) = (p) * (r) + SPLAT(1.0 / 40320.0);                                                          \
  (p) = (p) * (r) + SPLAT(1.0 / 5040.0);                                                           \
  (p) = (p) * (r) + SPLAT(1.0 / 720.0);                                                            \
  (p) = (p) * (r) + SPLAT(1.0 / 120.0);                                                            \
  (p) = (p) * (r) + SPLAT(1.0 / 24.0);                                                             \
  (p) = (p) * (r) + SPLAT(1.0 / 6.0);                                                              \
  (p) = (p) * (r) + SPLAT(0.5);                                                                    \
  (p) = (p) * (r) + SPLAT(1.0);                                                                    \
  (p) = (p) * (r) + SPLAT(1.0);
#endif
#define EXP(result, argument)                                                                      \
  do {                                                                                             \
    vec x_ = (argument);                                                                           \
    vec n_ = x_ * SPLAT(LOG2E) + SPLAT(ROUND_MAGIC);                                               \
    bitvec k_ = (bitvec)n_ << EXPONENT_SHIFT; /* the low bits of the magic sum are the integer */  \
    n_ -= SPLAT(ROUND_MAGIC);                                                                      \
    vec r_ = x_ - n_ * SPLAT(LN2_HIGH);                                                            \
    r_ -= n_ * SPLAT(LN2_LOW);                                                                     \
    vec p_;                                                                                        \
    EXP_POLYNOMIAL(p_, r_)                                                                         \
    vec e_ = (vec)((bitvec)p_ + k_);                                                               \
    (result) = (x_ < SPLAT(EXP_UNDERFLOW)) ? SPLAT(0) : ((x_ != x_) ? x_ : e_);                    \
  } while (0)

#pragma clang fp contract(fast)
