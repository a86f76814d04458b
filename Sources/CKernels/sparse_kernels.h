/*
 * Products with sparse rows; see CSparse.h.
 *
 * Packed: classes are the vector lanes, and the weight is [width, classes], so that an entry is a multiple of one
 * contiguous row of it. These rows come from anywhere, so they are fetched a few entries ahead.
 * By rows: the weight is [classes, width] as it is, four classes at a time. No work area; for batches with fewer entries
 * than transposing the weight would cost.
 */
#define SPARSE_AHEAD 6 /* entries */
#define SPARSE_LINE (64 / (ptrdiff_t)sizeof(real))

typedef real half_unaligned __attribute__((ext_vector_type(LANES / 2), aligned(sizeof(real))));
typedef real half_vec __attribute__((ext_vector_type(LANES / 2)));

INLINE void sparse_prefetch(const real *row, ptrdiff_t count) {
  for (ptrdiff_t c = 0; c < count; c += SPARSE_LINE) __builtin_prefetch(row + c);
}

/* One row's sums over its entries of `width` vectors of classes. The last vector may read into the next row of wt, never
   past its end; those lanes are dropped. */
#define SPARSE_BLOCK 8
#define SPARSE_FORWARD(width_)                                                                     \
  INLINE void sparse_forward_##width_(const int32_t *columns, const real *values, ptrdiff_t begin, \
                                      ptrdiff_t end, const real *wt, ptrdiff_t total,              \
                                      ptrdiff_t classes, real *out) {                              \
    vec s_[width_];                                                                                \
    for (int v_ = 0; v_ < width_; v_++) s_[v_] = SPLAT(0);                                         \
    for (ptrdiff_t k_ = begin; k_ < end; k_++) {                                                   \
      ptrdiff_t at_ = (ptrdiff_t)columns[k_] * classes;                                            \
      vec x_ = SPLAT(values[k_]);                                                                  \
      if (k_ + SPARSE_AHEAD < end)                                                                 \
        sparse_prefetch(wt + (ptrdiff_t)columns[k_ + SPARSE_AHEAD] * classes, width_ * LANES);     \
      if (at_ + width_ * LANES <= total) {                                                         \
        _Pragma("clang loop unroll(full)") for (int v_ = 0; v_ < width_; v_++)                     \
            s_[v_] += x_ * LOAD(wt + at_ + v_ * LANES);                                            \
      } else {                                                                                     \
        for (int v_ = 0; v_ < width_; v_++) {                                                      \
          vec w_;                                                                                  \
          LOAD_TAIL(w_, wt + at_ + v_ * LANES, total - at_ - v_ * LANES, 0);                       \
          s_[v_] += x_ * w_;                                                                       \
        }                                                                                          \
      }                                                                                            \
    }                                                                                              \
    for (int v_ = 0; v_ < width_; v_++) STORE(out + v_ * LANES, s_[v_]);                           \
  }
SPARSE_FORWARD(1)
SPARSE_FORWARD(2)
SPARSE_FORWARD(3)
SPARSE_FORWARD(4)
SPARSE_FORWARD(8)

CLONES void NAME(fgn_sparse_forward)(const ptrdiff_t *starts, const int32_t *columns,
                                     const real *values, const real *wt, ptrdiff_t width,
                                     ptrdiff_t classes, real alpha, real beta, real *z,
                                     ptrdiff_t rows) {
  ptrdiff_t vectors = (classes + LANES - 1) / LANES;
  for (ptrdiff_t i = 0; i < rows; i++) {
    for (ptrdiff_t v = 0; v < vectors;) {
      real sums[SPARSE_BLOCK * LANES];
      ptrdiff_t low = v * LANES, total = width * classes - low, left = vectors - v, taken;
      if (left >= 8) {
        taken = 8;
        sparse_forward_8(columns, values, starts[i], starts[i + 1], wt + low, total, classes, sums);
      } else if (left >= 4) {
        taken = 4;
        sparse_forward_4(columns, values, starts[i], starts[i + 1], wt + low, total, classes, sums);
      } else if (left == 3) {
        taken = 3;
        sparse_forward_3(columns, values, starts[i], starts[i + 1], wt + low, total, classes, sums);
      } else if (left == 2) {
        taken = 2;
        sparse_forward_2(columns, values, starts[i], starts[i + 1], wt + low, total, classes, sums);
      } else {
        taken = 1;
        sparse_forward_1(columns, values, starts[i], starts[i + 1], wt + low, total, classes, sums);
      }
      ptrdiff_t count = classes - low < taken * LANES ? classes - low : taken * LANES;
      real *out = z + i * classes + low;
      for (ptrdiff_t c = 0; c < count; c++) out[c] = alpha * sums[c] + (beta == 0 ? 0 : beta * out[c]);
      v += taken;
    }
  }
}

/* g [count] += a r. */
INLINE void sparse_add(real *g, const real *r, real a, ptrdiff_t count) {
  ptrdiff_t c = 0;
  for (; c + LANES <= count; c += LANES) STORE(g + c, LOAD(g + c) + SPLAT(a) * LOAD(r + c));
  if (c + LANES / 2 <= count) {
    half_vec sum = (half_vec)(*(half_unaligned *)(g + c)) + (half_vec)a * (half_vec)(*(const half_unaligned *)(r + c));
    *(half_unaligned *)(g + c) = sum;
    c += LANES / 2;
  }
  for (; c < count; c++) g[c] += a * r[c];
}

/* The first entry of [begin, end) whose column is at least `column`. */
INLINE ptrdiff_t sparse_find(const int32_t *columns, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t column) {
  while (begin < end) {
    ptrdiff_t middle = begin + (end - begin) / 2;
    if (columns[middle] < column) begin = middle + 1;
    else end = middle;
  }
  return begin;
}

CLONES void NAME(fgn_sparse_transposed)(const ptrdiff_t *starts, const int32_t *columns,
                                        const real *values, const real *r, ptrdiff_t classes,
                                        real alpha, real *gt, ptrdiff_t rows, ptrdiff_t first,
                                        ptrdiff_t last, ptrdiff_t low, ptrdiff_t high) {
  ptrdiff_t count = high - low;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const real *row = r + i * classes + low;
    ptrdiff_t begin = starts[i], end = starts[i + 1];
    if (begin < end && columns[begin] < first) begin = sparse_find(columns, begin, end, first);
    for (ptrdiff_t k = begin; k < end && columns[k] < last; k++) {
      if (k + SPARSE_AHEAD < end)
        sparse_prefetch(gt + (ptrdiff_t)columns[k + SPARSE_AHEAD] * classes + low, count);
      sparse_add(gt + (ptrdiff_t)columns[k] * classes + low, row, alpha * values[k], count);
    }
  }
}

CLONES void NAME(fgn_sparse_forward_rows)(const ptrdiff_t *starts, const int32_t *columns,
                                          const real *values, const real *w, ptrdiff_t width,
                                          ptrdiff_t classes, real alpha, real beta, real *z,
                                          ptrdiff_t rows, ptrdiff_t low, ptrdiff_t high) {
  for (ptrdiff_t c = low; c < high; c += 4) { /* a short last block repeats its last class */
    const real *w0 = w + c * width, *w1 = w + (c + 1 < high ? c + 1 : high - 1) * width;
    const real *w2 = w + (c + 2 < high ? c + 2 : high - 1) * width;
    const real *w3 = w + (c + 3 < high ? c + 3 : high - 1) * width;
    for (ptrdiff_t i = 0; i < rows; i++) {
      real s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (ptrdiff_t k = starts[i]; k < starts[i + 1]; k++) {
        ptrdiff_t d = columns[k];
        real x = values[k];
        s0 += x * w0[d];
        s1 += x * w1[d];
        s2 += x * w2[d];
        s3 += x * w3[d];
      }
      real sums[4] = {s0, s1, s2, s3}, *out = z + i * classes + c;
      for (ptrdiff_t l = 0; l < 4 && c + l < high; l++)
        out[l] = alpha * sums[l] + (beta == 0 ? 0 : beta * out[l]);
    }
  }
}

CLONES void NAME(fgn_sparse_transposed_rows)(const ptrdiff_t *starts, const int32_t *columns,
                                             const real *values, const real *r, ptrdiff_t classes,
                                             real alpha, real beta, real *g, ptrdiff_t width,
                                             ptrdiff_t rows, ptrdiff_t low, ptrdiff_t high) {
  for (ptrdiff_t c = low; c < high; c += 4) {
    ptrdiff_t count = high - c < 4 ? high - c : 4;
    real *g0 = g + c * width;
    for (ptrdiff_t d = 0; d < count * width && beta != 1; d++) g0[d] = beta == 0 ? 0 : beta * g0[d];
    for (ptrdiff_t i = 0; i < rows; i++) {
      const real *row = r + i * classes + c;
      if (count == 4) {
        real a0 = alpha * row[0], a1 = alpha * row[1], a2 = alpha * row[2], a3 = alpha * row[3];
        for (ptrdiff_t k = starts[i]; k < starts[i + 1]; k++) {
          real *out = g0 + columns[k], x = values[k];
          out[0] += a0 * x;
          out[width] += a1 * x;
          out[2 * width] += a2 * x;
          out[3 * width] += a3 * x;
        }
      } else {
        for (ptrdiff_t k = starts[i]; k < starts[i + 1]; k++)
          for (ptrdiff_t l = 0; l < count; l++) g0[l * width + columns[k]] += alpha * row[l] * values[k];
      }
    }
  }
}

CLONES void NAME(fgn_sparse_gram)(const ptrdiff_t *starts, const int32_t *columns,
                                  const real *values, real *work, real *g, ptrdiff_t n,
                                  ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t i = first; i < last; i++) {
    for (ptrdiff_t k = starts[i]; k < starts[i + 1]; k++) work[columns[k]] = values[k];
    for (ptrdiff_t j = 0; j <= i; j++) {
      real s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      ptrdiff_t k = starts[j], end = starts[j + 1];
      for (; k + 4 <= end; k += 4) {
        s0 += values[k] * work[columns[k]];
        s1 += values[k + 1] * work[columns[k + 1]];
        s2 += values[k + 2] * work[columns[k + 2]];
        s3 += values[k + 3] * work[columns[k + 3]];
      }
      for (; k < end; k++) s0 += values[k] * work[columns[k]];
      g[i * n + j] = (s0 + s1) + (s2 + s3);
    }
    for (ptrdiff_t k = starts[i]; k < starts[i + 1]; k++) work[columns[k]] = 0;
  }
}

CLONES void NAME(fgn_sparse_add_squares)(const ptrdiff_t *starts, const real *values, real *result,
                                         ptrdiff_t rows) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    real sum = 0;
    for (ptrdiff_t k = starts[i]; k < starts[i + 1]; k++) sum += values[k] * values[k];
    result[i] += sum;
  }
}

CLONES void NAME(fgn_add_transpose)(const real *x, ptrdiff_t rows, ptrdiff_t columns, real alpha,
                                    real beta, real *y, ptrdiff_t first, ptrdiff_t last) {
  enum { TILE = 16 };
  for (ptrdiff_t j0 = first; j0 < last; j0 += TILE)
    for (ptrdiff_t i = 0; i < rows; i += TILE) {
      ptrdiff_t width = rows - i < TILE ? rows - i : TILE;
      for (ptrdiff_t j = j0; j < last && j < j0 + TILE; j++)
        for (ptrdiff_t l = 0; l < width; l++) {
          real *out = y + j * rows + i + l;
          *out = alpha * x[(i + l) * columns + j] + (beta == 0 ? 0 : beta * *out);
        }
    }
}
