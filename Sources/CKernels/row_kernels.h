/* Kernels over the rows of a batch: margins, softmax, the curvature of one row. */

/* Maximum of z [n]; NaN may be lost here and shows up in the sum instead. */
INLINE real row_maximum(const real *z, ptrdiff_t n) {
  real top = z[0];
  ptrdiff_t k = 0;
  if (n >= LANES) {
    vec best = LOAD(z);
    for (k = LANES; k + LANES <= n; k += LANES) {
      vec next = LOAD(z + k);
      best = best > next ? best : next;
    }
    real lanes[LANES];
    STORE(lanes, best);
    for (int l = 0; l < LANES; l++) top = lanes[l] > top ? lanes[l] : top;
  }
  for (; k < n; k++) top = z[k] > top ? z[k] : top;
  return top;
}

/* z <- e^(z - top), returning the sum. */
INLINE real row_exponentials(real *z, ptrdiff_t n, real top) {
  vec sum = SPLAT(0), e;
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) {
    EXP(e, LOAD(z + k) - SPLAT(top));
    STORE(z + k, e);
    sum += e;
  }
  if (k < n) {
    LOAD_TAIL(e, z + k, n - k, -INFINITY);
    EXP(e, e - SPLAT(top));
    STORE_TAIL(z + k, e, n - k);
    sum += e;
  }
  real total;
  ADD_LANES(total, sum);
  return total;
}

INLINE void row_scale(real *z, ptrdiff_t n, real factor) {
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) STORE(z + k, LOAD(z + k) * SPLAT(factor));
  for (; k < n; k++) z[k] *= factor;
}

INLINE real row_dot(const real *a, const real *b, ptrdiff_t n) {
  vec s0 = SPLAT(0), s1 = SPLAT(0);
  ptrdiff_t k = 0;
  for (; k + 2 * LANES <= n; k += 2 * LANES) {
    s0 += LOAD(a + k) * LOAD(b + k);
    s1 += LOAD(a + k + LANES) * LOAD(b + k + LANES);
  }
  for (; k + LANES <= n; k += LANES) s0 += LOAD(a + k) * LOAD(b + k);
  real total;
  s0 += s1;
  ADD_LANES(total, s0);
  for (; k < n; k++) total += a[k] * b[k];
  return total;
}

CLONES void NAME(fgn_margin_rows)(real *z, ptrdiff_t rows, ptrdiff_t classes, const int32_t *labels,
                                  real *margin, real *loss, real *residual, real *root_weight) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    real *row = z + i * classes;
    ptrdiff_t y = labels[i];
    real own = row[y];
    row[y] = -INFINITY; /* the true class is masked inside the sum, never subtracted from it */
    real top = row_maximum(row, classes);
    real sum = row_exponentials(row, classes, top);
    real m = (own - top) - LOG1(sum);
    real half = EXP1(-FABS1(m) / 2), e = half * half;
    margin[i] = m;
    loss[i] = (m < 0 ? -m : 0) + LOG1P1(e) + (m - m); /* m - m: an infinite margin is no loss of 0 */
    residual[i] = (m >= 0 ? e : 1) / (1 + e);
    root_weight[i] = half / (1 + e);
    row_scale(row, classes, -1 / sum);
    row[y] = m == m ? 1 : m; /* NaN logits must not be hidden by the constant */
  }
}

CLONES void NAME(fgn_curvature_rows)(const real *a, const int32_t *labels, const real *kept,
                                     const real *rest, real *t, ptrdiff_t rows, ptrdiff_t classes) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const real *ai = a + i * classes;
    real *ti = t + i * classes;
    ptrdiff_t y = labels[i];
    real own = ti[y];
    ti[y] = 0;
    real mean = -row_dot(ai, ti, classes); /* q . t */
    real along = own - mean;               /* a . t */
    /* competitor k: -kept q_k along + rest q_k (t_k - mean), q_k = -a_k. The difference comes first: in hard rows
       kept is far below the rounding of rest t_k. */
    real constant = kept[i] * along, slope = -rest[i];
    ptrdiff_t k = 0;
    for (; k + LANES <= classes; k += LANES)
      STORE(ti + k, LOAD(ai + k) * (SPLAT(slope) * (LOAD(ti + k) - SPLAT(mean)) + SPLAT(constant)));
    for (; k < classes; k++) ti[k] = ai[k] * (slope * (ti[k] - mean) + constant);
    ti[y] = kept[i] * along;
  }
}

/* Applies body to the vector variables p (softmax of this row) and u, lane block by lane block. */
#define FOR_PROBABILITIES(body)                                                                    \
  for (ptrdiff_t k = 0; k < classes; k += LANES) {                                                 \
    ptrdiff_t left = classes - k;                                                                  \
    vec p, u;                                                                                      \
    if (left >= LANES) {                                                                           \
      p = LOAD(ai + k) * SPLAT(-residual[i]);                                                      \
      u = LOAD(ui + k);                                                                            \
    } else {                                                                                       \
      LOAD_TAIL(p, ai + k, left, 0);                                                               \
      LOAD_TAIL(u, ui + k, left, 0);                                                               \
      p *= SPLAT(-residual[i]);                                                                    \
    }                                                                                              \
    if (y >= k && y < k + LANES) p[y - k] = 1 - residual[i];                                       \
    body                                                                                           \
  }
#define STORE_BLOCK(value)                                                                         \
  if (left >= LANES) {                                                                             \
    STORE(ui + k, value);                                                                          \
  } else {                                                                                         \
    STORE_TAIL(ui + k, value, left);                                                               \
  }

CLONES void NAME(fgn_root_rows)(const real *a, const int32_t *labels, const real *residual, real *u,
                                ptrdiff_t rows, ptrdiff_t classes) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const real *ai = a + i * classes;
    real *ui = u + i * classes;
    ptrdiff_t y = labels[i];
    vec sum = SPLAT(0);
    FOR_PROBABILITIES(sum += p * u;)
    real mean;
    ADD_LANES(mean, sum);
    FOR_PROBABILITIES(vec w = __builtin_elementwise_sqrt(p) * (u - SPLAT(mean)); STORE_BLOCK(w))
  }
}

CLONES void NAME(fgn_root_transposed_rows)(const real *a, const int32_t *labels,
                                           const real *residual, real *u, ptrdiff_t rows,
                                           ptrdiff_t classes) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const real *ai = a + i * classes;
    real *ui = u + i * classes;
    ptrdiff_t y = labels[i];
    vec sum = SPLAT(0);
    FOR_PROBABILITIES(sum += __builtin_elementwise_sqrt(p) * u;)
    real total;
    ADD_LANES(total, sum);
    FOR_PROBABILITIES(vec w = __builtin_elementwise_sqrt(p) * u - p * SPLAT(total); STORE_BLOCK(w))
  }
}

CLONES void NAME(fgn_probabilities)(real *a, const int32_t *labels, const real *residual,
                                    ptrdiff_t rows, ptrdiff_t classes) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    row_scale(a + i * classes, classes, -residual[i]);
    a[i * classes + labels[i]] = 1 - residual[i];
  }
}

CLONES void NAME(fgn_softmax)(real *z, ptrdiff_t rows, ptrdiff_t classes) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    real *row = z + i * classes;
    real sum = row_exponentials(row, classes, row_maximum(row, classes));
    row_scale(row, classes, 1 / sum);
  }
}

CLONES void NAME(fgn_add_row_dots)(const real *a, const real *b, real *result, ptrdiff_t rows,
                                   ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++)
    result[i] += row_dot(a + i * columns, b + i * columns, columns);
}

CLONES void NAME(fgn_scale_rows)(const real *a, const real *w, real *result, ptrdiff_t rows,
                                 ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    real factor = w[i];
    for (ptrdiff_t k = 0; k < columns; k++) result[i * columns + k] = factor * a[i * columns + k];
  }
}

CLONES void NAME(fgn_fill_rows)(const real *bias, real *result, ptrdiff_t rows, ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++) memcpy(result + i * columns, bias, (size_t)columns * sizeof(real));
}

CLONES void NAME(fgn_column_sums)(const real *a, ptrdiff_t stride, const real *w, real scale, real beta,
                                  real *result, ptrdiff_t rows, ptrdiff_t columns) {
  for (ptrdiff_t k = 0; k < columns; k++) result[k] = beta == 0 ? 0 : beta * result[k];
  for (ptrdiff_t i = 0; i < rows; i++) {
    real factor = w ? scale * w[i] : scale;
    for (ptrdiff_t k = 0; k < columns; k++) result[k] += factor * a[i * stride + k];
  }
}

CLONES void NAME(fgn_standardize_rows)(real *x, const real *shift, const real *factor, ptrdiff_t rows,
                                       ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++)
    for (ptrdiff_t k = 0; k < columns; k++) x[i * columns + k] = (x[i * columns + k] - shift[k]) * factor[k];
}

CLONES void NAME(fgn_ranks)(const real *z, const int32_t *labels, int32_t *result, ptrdiff_t rows,
                            ptrdiff_t classes) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const real *row = z + i * classes;
    real own = row[labels[i]];
    int32_t rank = -1; /* the class itself is counted once */
    for (ptrdiff_t k = 0; k < classes; k++) rank += !(row[k] < own);
    result[i] = rank;
  }
}

CLONES void NAME(fgn_argmax)(const real *z, int32_t *result, ptrdiff_t rows, ptrdiff_t classes) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const real *row = z + i * classes;
    int32_t best = 0;
    for (ptrdiff_t k = 1; k < classes; k++)
      if (row[k] > row[best]) best = (int32_t)k;
    result[i] = best;
  }
}
