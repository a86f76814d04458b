/* Activation functions and their slopes, a few units in the last place everywhere; NaN stays NaN. */

#if defined(FGN_FLOAT)
#define EXP_ZERO -110.0f /* e^x is 0 from here on, even as a denormal number */
#define SCALE_LIMIT -100.0f
#else
#define EXP_ZERO -750.0
#define SCALE_LIMIT -1000.0
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

/* e = e^(x + low) for x <= 0, denormal numbers included; minus_one = e^(x + low) - 1 without cancellation. */
INLINE void exponential(const vec *x, const vec *low, vec *e, vec *minus_one) {
  vec n, q, scale, rest;
  vec clamped = *x < SPLAT(EXP_ZERO) ? SPLAT(EXP_ZERO) : *x;
  exponential_parts(&clamped, low, &n, &q);
  /* In two steps, so that neither power is denormal. */
  vec first = n < SPLAT(SCALE_LIMIT) ? SPLAT(SCALE_LIMIT) : n;
  vec second = n - first;
  power_of_two(&first, &scale);
  power_of_two(&second, &rest);
  *e = (q + SPLAT(1)) * scale * rest;
  *minus_one = q * scale + (scale - SPLAT(1));
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
  vec zero = SPLAT(0), e, t;
  vec twice = SPLAT(-2) * __builtin_elementwise_abs(*x);
  exponential(&twice, &zero, &e, &t);
  vec f = -t / (SPLAT(2) + t);
  vec sum = SPLAT(1) + e;
  vec d = SPLAT(4) * e / (sum * sum);
  *y = *x != *x ? *x : __builtin_elementwise_copysign(f, *x);
  *slope = *x != *x ? *x : d;
}

/* With e = e^-|x|: y = 1 / (1 + e), or e / (1 + e) for negative x; slope e / (1 + e)^2. */
INLINE void logistic(const vec *x, vec *y, vec *slope) {
  vec zero = SPLAT(0), e, unused;
  vec negative = -__builtin_elementwise_abs(*x);
  exponential(&negative, &zero, &e, &unused);
  vec sum = SPLAT(1) + e;
  vec f = (*x < SPLAT(0) ? e : SPLAT(1)) / sum;
  vec d = e / (sum * sum);
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
  }
}

CLONES void NAME(fgn_multiply)(const real *a, const real *b, real *y, ptrdiff_t n) {
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) STORE(y + k, LOAD(a + k) * LOAD(b + k));
  for (; k < n; k++) y[k] = a[k] * b[k];
}
