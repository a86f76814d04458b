/* Activation functions and their slopes, a few units in the last place everywhere; NaN stays NaN. */

#if defined(FGN_FLOAT)
#define EXP_ZERO -110.0f /* e^x is 0 from here on, even as a denormal number */
#define SCALE_LIMIT -100.0f
#define HIGH_HALF ~0xfff
#define LN2 0.693147180559945309f
#define TAIL_END 15.0f
#define TAIL_CENTER 5.0f
#define TAIL_COEFFICIENTS                                                                          \
  0.0001817650149f, 0.0001377650289f, -0.001492484328f, 0.004133704282f, -0.006171647068f,         \
      0.001125773661f, 0.02145368085f, -0.07088176165f, 0.1470992006f, -0.2350098318f,             \
      0.5384351347f
#else
#define EXP_ZERO -760.0
#define SCALE_LIMIT -1000.0
#define HIGH_HALF ~0x7ffffffL
#define LN2 0.693147180559945309
#define TAIL_END 39.0
#define TAIL_CENTER 6.0
#define TAIL_COEFFICIENTS                                                                          \
  1.393947988368712406e-9, 3.287287103088297782e-9, -1.253492101968573212e-8,                      \
      -2.46005980100207413e-8, 1.079478685156573701e-7, 6.172491550176715647e-8,                   \
      -8.859934120100835427e-7, 1.067083046199808565e-6, 4.889399556666166293e-6,                  \
      -2.086757258728766823e-5, 1.728545520086131117e-5, 1.31863798016502754e-4,                   \
      -6.886217145887239461e-4, 1.922203374841679562e-3, -3.641891410643288926e-3,                 \
      4.400428221322351811e-3, -7.788002420344052883e-4, -1.246207276264395767e-2,                 \
      4.068163530256668597e-2, -8.627942657879363275e-2, 1.456429180129007105e-1,                  \
      -2.08222095762789678e-1, 5.182345145955747938e-1
#endif

/* x + low = n ln 2 + r with |r| <= ln 2 / 2; q = e^r - 1 without cancellation (Taylor). */
INLINE void exponential_parts(const vec *x, const vec *low, vec *n, vec *q) {
  vec whole = *x * SPLAT(LOG2E) + SPLAT(ROUND_MAGIC);
  whole -= SPLAT(ROUND_MAGIC);
  vec r = *x - whole * SPLAT(LN2_HIGH);
  r -= whole * SPLAT(LN2_LOW);
  r += *low;
#if defined(FGN_FLOAT)
  vec p = SPLAT(1.0f / 40320);
  p = p * r + SPLAT(1.0f / 5040);
#else
  vec p = SPLAT(1.0 / 6227020800.0);
  p = p * r + SPLAT(1.0 / 479001600.0);
  p = p * r + SPLAT(1.0 / 39916800.0);
  p = p * r + SPLAT(1.0 / 3628800.0);
  p = p * r + SPLAT(1.0 / 362880.0);
  p = p * r + SPLAT(1.0 / 40320.0);
  p = p * r + SPLAT(1.0 / 5040.0);
#endif
  p = p * r + SPLAT((real)1 / 720);
  p = p * r + SPLAT((real)1 / 120);
  p = p * r + SPLAT((real)1 / 24);
  p = p * r + SPLAT((real)1 / 6);
  p = p * r + SPLAT(0.5);
  *n = whole;
  *q = r * r * p + r;
}

/* 2^n for whole n of normal numbers. */
INLINE void power_of_two(const vec *n, vec *result) {
  bitvec exponent = (bitvec)(*n + SPLAT(ROUND_MAGIC)) << EXPONENT_SHIFT;
  *result = (vec)(exponent + (bitvec)SPLAT(1));
}

/* e^(x + low) = head rest for x <= 0. Rest is a power of two, 1 but where the product is denormal or nearly: multiply
   by it last. minus_one = e^(x + low) - 1 without cancellation. */
INLINE void exponential(const vec *x, const vec *low, vec *head, vec *rest, vec *minus_one) {
  vec n, q, scale;
  vec clamped = *x < SPLAT(EXP_ZERO) ? SPLAT(EXP_ZERO) : *x;
  exponential_parts(&clamped, low, &n, &q);
  vec first = n < SPLAT(SCALE_LIMIT) ? SPLAT(SCALE_LIMIT) : n;
  vec second = n - first;
  power_of_two(&first, &scale);
  power_of_two(&second, rest);
  *head = q * scale + scale;
  *minus_one = q * scale + (scale - SPLAT(1));
}

/* log(1 + e) for 0 <= e <= 1: 2 artanh(s), of (1 + e) / 2 where that is nearer to one. */
INLINE void log_of_one_plus(const vec *e, vec *result) {
  vec upper = *e > SPLAT(0.41421356) ? SPLAT(1) : SPLAT(0);
  vec twice = (*e - upper) * SPLAT(2) / (*e + SPLAT(2) + upper); /* 2 s, |s| < 0.1716 */
  vec z = twice * twice * SPLAT(0.25);
#if defined(FGN_FLOAT)
  vec p = SPLAT(1.0f / 9);
#else
  vec p = SPLAT(1.0 / 21);
  p = p * z + SPLAT(1.0 / 19);
  p = p * z + SPLAT(1.0 / 17);
  p = p * z + SPLAT(1.0 / 15);
  p = p * z + SPLAT(1.0 / 13);
  p = p * z + SPLAT(1.0 / 11);
  p = p * z + SPLAT(1.0 / 9);
#endif
  p = p * z + SPLAT((real)1 / 7);
  p = p * z + SPLAT((real)1 / 5);
  p = p * z + SPLAT((real)1 / 3);
  *result = upper * SPLAT(LN2) + (twice + twice * (z * p));
}

/* The normal distribution's upper tail Q without its exponential: m = Q(a) e^(a^2 / 2), 0 <= a <= TAIL_END. (2 + a) m
   is a polynomial in t = (a - TAIL_CENTER) / (a + TAIL_CENTER), interpolated at Chebyshev nodes over 0...TAIL_END in
   60 digits; 4e-10 and 2e-18 off at most. */
INLINE void normal_tail(const vec *a, vec *m) {
  vec t = (*a - SPLAT(TAIL_CENTER)) / (*a + SPLAT(TAIL_CENTER));
  static const real coefficients[] = {TAIL_COEFFICIENTS};
  vec p = SPLAT(coefficients[0]);
#pragma clang loop unroll(full)
  for (int k = 1; k < (int)(sizeof coefficients / sizeof coefficients[0]); k++)
    p = p * t + SPLAT(coefficients[k]);
  *m = p / (*a + SPLAT(2));
}

INLINE void relu(const vec *x, vec *y, vec *slope) {
  *y = *x <= SPLAT(0) ? SPLAT(0) : *x;
  *slope = *x <= SPLAT(0) ? SPLAT(0) : (*x != *x ? *x : SPLAT(1));
}

INLINE void leaky_relu(const vec *x, real parameter, vec *y, vec *slope) {
  *y = *x <= SPLAT(0) ? SPLAT(parameter) * *x : *x;
  *slope = *x <= SPLAT(0) ? SPLAT(parameter) : (*x != *x ? *x : SPLAT(1));
}

/* With e = e^-2|x|: |y| = (1 - e) / (1 + e), slope 4 e / (1 + e)^2. */
INLINE void hyperbolic_tangent(const vec *x, vec *y, vec *slope) {
  vec zero = SPLAT(0), e, rest, t;
  vec twice = SPLAT(-2) * __builtin_elementwise_abs(*x);
  exponential(&twice, &zero, &e, &rest, &t);
  vec f = -t / (SPLAT(2) + t);
  vec sum = SPLAT(1) + e;
  vec d = SPLAT(4) * e / (sum * sum) * rest;
  *y = *x != *x ? *x : __builtin_elementwise_copysign(f, *x);
  *slope = *x != *x ? *x : d;
}

/* With e = e^-|x|: the logistic function s(x) = 1 / (1 + e), or e / (1 + e) for negative x; slope e / (1 + e)^2. */
INLINE void logistic(const vec *x, vec *y, vec *slope) {
  vec zero = SPLAT(0), e, rest, unused;
  vec negative = -__builtin_elementwise_abs(*x);
  exponential(&negative, &zero, &e, &rest, &unused);
  vec sum = SPLAT(1) + e;
  vec f = *x < SPLAT(0) ? e / sum * rest : SPLAT(1) / sum;
  vec d = e / (sum * sum) * rest;
  *y = *x != *x ? *x : f;
  *slope = *x != *x ? *x : d;
}

/* y = x s(x), slope s(x) (1 + x s(-x)). */
INLINE void silu(const vec *x, vec *y, vec *slope) {
  vec zero = SPLAT(0), e, rest, unused;
  vec a = __builtin_elementwise_abs(*x);
  vec bounded = a < SPLAT(-EXP_ZERO) ? a : SPLAT(-EXP_ZERO); /* infinity times zero is no value here */
  vec negative = -bounded;
  exponential(&negative, &zero, &e, &rest, &unused);
  vec small = e / (SPLAT(1) + e), large = SPLAT(1) / (SPLAT(1) + e); /* s(-|x|) before rest, s(|x|) */
  vec f = *x < SPLAT(0) ? negative * small * rest : *x * large;
  vec d = *x < SPLAT(0) ? (SPLAT(1) + negative * large) * small * rest
                        : (SPLAT(1) + bounded * (small * rest)) * large;
  *y = *x != *x ? *x : f;
  *slope = *x != *x ? *x : d;
}

/* y = max(x, 0) + log(1 + e^-|x|), slope s(x). */
INLINE void softplus(const vec *x, vec *y, vec *slope) {
  vec zero = SPLAT(0), e, rest, unused, f;
  vec negative = -__builtin_elementwise_abs(*x);
  exponential(&negative, &zero, &e, &rest, &unused);
  vec sum = SPLAT(1) + e;
  vec product = e * rest;
  log_of_one_plus(&product, &f);
  f += *x > SPLAT(0) ? *x : SPLAT(0);
  vec d = *x < SPLAT(0) ? e / sum * rest : SPLAT(1) / sum;
  *y = *x != *x ? *x : f;
  *slope = *x != *x ? *x : d;
}

/*
 * y = x P(x) with the normal distribution function P = 1 - Q, slope P(x) + x p(x). With a = |x|, Q(a) = m e^(-a^2 / 2)
 * and c = 1 / sqrt(2 pi): the slope at -a is e^(-a^2 / 2) (m - a c), and that at a the rest to one.
 * a^2 is squared in two parts, or its rounding would be worth a^2 / 2 units of the exponential.
 */
INLINE void gelu(const vec *x, vec *y, vec *slope) {
  vec e, rest, unused, m;
  vec a = __builtin_elementwise_abs(*x);
  a = a < SPLAT(TAIL_END) ? a : SPLAT(TAIL_END);
  vec high = (vec)((bitvec)a & HIGH_HALF);
  vec square = SPLAT(-0.5) * (high * high);                      /* exact */
  vec low = SPLAT(-0.5) * ((a + high) * (a - high));
  exponential(&square, &low, &e, &rest, &unused);
  normal_tail(&a, &m);
  vec tail = m * e, along = (m - a * SPLAT(0.398942280401432678)) * e; /* before rest */
  vec f = *x < SPLAT(0) ? -(a * tail * rest) : *x * (SPLAT(1) - tail * rest);
  vec d = *x < SPLAT(0) ? along * rest : SPLAT(1) - along * rest;
  *y = *x != *x ? *x : f;
  *slope = *x != *x ? *x : d;
}

/* For each block of x: v is loaded, body sets f and d, they are stored to y and slope. */
#define FOR_VECTORS(body)                                                                          \
  for (ptrdiff_t k = 0; k < n; k += LANES) {                                                       \
    ptrdiff_t left = n - k;                                                                        \
    vec v, f, d;                                                                                   \
    if (left >= LANES) {                                                                           \
      v = LOAD(x + k);                                                                             \
    } else {                                                                                       \
      LOAD_TAIL(v, x + k, left, 0);                                                                \
    }                                                                                              \
    body;                                                                                          \
    if (left >= LANES) {                                                                           \
      STORE(y + k, f);                                                                             \
      STORE(slope + k, d);                                                                         \
    } else {                                                                                       \
      STORE_TAIL(y + k, f, left);                                                                  \
      STORE_TAIL(slope + k, d, left);                                                              \
    }                                                                                              \
  }

CLONES void NAME(fgn_activation)(int32_t function, real parameter, const real *x, real *y,
                                 real *slope, ptrdiff_t n) {
  switch (function) {
    case FGN_RELU: FOR_VECTORS(relu(&v, &f, &d)) break;
    case FGN_LEAKY_RELU: FOR_VECTORS(leaky_relu(&v, parameter, &f, &d)) break;
    case FGN_TANH: FOR_VECTORS(hyperbolic_tangent(&v, &f, &d)) break;
    case FGN_SIGMOID: FOR_VECTORS(logistic(&v, &f, &d)) break;
    case FGN_GELU: FOR_VECTORS(gelu(&v, &f, &d)) break;
    case FGN_SILU: FOR_VECTORS(silu(&v, &f, &d)) break;
    case FGN_SOFTPLUS: FOR_VECTORS(softplus(&v, &f, &d)) break;
  }
}

CLONES void NAME(fgn_multiply)(const real *a, const real *b, real *y, ptrdiff_t n) {
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) STORE(y + k, LOAD(a + k) * LOAD(b + k));
  for (; k < n; k++) y[k] = a[k] * b[k];
}

/* The hash is SplitMix64's output function (Steele, Lea & Flood 2014) at position first + k + 1 of its sequence. */
CLONES void NAME(fgn_dropout_mask)(uint64_t seed, uint64_t first, double rate, real factor, real *mask,
                                   ptrdiff_t n) {
  uint64_t limit = (uint64_t)(rate * 9007199254740992.0); /* 2^53 */
  for (ptrdiff_t k = 0; k < n; k++) {
    uint64_t z = seed + (first + (uint64_t)k + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    mask[k] = z >> 11 < limit ? 0 : factor;
  }
}
