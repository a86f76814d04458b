/*
 * Symmetric products of few rows, g += x x^T, by dot products: a tile of 4 x 4 rows in registers, features as vector
 * lanes, nothing packed. Meant for AVX-512 (16 accumulators and 8 operands in 32 registers); callers use the BLAS
 * elsewhere, and for many rows.
 */

#define GRAM_TILE 4
#define GRAM_BLOCK 1024 /* features at a time: the rows' blocks stay in the second-level cache */

#if defined(FGN_FLOAT)
/* Sums the halves of two vectors of segments into one vector of half segments. */
#define FOLD_8(a, b)                                                                               \
  (__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +         \
   __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#define FOLD_4(a, b)                                                                               \
  (__builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +       \
   __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))
#define FOLD_2(a, b)                                                                               \
  (__builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +       \
   __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31))
#define FOLD_1(a, b)                                                                               \
  (__builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +      \
   __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31))
/* out[t] = sum of the lanes of s[t], t < 16. */
#define SUM_TILE(s, out)                                                                           \
  do {                                                                                             \
    vec a_[8], b_[4];                                                                              \
    for (int t_ = 0; t_ < 8; t_++) a_[t_] = FOLD_8((s)[2 * t_], (s)[2 * t_ + 1]);                  \
    for (int t_ = 0; t_ < 4; t_++) b_[t_] = FOLD_4(a_[2 * t_], a_[2 * t_ + 1]);                    \
    vec c_ = FOLD_2(b_[0], b_[1]), d_ = FOLD_2(b_[2], b_[3]);                                      \
    STORE(out, FOLD_1(c_, d_));                                                                    \
  } while (0)
#else
#define FOLD_4(a, b)                                                                               \
  (__builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +                                       \
   __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15))
#define FOLD_2(a, b)                                                                               \
  (__builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13) +                                       \
   __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15))
#define FOLD_1(a, b)                                                                               \
  (__builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14) +                                      \
   __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15))
#define SUM_TILE(s, out)                                                                           \
  do {                                                                                             \
    for (int h_ = 0; h_ < 2; h_++) {                                                               \
      vec a_[4];                                                                                   \
      for (int t_ = 0; t_ < 4; t_++) a_[t_] = FOLD_4((s)[8 * h_ + 2 * t_], (s)[8 * h_ + 2 * t_ + 1]); \
      vec b_ = FOLD_2(a_[0], a_[1]), c_ = FOLD_2(a_[2], a_[3]);                                    \
      STORE((out) + 8 * h_, FOLD_1(b_, c_));                                                       \
    }                                                                                              \
  } while (0)
#endif

/* Dots of rows p[0..3] with rows q[0..3]: k features, a multiple of LANES, and a last vector each. */
INLINE void gram_tile(const real *const *p, const real *const *q, ptrdiff_t k, const real *const *p_tail,
                      const real *const *q_tail, real *out) {
  vec s[GRAM_TILE * GRAM_TILE];
  for (int t = 0; t < GRAM_TILE * GRAM_TILE; t++) s[t] = SPLAT(0);
#define GRAM_STEP(p, q, d)                                                                         \
  do {                                                                                             \
    vec q0_ = LOAD((q)[0] + (d)), q1_ = LOAD((q)[1] + (d));                                        \
    vec q2_ = LOAD((q)[2] + (d)), q3_ = LOAD((q)[3] + (d));                                        \
    _Pragma("clang loop unroll(full)") for (int i_ = 0; i_ < GRAM_TILE; i_++) {                    \
      vec p_ = LOAD((p)[i_] + (d));                                                                \
      s[GRAM_TILE * i_] += p_ * q0_;                                                               \
      s[GRAM_TILE * i_ + 1] += p_ * q1_;                                                           \
      s[GRAM_TILE * i_ + 2] += p_ * q2_;                                                           \
      s[GRAM_TILE * i_ + 3] += p_ * q3_;                                                           \
    }                                                                                              \
  } while (0)
  for (ptrdiff_t d = 0; d < k; d += LANES) GRAM_STEP(p, q, d);
  if (p_tail) GRAM_STEP(p_tail, q_tail, 0);
  SUM_TILE(s, out);
}

CLONES void NAME(fgn_gram)(const real *x, ptrdiff_t stride, ptrdiff_t k, real beta, real *g,
                           ptrdiff_t stride_g, ptrdiff_t first, ptrdiff_t last) {
  real tails[FGN_GRAM_LIMIT * LANES]; /* what is left of each row after whole vectors, padded with zeros */
  ptrdiff_t whole = k / LANES * LANES;
  for (ptrdiff_t i = 0; i < last && whole < k; i++)
    for (ptrdiff_t l = 0; l < LANES; l++) tails[i * LANES + l] = whole + l < k ? x[i * stride + whole + l] : 0;
  for (ptrdiff_t i = first; i < last; i++)
    for (ptrdiff_t j = 0; j <= i; j++) g[i * stride_g + j] = beta == 0 ? 0 : beta * g[i * stride_g + j];
  for (ptrdiff_t k0 = 0; k0 < k; k0 += GRAM_BLOCK) {
    ptrdiff_t width = whole - k0 < GRAM_BLOCK ? whole - k0 : GRAM_BLOCK;
    int has_tail = whole < k && k - k0 <= GRAM_BLOCK;
    for (ptrdiff_t i = first; i < last; i += GRAM_TILE) {
      const real *p[GRAM_TILE], *q[GRAM_TILE], *p_tail[GRAM_TILE], *q_tail[GRAM_TILE];
      real out[GRAM_TILE * GRAM_TILE];
      for (int t = 0; t < GRAM_TILE; t++) { /* a short last tile repeats its last row */
        ptrdiff_t row = i + t < last ? i + t : last - 1;
        p[t] = x + row * stride + k0;
        p_tail[t] = tails + row * LANES;
      }
      for (ptrdiff_t j = 0; j <= i; j += GRAM_TILE) {
        for (int t = 0; t < GRAM_TILE; t++) {
          ptrdiff_t row = j + t < last ? j + t : last - 1;
          q[t] = x + row * stride + k0;
          q_tail[t] = tails + row * LANES;
        }
        gram_tile(p, q, width, has_tail ? p_tail : 0, q_tail, out);
        for (ptrdiff_t a = i; a < i + GRAM_TILE && a < last; a++)
          for (ptrdiff_t b = j; b < j + GRAM_TILE && b <= a; b++)
            g[a * stride_g + b] += out[GRAM_TILE * (a - i) + b - j];
      }
    }
  }
}
