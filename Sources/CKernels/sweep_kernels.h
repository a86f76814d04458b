/*
 * Passes over the rows of a softmax regression. Weights are panels: panel v holds LANES classes, feature by feature
 * [vectors][features][LANES], the last one padded with zeros; deltas likewise [vectors][capacity][LANES], row by row.
 * Rows of x are taken by number where `index` is given, and one after the other where it is NULL.
 */

#define SWEEP_ROWS 6

INLINE ptrdiff_t sweep_row(const int32_t *index, ptrdiff_t i) { return index ? index[i] : i; }

CLONES void NAME(fgn_sweep_forward)(const real *x, ptrdiff_t features, const int32_t *index, ptrdiff_t rows,
                                    const real *panels, const real *bias, ptrdiff_t vectors, real *z) {
  ptrdiff_t width = vectors * LANES;
  for (ptrdiff_t v = 0; v < vectors; v++) {
    const real *panel = panels + v * features * LANES;
    vec start = LOAD(bias + v * LANES);
    for (ptrdiff_t i = 0; i < rows; i += SWEEP_ROWS) {
      ptrdiff_t height = rows - i < SWEEP_ROWS ? rows - i : SWEEP_ROWS;
      const real *r[SWEEP_ROWS]; /* a short last block repeats its last row and drops the result */
      for (ptrdiff_t j = 0; j < SWEEP_ROWS; j++) r[j] = x + sweep_row(index, i + (j < height ? j : height - 1)) * features;
      vec s0 = start, s1 = start, s2 = start, s3 = start, s4 = start, s5 = start;
      for (ptrdiff_t d = 0; d < features; d++) {
        vec w = LOAD(panel + d * LANES);
        s0 += SPLAT(r[0][d]) * w;
        s1 += SPLAT(r[1][d]) * w;
        s2 += SPLAT(r[2][d]) * w;
        s3 += SPLAT(r[3][d]) * w;
        s4 += SPLAT(r[4][d]) * w;
        s5 += SPLAT(r[5][d]) * w;
      }
      real *out = z + i * width + v * LANES;
      STORE(out, s0);
      if (height > 1) STORE(out + width, s1);
      if (height > 2) STORE(out + 2 * width, s2);
      if (height > 3) STORE(out + 3 * width, s3);
      if (height > 4) STORE(out + 4 * width, s4);
      if (height > 5) STORE(out + 5 * width, s5);
    }
  }
}

CLONES void NAME(fgn_sweep_accumulate)(const real *x, ptrdiff_t features, const int32_t *index, ptrdiff_t rows,
                                       ptrdiff_t first, ptrdiff_t last, const real *mean, const real *delta,
                                       ptrdiff_t capacity, real alpha, real *panels, ptrdiff_t vectors) {
  for (ptrdiff_t v = 0; v < vectors; v++) {
    const real *column = delta + v * capacity * LANES;
    vec total = SPLAT(0);
    if (mean)
      for (ptrdiff_t i = 0; i < rows; i++) total += LOAD(column + i * LANES);
    for (ptrdiff_t d = first; d < last; d += SWEEP_ROWS) {
      ptrdiff_t height = last - d < SWEEP_ROWS ? last - d : SWEEP_ROWS;
      ptrdiff_t o[SWEEP_ROWS]; /* a short last block repeats its last feature and drops the result */
      for (ptrdiff_t j = 0; j < SWEEP_ROWS; j++) o[j] = d + (j < height ? j : height - 1);
      vec s0 = SPLAT(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
      for (ptrdiff_t i = 0; i < rows; i++) {
        const real *row = x + sweep_row(index, i) * features;
        vec u = LOAD(column + i * LANES);
        s0 += SPLAT(row[o[0]]) * u;
        s1 += SPLAT(row[o[1]]) * u;
        s2 += SPLAT(row[o[2]]) * u;
        s3 += SPLAT(row[o[3]]) * u;
        s4 += SPLAT(row[o[4]]) * u;
        s5 += SPLAT(row[o[5]]) * u;
      }
      if (mean) {
        s0 -= SPLAT(mean[o[0]]) * total;
        s1 -= SPLAT(mean[o[1]]) * total;
        s2 -= SPLAT(mean[o[2]]) * total;
        s3 -= SPLAT(mean[o[3]]) * total;
        s4 -= SPLAT(mean[o[4]]) * total;
        s5 -= SPLAT(mean[o[5]]) * total;
      }
      real *out = panels + (v * features + d) * LANES;
      vec f = SPLAT(alpha);
      STORE(out, LOAD(out) + f * s0);
      if (height > 1) STORE(out + LANES, LOAD(out + LANES) + f * s1);
      if (height > 2) STORE(out + 2 * LANES, LOAD(out + 2 * LANES) + f * s2);
      if (height > 3) STORE(out + 3 * LANES, LOAD(out + 3 * LANES) + f * s3);
      if (height > 4) STORE(out + 4 * LANES, LOAD(out + 4 * LANES) + f * s4);
      if (height > 5) STORE(out + 5 * LANES, LOAD(out + 5 * LANES) + f * s5);
    }
  }
}

/* Two chains for each panel, and two panels at a time, hide the latency of the sums. */
CLONES void NAME(fgn_sweep_forward_sparse)(const real *values, const int32_t *columns, const ptrdiff_t *starts,
                                           ptrdiff_t features, const int32_t *index, ptrdiff_t rows,
                                           const real *panels, const real *bias, ptrdiff_t vectors, real *z) {
  ptrdiff_t stride = features * LANES;
  for (ptrdiff_t i = 0; i < rows; i++) {
    ptrdiff_t row = sweep_row(index, i), end = starts[row + 1];
    real *out = z + i * vectors * LANES;
    ptrdiff_t v = 0;
    for (; v + 2 <= vectors; v += 2) {
      const real *w = panels + v * stride, *u = w + stride;
      vec a = LOAD(bias + v * LANES), b = LOAD(bias + (v + 1) * LANES), c = SPLAT(0), e = c;
      ptrdiff_t k = starts[row];
      for (; k + 2 <= end; k += 2) {
        ptrdiff_t p = (ptrdiff_t)columns[k] * LANES, q = (ptrdiff_t)columns[k + 1] * LANES;
        a += SPLAT(values[k]) * LOAD(w + p);
        b += SPLAT(values[k]) * LOAD(u + p);
        c += SPLAT(values[k + 1]) * LOAD(w + q);
        e += SPLAT(values[k + 1]) * LOAD(u + q);
      }
      if (k < end) {
        ptrdiff_t p = (ptrdiff_t)columns[k] * LANES;
        a += SPLAT(values[k]) * LOAD(w + p);
        b += SPLAT(values[k]) * LOAD(u + p);
      }
      STORE(out + v * LANES, a + c);
      STORE(out + (v + 1) * LANES, b + e);
    }
    for (; v < vectors; v++) {
      const real *w = panels + v * stride;
      vec a = LOAD(bias + v * LANES), c = SPLAT(0);
      ptrdiff_t k = starts[row];
      for (; k + 2 <= end; k += 2) {
        a += SPLAT(values[k]) * LOAD(w + (ptrdiff_t)columns[k] * LANES);
        c += SPLAT(values[k + 1]) * LOAD(w + (ptrdiff_t)columns[k + 1] * LANES);
      }
      if (k < end) a += SPLAT(values[k]) * LOAD(w + (ptrdiff_t)columns[k] * LANES);
      STORE(out + v * LANES, a + c);
    }
  }
}

/* Panels first..<last: a piece owns whole panels, as rows share features. */
CLONES void NAME(fgn_sweep_accumulate_sparse)(const real *values, const int32_t *columns, const ptrdiff_t *starts,
                                              ptrdiff_t features, const int32_t *index, ptrdiff_t rows,
                                              ptrdiff_t first, ptrdiff_t last, const real *delta, ptrdiff_t capacity,
                                              real alpha, real *panels) {
  for (ptrdiff_t v = first; v < last; v++) {
    real *panel = panels + v * features * LANES;
    for (ptrdiff_t i = 0; i < rows; i++) {
      ptrdiff_t row = sweep_row(index, i);
      vec u = SPLAT(alpha) * LOAD(delta + (v * capacity + i) * LANES);
      for (ptrdiff_t k = starts[row]; k < starts[row + 1]; k++) {
        real *out = panel + (ptrdiff_t)columns[k] * LANES;
        STORE(out, LOAD(out) + SPLAT(values[k]) * u);
      }
    }
  }
}

/* The sum of the rows of a delta, times alpha, added to the bias [vectors * LANES]; with `offsets` each row times alpha -
 * beta offset, `number` being its place among those. */
CLONES void NAME(fgn_sweep_bias)(const real *delta, ptrdiff_t capacity, ptrdiff_t rows, real alpha,
                                 const real *offsets, const int32_t *number, real beta, real *bias,
                                 ptrdiff_t vectors) {
  for (ptrdiff_t v = 0; v < vectors; v++) {
    vec sum = SPLAT(0), moved = SPLAT(0);
    for (ptrdiff_t i = 0; i < rows; i++) {
      vec u = LOAD(delta + (v * capacity + i) * LANES);
      sum += u;
      if (offsets) moved += SPLAT(offsets[number[i]]) * u;
    }
    STORE(bias + v * LANES, LOAD(bias + v * LANES) + SPLAT(alpha) * sum - SPLAT(beta) * moved);
  }
}

/* Halves are added in registers. (A function of vectors would not be the same in every clone.) */
#if defined(FGN_FLOAT)
typedef real sweep_half __attribute__((ext_vector_type(8)));
typedef real sweep_quarter __attribute__((ext_vector_type(4)));
#define SWEEP_SUM(result, v)                                                                       \
  do {                                                                                             \
    vec v_ = (v);                                                                                  \
    sweep_half h_ = v_.lo + v_.hi;                                                                 \
    sweep_quarter q_ = h_.lo + h_.hi;                                                              \
    (result) = (q_.x + q_.z) + (q_.y + q_.w);                                                      \
  } while (0)
#else
typedef real sweep_half __attribute__((ext_vector_type(4)));
#define SWEEP_SUM(result, v)                                                                       \
  do {                                                                                             \
    vec v_ = (v);                                                                                  \
    sweep_half h_ = v_.lo + v_.hi;                                                                 \
    (result) = (h_.x + h_.z) + (h_.y + h_.w);                                                      \
  } while (0)
#endif

#if defined(FGN_FLOAT)
#define SWEEP_MAX(result, v)                                                                       \
  do {                                                                                             \
    vec v_ = (v);                                                                                  \
    sweep_half h_ = v_.lo > v_.hi ? v_.lo : v_.hi;                                                 \
    sweep_quarter q_ = h_.lo > h_.hi ? h_.lo : h_.hi;                                              \
    real a_ = q_.x > q_.z ? q_.x : q_.z, b_ = q_.y > q_.w ? q_.y : q_.w;                           \
    (result) = a_ > b_ ? a_ : b_;                                                                  \
  } while (0)
#else
#define SWEEP_MAX(result, v)                                                                       \
  do {                                                                                             \
    vec v_ = (v);                                                                                  \
    sweep_half h_ = v_.lo > v_.hi ? v_.lo : v_.hi;                                                 \
    real a_ = h_.x > h_.z ? h_.x : h_.z, b_ = h_.y > h_.w ? h_.y : h_.w;                           \
    (result) = a_ > b_ ? a_ : b_;                                                                  \
  } while (0)
#endif

/* Rows whose softmax is computed side by side: each is a chain of dependent steps. */
#define SWEEP_GROUP 4

/* Each row of z [count][padded] becomes e^(z - top) with zeros in the padding, and adds up to its `sum`. `padding` is
 * what the last panel gains: 0 for classes, -infinity for none. Padding is not stored first: a vector load of what was
 * stored by lanes would wait for it. */
INLINE void sweep_exponentials(real *z, ptrdiff_t count, const real *padding, ptrdiff_t vectors, real *top, real *sum) {
  ptrdiff_t last = (vectors - 1) * LANES, width = vectors * LANES;
  for (ptrdiff_t r = 0; r < count; r++) {
    vec greatest = LOAD(z + r * width + last) + LOAD(padding);
    for (ptrdiff_t v = 0; v < last; v += LANES) {
      vec x = LOAD(z + r * width + v);
      greatest = x > greatest ? x : greatest;
    }
    SWEEP_MAX(top[r], greatest);
  }
  for (ptrdiff_t r = 0; r < count; r++) {
    real *row = z + r * width;
    vec total;
    EXP(total, LOAD(row + last) + LOAD(padding) - SPLAT(top[r]));
    STORE(row + last, total);
    for (ptrdiff_t v = 0; v < last; v += LANES) {
      vec e;
      EXP(e, LOAD(row + v) - SPLAT(top[r]));
      STORE(row + v, e);
      total += e;
    }
    SWEEP_SUM(sum[r], total);
  }
}

INLINE void sweep_padding(ptrdiff_t classes, ptrdiff_t vectors, real *padding) {
  for (ptrdiff_t l = 0; l < LANES; l++) padding[l] = (vectors - 1) * LANES + l < classes ? 0 : -INFINITY;
}

/* Adds logarithms as one of a product: of sums from 1 to C, eight of which a float holds up to C = 60,000, or fewer. */
#define SWEEP_LOGS 8

/* Below these a probability is 0 to a logarithm, and a dual variable to a quotient. */
#if defined(FGN_FLOAT)
#define SWEEP_LEAST_P 1e-36f
#define SWEEP_LEAST_Q 1e-30f
#else
#define SWEEP_LEAST_P 1e-300
#define SWEEP_LEAST_Q 1e-280
#endif

/*
 * One dual step for each row: q += s (p - q), p the softmax of z; delta = -w s (p - q), what the weights are moved by.
 * `sums` gains the losses at z, and the divergences KL(q, p) before the step to third order in p - q:
 * 3 (p - q)^2 / (2 (q + 2 p)) of each class. Both are weighted.
 */
CLONES void NAME(fgn_sweep_duals)(real *z, ptrdiff_t rows, ptrdiff_t classes, ptrdiff_t vectors, const int32_t *number,
                                  const int32_t *labels, const real *steps, const real *weights, real *duals,
                                  real *delta, ptrdiff_t capacity, double *sums) {
  real padding[LANES];
  sweep_padding(classes, vectors, padding);
  for (ptrdiff_t first = 0; first < rows; first += SWEEP_GROUP) {
    ptrdiff_t count = rows - first < SWEEP_GROUP ? rows - first : SWEEP_GROUP;
    real *group = z + first * vectors * LANES, top[SWEEP_GROUP], sum[SWEEP_GROUP], own[SWEEP_GROUP];
    for (ptrdiff_t r = 0; r < count; r++) own[r] = group[r * vectors * LANES + labels[number[first + r]]];
    sweep_exponentials(group, count, padding, vectors, top, sum);
    for (ptrdiff_t r = 0; r < count; r++) {
      ptrdiff_t i = first + r, n = number[i];
      real *row = group + r * vectors * LANES, *q = duals + n * classes;
      real weight = weights ? weights[n] : 1, step = steps[n], square;
      vec scale = SPLAT(1 / sum[r]), squares = SPLAT(0);
      for (ptrdiff_t v = 0; v < vectors; v++) {
        ptrdiff_t lanes = classes - v * LANES < LANES ? classes - v * LANES : LANES;
        vec old;
        if (lanes == LANES) old = LOAD(q + v * LANES);
        else LOAD_TAIL(old, q + v * LANES, lanes, 0);
        vec now = LOAD(row + v * LANES) * scale, change = now - old;
        squares += change * change / (old + SPLAT(2) * now + SPLAT(SWEEP_LEAST_Q));
        change = SPLAT(step) * change;
        vec moved = old + change;
        if (lanes == LANES) STORE(q + v * LANES, moved);
        else STORE_TAIL(q + v * LANES, moved, lanes);
        STORE(delta + (v * capacity + i) * LANES, SPLAT(-weight) * change);
      }
      SWEEP_SUM(square, squares);
      sums[0] += (double)weight * ((double)top[r] + (double)LOG1(sum[r]) - (double)own[r]);
      sums[1] += 1.5 * (double)weight * (double)square;
    }
  }
}

/* Whether another class is level with the highest: `z` holds exponentials, the highest e^0. */
INLINE int sweep_ties(const real *z, ptrdiff_t classes) {
  ptrdiff_t ones = 0;
  for (ptrdiff_t c = 0; c < classes; c++) ones += z[c] >= 1;
  return ones > 1;
}

/*
 * delta = w (p - y) for each row. `sums` gains the losses, and counts the rows whose true class is not ahead of all others.
 */
CLONES void NAME(fgn_sweep_residuals)(real *z, ptrdiff_t rows, ptrdiff_t classes, ptrdiff_t vectors,
                                      const int32_t *labels, const real *weights, real *delta, ptrdiff_t capacity,
                                      double *sums) {
  real product = 1, padding[LANES];
  sweep_padding(classes, vectors, padding);
  double loss = 0;
  ptrdiff_t behind = 0;
  for (ptrdiff_t first = 0; first < rows; first += SWEEP_GROUP) {
    ptrdiff_t count = rows - first < SWEEP_GROUP ? rows - first : SWEEP_GROUP;
    real *group = z + first * vectors * LANES, top[SWEEP_GROUP], sum[SWEEP_GROUP], own[SWEEP_GROUP];
    for (ptrdiff_t r = 0; r < count; r++) own[r] = group[r * vectors * LANES + labels[first + r]];
    sweep_exponentials(group, count, padding, vectors, top, sum);
    for (ptrdiff_t r = 0; r < count; r++) {
      ptrdiff_t i = first + r;
      real *row = group + r * vectors * LANES, weight = weights ? weights[i] : 1;
      /* A sum below 2 has one e^0 only. */
      behind += weight > 0 && (own[r] != top[r] || (!(sum[r] < 2) && sweep_ties(row, classes)));
      vec scale = SPLAT(weight / sum[r]);
      for (ptrdiff_t v = 0; v < vectors; v++)
        STORE(delta + (v * capacity + i) * LANES, LOAD(row + v * LANES) * scale);
      delta[(labels[i] / LANES * capacity + i) * LANES + labels[i] % LANES] -= weight;
      loss += (double)weight * ((double)top[r] - (double)own[r]);
      if (weights) {
        loss += (double)weight * (double)LOG1(sum[r]);
        continue;
      }
      product *= sum[r];
      if (i % SWEEP_LOGS == SWEEP_LOGS - 1 || product > (real)1e28) {
        loss += (double)LOG1(product);
        product = 1;
      }
    }
  }
  sums[0] += loss + (double)LOG1(product);
  sums[1] += (double)behind;
}

typedef double wide __attribute__((ext_vector_type(LANES)));
typedef double wide_unaligned __attribute__((ext_vector_type(LANES), aligned(sizeof(double))));
#define ADD_WIDE(p, v) (*(wide_unaligned *)(p) += __builtin_convertvector((v), wide))

/*
 * result = r - 1 - log r for r > 0, with x = r - 1 given as exactly as it is known: no digits cancel near r = 1. With r =
 * 2^k m, m from sqrt(1/2) to sqrt 2, log m = 2 atanh(s), s = (m - 1) / (m + 1): a series in s^2 <= 0.0295.
 */
#if defined(FGN_FLOAT)
#define ATANH_TERMS 5
#define EXPONENT_BIAS 127
#else
#define ATANH_TERMS 10
#define EXPONENT_BIAS 1023
#endif
#define DIVERGENCE(result, r, x)                                                                   \
  do {                                                                                             \
    const bits mantissa_ = ((bits)1 << EXPONENT_SHIFT) - 1;                                         \
    bitvec bits_ = (bitvec)(r);                                                                    \
    bitvec k_ = (bits_ >> EXPONENT_SHIFT) - EXPONENT_BIAS;                                         \
    vec m_ = (vec)((bits_ & mantissa_) | ((bits)EXPONENT_BIAS << EXPONENT_SHIFT));                  \
    bitvec high_ = (bitvec)(m_ > SPLAT(1.41421356237309504880));                                   \
    m_ = high_ ? m_ * SPLAT(0.5) : m_;                                                             \
    k_ -= high_;                                                                                   \
    bitvec near_ = k_ == 0;                                                                        \
    vec a_ = near_ ? (x) : m_ - SPLAT(1);                                                          \
    vec s_ = a_ / (SPLAT(2) + a_), z_ = s_ * s_, t_ = SPLAT(0);                                     \
    for (int j_ = ATANH_TERMS; j_ >= 1; j_--) t_ = t_ * z_ + SPLAT(2.0 / (2 * j_ + 1));              \
    t_ *= s_ * z_;                                                                                 \
    vec far_ = (x) - __builtin_convertvector(k_, vec) * SPLAT(0.69314718055994530942) - SPLAT(2) * s_; \
    (result) = (near_ ? (x) * s_ : far_) - t_;                                                      \
  } while (0)

/*
 * Where the point of the logits z stands to dual variables m = q + blend (p - q), q of which `duals` has a row for each of
 * z, made to add up to one; without duals m = p. With `tilt` [vectors LANES] m is multiplied by it and made to add up to
 * one again. delta = w (m - y). `sums` gains the losses, the count of rows whose true class is not ahead, the divergences
 * and the log sum e^z; `columns` [2][vectors LANES] sums of dual variables and of p. All are weighted. Divergence and sums
 * are of m with a tilt, and of q without.
 */
CLONES void NAME(fgn_sweep_gap)(real *z, ptrdiff_t rows, ptrdiff_t classes, ptrdiff_t vectors, const int32_t *labels,
                                const real *weights, const real *duals, real blend, const real *tilt, real *delta,
                                ptrdiff_t capacity, double *sums, double *columns) {
  real padding[LANES], filler[LANES];
  sweep_padding(classes, vectors, padding);
  for (ptrdiff_t l = 0; l < LANES; l++) filler[l] = padding[l] < 0;
  double *ofp = columns + vectors * LANES;
  for (ptrdiff_t first = 0; first < rows; first += SWEEP_GROUP) {
    ptrdiff_t count = rows - first < SWEEP_GROUP ? rows - first : SWEEP_GROUP;
    real *group = z + first * vectors * LANES, top[SWEEP_GROUP], sum[SWEEP_GROUP], own[SWEEP_GROUP];
    for (ptrdiff_t r = 0; r < count; r++) {
      own[r] = group[r * vectors * LANES + labels[first + r]];
      /* The logits, for probabilities that are too small to have a logarithm. */
      for (ptrdiff_t v = 0; v < vectors; v++)
        STORE(delta + (v * capacity + first + r) * LANES, LOAD(group + (r * vectors + v) * LANES));
    }
    sweep_exponentials(group, count, padding, vectors, top, sum);
    for (ptrdiff_t r = 0; r < count; r++) {
      ptrdiff_t i = first + r;
      real *row = group + r * vectors * LANES, weight = weights ? weights[i] : 1, norm = 1, total;
      const real *q = duals ? duals + i * classes : NULL;
      double lse = (double)top[r] + (double)LOG1(sum[r]), divergence = 0;
      int behind = weight > 0 && (own[r] != top[r] || (!(sum[r] < 2) && sweep_ties(row, classes)));
      vec scale = SPLAT(1 / sum[r]), totals = SPLAT(0);
      if (q) {
        ptrdiff_t c = 0;
        for (; c + LANES <= classes; c += LANES) totals += LOAD(q + c);
        SWEEP_SUM(total, totals);
        for (; c < classes; c++) total += q[c];
        norm = 1 / total;
      }
/* Dual variables of panel v beside p: q, and m without the factor that makes it add up to one. */
#define GAP_DUALS(q_, m_, p_, v_)                                                                  \
  do {                                                                                             \
    (q_) = (p_);                                                                                   \
    if (q) {                                                                                       \
      ptrdiff_t lanes_n = classes - (v_)*LANES < LANES ? classes - (v_)*LANES : LANES;               \
      if (lanes_n == LANES) (q_) = LOAD(q + (v_)*LANES);                                           \
      else LOAD_TAIL(q_, q + (v_)*LANES, lanes_n, 0);                                              \
      (q_) *= SPLAT(norm);                                                                         \
      (q_) = (q_) > SPLAT(0) ? (q_) : SPLAT(0);                                                    \
    }                                                                                              \
    (m_) = (q_) + SPLAT(blend) * ((p_) - (q_));                                                    \
    if (tilt) (m_) *= LOAD(tilt + (v_)*LANES);                                                     \
  } while (0)
      real again = 1;
      if (tilt) {
        totals = SPLAT(0);
        for (ptrdiff_t v = 0; v < vectors; v++) {
          vec old, m;
          GAP_DUALS(old, m, LOAD(row + v * LANES) * scale, v);
          totals += m;
        }
        SWEEP_SUM(total, totals);
        again = 1 / total;
      }
      int has_divergence = q || tilt;
      vec terms = SPLAT(0), least = SPLAT(1);
      for (ptrdiff_t v = 0; v < vectors; v++) {
        vec p = LOAD(row + v * LANES) * scale, old, m;
        GAP_DUALS(old, m, p, v);
        m *= SPLAT(again);
        vec seen = tilt ? m : old;
        if (has_divergence) {
          vec base = seen > SPLAT(SWEEP_LEAST_Q) ? seen : SPLAT(SWEEP_LEAST_Q), term;
          vec change = (p - base) / base;
          DIVERGENCE(term, p / base, change);
          vec lower = v == vectors - 1 ? p + LOAD(filler) : p;
          least = lower < least ? lower : least;
          terms += p < SPLAT(SWEEP_LEAST_P) ? SPLAT(0) : base * term;
        }
        ADD_WIDE(columns + v * LANES, SPLAT(weight) * seen);
        ADD_WIDE(ofp + v * LANES, SPLAT(weight) * p);
        real *out = delta + (v * capacity + i) * LANES;
        vec logits = LOAD(out);
        STORE(out, SPLAT(weight) * m);
        STORE(row + v * LANES, logits); /* the exponentials are not needed again */
      }
      if (has_divergence) {
        SWEEP_SUM(total, terms);
        divergence = (double)total;
        real lowest = 1;
        for (ptrdiff_t l = 0; l < LANES; l++) lowest = least[l] < lowest ? least[l] : lowest;
        if (lowest < SWEEP_LEAST_P)
          for (ptrdiff_t c = 0; c < classes; c++) {
            double log_p = (double)row[c] - lse, p = exp(log_p), old = q ? (double)(q[c] * norm) : p;
            if (tilt) old = (old + (double)blend * (p - old)) * (double)tilt[c] * (double)again;
            if (log_p < log((double)SWEEP_LEAST_P) + 0.01 && old > (double)SWEEP_LEAST_Q)
              divergence += old * (log(old) - log_p - 1);
          }
      }
      delta[(labels[i] / LANES * capacity + i) * LANES + labels[i] % LANES] -= weight;
      sums[0] += (double)weight * (lse - (double)own[r]);
      sums[1] += behind;
      sums[2] += (double)weight * divergence;
      sums[3] += (double)weight * lse;
    }
  }
}

#if defined(FGN_DOUBLE)
CLONES void fgn_widen(const float *x, double *y, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i];
}
#endif

/* Weights as rows to panels and back. */
CLONES void NAME(fgn_sweep_pack)(const real *rows, ptrdiff_t stride, ptrdiff_t classes, ptrdiff_t features,
                                 real *panels) {
  ptrdiff_t lanes = (classes + LANES - 1) / LANES * LANES;
  for (ptrdiff_t c = 0; c < lanes; c++) {
    for (ptrdiff_t d = 0; d < features; d++)
      panels[(c / LANES * features + d) * LANES + c % LANES] = c < classes ? rows[c * stride + d] : 0;
    panels[lanes * features + c] = c < classes && stride > features ? rows[c * stride + features] : 0;
  }
}

CLONES void NAME(fgn_sweep_unpack)(const real *panels, ptrdiff_t classes, ptrdiff_t features, real *rows,
                                   ptrdiff_t stride) {
  ptrdiff_t lanes = (classes + LANES - 1) / LANES * LANES;
  for (ptrdiff_t c = 0; c < classes; c++) {
    for (ptrdiff_t d = 0; d < features; d++)
      rows[c * stride + d] = panels[(c / LANES * features + d) * LANES + c % LANES];
    if (stride > features) rows[c * stride + features] = panels[lanes * features + c];
  }
}
