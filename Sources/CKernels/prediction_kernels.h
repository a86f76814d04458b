/*
 * Prediction by a linear head. A tile is TILE_ROWS rows by two vectors of classes, 24 accumulators of 32 registers:
 * 2 loads and 12 broadcasts for 24 multiplications and additions. Registers half as long hold 6 rows by one vector.
 */
#define TILE_ROWS 12
#define SHORT_ROWS 6

/* s [rows][vectors] = bias + x w^T; the counts are constants after inlining. `next` [rows, inner] is asked for early:
   the rows are too short for the hardware to foresee. */
INLINE void head_tile(const real *x, const real *next, ptrdiff_t inner, const real *w, const real *bias, int rows, int vectors, vec *s) {
#pragma clang loop unroll(full)
  for (int j = 0; j < rows; j++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) s[j * vectors + v] = LOAD(bias + v * LANES);
#pragma clang loop unroll(disable)
  for (ptrdiff_t d = 0; d < inner; d++) {
    __builtin_prefetch(next + d * rows);
    vec column[2];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) column[v] = LOAD(w + (v * inner + d) * LANES);
#pragma clang loop unroll(full)
    for (int j = 0; j < rows; j++) {
      vec value = SPLAT(x[j * inner + d]);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) s[j * vectors + v] += value * column[v];
    }
  }
}

INLINE void head_store(const vec *s, real *z, ptrdiff_t stride, ptrdiff_t left, int rows, int vectors) {
#pragma clang loop unroll(full)
  for (int j = 0; j < rows; j++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      real *out = z + j * stride + v * LANES;
      if (left >= (v + 1) * LANES) {
        STORE(out, s[j * vectors + v]);
      } else {
        STORE_TAIL(out, s[j * vectors + v], left - v * LANES);
      }
    }
}

INLINE void head_keep(const vec *s, real *best, real *at, real *check, ptrdiff_t vector, int rows, int vectors) {
#pragma clang loop unroll(full)
  for (int j = 0; j < rows; j++) {
    vec high = LOAD(best + j * LANES), place = LOAD(at + j * LANES), sum = LOAD(check + j * LANES);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      vec z = s[j * vectors + v];
      place = z > high ? SPLAT(vector + v) : place;
      high = z > high ? z : high;
      sum += z * SPLAT(0);
    }
    STORE(best + j * LANES, high);
    STORE(at + j * LANES, place);
    STORE(check + j * LANES, sum);
  }
}

/* Runs `use` on tiles s of all rows i and vectors v; height and width are constants in it. */
#define HEAD_TILES(HEIGHT, use)                                                                    \
  for (; i + (HEIGHT) <= rows; i += (HEIGHT)) {                                                    \
    enum { height = HEIGHT };                                                                      \
    ptrdiff_t v = first;                                                                           \
    if (wide)                                                                                      \
      for (; v + 2 <= last; v += 2) {                                                              \
        enum { width = 2 };                                                                        \
        vec s[height * width];                                                                     \
        head_tile(x + i * inner, x + (i + height) * inner, inner, packed + v * inner * LANES, bias + v * LANES, height, width, s); \
        use;                                                                                       \
      }                                                                                            \
    for (; v < last; v++) {                                                                        \
      enum { width = 1 };                                                                          \
      vec s[height * width];                                                                       \
      head_tile(x + i * inner, x + (i + height) * inner, inner, packed + v * inner * LANES, bias + v * LANES, height, width, s); \
      use;                                                                                         \
    }                                                                                              \
  }
#define HEAD_ROWS(use)                                                                             \
  ptrdiff_t i = 0;                                                                                 \
  int wide = fgn_has_wide_vectors();                                                               \
  if (wide) HEAD_TILES(TILE_ROWS, use)                                                             \
  HEAD_TILES(SHORT_ROWS, use)                                                                      \
  HEAD_TILES(1, use)

CLONES void NAME(fgn_head_bias)(const real *bias, ptrdiff_t classes, real *padded) {
  for (ptrdiff_t c = 0; c < (classes + LANES - 1) / LANES * LANES; c++)
    padded[c] = c >= classes ? LOWEST : bias ? bias[c] : 0;
}

CLONES void NAME(fgn_head_logits)(const real *x, const real *packed, const real *bias, real *z, ptrdiff_t stride,
                                  ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t classes, ptrdiff_t first,
                                  ptrdiff_t last) {
  HEAD_ROWS(head_store(s, z + i * stride + (v - first) * LANES, stride, classes - v * LANES, height, width))
}

CLONES void NAME(fgn_head_best)(const real *x, const real *packed, const real *bias, real *best, real *at,
                                real *check, ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t first, ptrdiff_t last) {
  if (first == 0)
    for (ptrdiff_t k = 0; k < rows * LANES; k++) best[k] = -INFINITY, at[k] = check[k] = 0;
  HEAD_ROWS(head_keep(s, best + i * LANES, at + i * LANES, check + i * LANES, v, height, width))
}

CLONES ptrdiff_t NAME(fgn_best_classes)(const real *best, const real *at, const real *check, ptrdiff_t rows,
                                        int32_t *result) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    real high = -INFINITY, sum = 0;
    int32_t class = 0;
    for (ptrdiff_t l = 0; l < LANES; l++) {
      real value = best[i * LANES + l];
      int32_t c = (int32_t)at[i * LANES + l] * LANES + (int32_t)l;
      sum += check[i * LANES + l];
      if (value > high || (value == high && c < class)) high = value, class = c;
    }
    if (sum != 0) return i;
    result[i] = class;
  }
  return -1;
}

INLINE int row_is_finite(const real *z, ptrdiff_t n) {
  vec sum = SPLAT(0);
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) sum += LOAD(z + k) * SPLAT(0);
  real total;
  ADD_LANES(total, sum);
  for (; k < n; k++) total += z[k] * 0;
  return total == 0;
}

/* The sum of e^(slope (z - top)), z as it is. */
INLINE real row_sloped_sum(const real *z, ptrdiff_t n, real slope, real top) {
  vec sum = SPLAT(0), e;
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) {
    EXP(e, SPLAT(slope) * (LOAD(z + k) - SPLAT(top)));
    sum += e;
  }
  if (k < n) {
    LOAD_TAIL(e, z + k, n - k, -INFINITY);
    EXP(e, SPLAT(slope) * (e - SPLAT(top)));
    sum += e;
  }
  real total;
  ADD_LANES(total, sum);
  return total;
}

INLINE void top_insert(real z, int32_t class, ptrdiff_t k, real *value, int32_t *index) {
  if (!(z > value[k - 1])) return;
  ptrdiff_t place = k - 1;
  for (; place > 0 && z > value[place - 1]; place--) {
    value[place] = value[place - 1];
    index[place] = index[place - 1];
  }
  value[place] = z;
  index[place] = class;
}

CLONES ptrdiff_t NAME(fgn_top_rows)(const real *z, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t first,
                                    ptrdiff_t count, real slope, ptrdiff_t k, real *value, int32_t *index,
                                    real *highest, real *sum) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const real *row = z + i * stride;
    if (!row_is_finite(row, count)) return i;
    real top = row_maximum(row, count);
    if (first == 0) {
      for (ptrdiff_t j = 0; j < k; j++) value[i * k + j] = -INFINITY, index[i * k + j] = 0;
      sum[i] = row_sloped_sum(row, count, slope, highest[i] = top);
    } else {
      real old = highest[i], high = top > old ? top : old;
      sum[i] = sum[i] * EXP1(slope * (old - high)) + row_sloped_sum(row, count, slope, high);
      highest[i] = high;
    }
    real *values = value + i * k;
    if (!(top > values[k - 1])) continue;
    ptrdiff_t c = 0;
    for (; c + LANES <= count; c += LANES) {
      bitvec above = LOAD(row + c) > SPLAT(values[k - 1]);
      if (!__builtin_reduce_or(above)) continue;
      for (ptrdiff_t l = c; l < c + LANES; l++) top_insert(row[l], (int32_t)(first + l), k, values, index + i * k);
    }
    for (; c < count; c++) top_insert(row[c], (int32_t)(first + c), k, values, index + i * k);
  }
  return -1;
}

CLONES void NAME(fgn_top_probabilities)(real *value, ptrdiff_t k, ptrdiff_t rows, real slope, const real *highest,
                                        const real *sum) {
  for (ptrdiff_t i = 0; i < rows; i++)
    for (ptrdiff_t j = 0; j < k; j++) value[i * k + j] = EXP1(slope * (value[i * k + j] - highest[i])) / sum[i];
}

CLONES ptrdiff_t NAME(fgn_sloped_softmax)(real *z, ptrdiff_t rows, ptrdiff_t classes, real slope) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    real *row = z + i * classes;
    if (!row_is_finite(row, classes)) return i;
    real top = row_maximum(row, classes);
    for (ptrdiff_t c = 0; c < classes; c++) row[c] = slope * (row[c] - top);
    real sum = row_exponentials(row, classes, 0);
    row_scale(row, classes, 1 / sum);
  }
  return -1;
}

CLONES void NAME(fgn_temperature_rows)(const real *z, const int32_t *labels, ptrdiff_t rows, ptrdiff_t classes,
                                       real slope, double *result) {
  for (ptrdiff_t i = 0; i < rows; i++, result += 4) {
    const real *row = z + i * classes;
    real top = row_maximum(row, classes);
    vec sum = SPLAT(0), first = sum, second = sum, e, d;
    for (ptrdiff_t c = 0; c < classes; c += LANES) {
      ptrdiff_t left = classes - c;
      if (left >= LANES) {
        d = LOAD(row + c) - SPLAT(top);
        EXP(e, SPLAT(slope) * d);
      } else { /* slope may be 0: no infinity here */
        LOAD_TAIL(d, row + c, left, top);
        d -= SPLAT(top);
        EXP(e, SPLAT(slope) * d);
        for (ptrdiff_t l = left; l < LANES; l++) e[l] = 0;
      }
      sum += e;
      first += e * d;
      second += e * d * d;
    }
    real total, mean, square;
    ADD_LANES(total, sum);
    ADD_LANES(mean, first);
    ADD_LANES(square, second);
    mean /= total;
    double own = labels[i] < 0 ? 0 : (double)row[labels[i]] - (double)top;
    result[0] = (double)LOG1(total) - (double)slope * own;
    result[1] = (double)mean - own;
    result[2] = (double)(square / total - mean * mean);
    result[3] = 1 / (double)total;
  }
}
