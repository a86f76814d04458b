/*
 * Kernels for sequences: rows of a table picked by token numbers, and the softmax inside of attention. Tokens are
 * numbers of the precision at hand that callers have checked: integers in 0..<vocabulary. A padding of -1 is none.
 */

CLONES ptrdiff_t NAME(fgn_first_invalid_token)(const real *x, ptrdiff_t n, int32_t vocabulary) {
  for (ptrdiff_t k = 0; k < n; k += 1024) {
    ptrdiff_t end = n - k < 1024 ? n : k + 1024;
    int bad = 0;
    for (ptrdiff_t j = k; j < end; j++) {
      int inside = (x[j] >= 0) & (x[j] < (real)vocabulary);
      real v = inside ? x[j] : 0;
      bad |= !inside | ((real)(int32_t)v != v);
    }
    if (!bad) continue;
    for (ptrdiff_t j = k; j < end; j++)
      if (!(x[j] >= 0 && x[j] < (real)vocabulary) || (real)(int32_t)x[j] != x[j]) return j;
  }
  return -1;
}

CLONES void NAME(fgn_gather_tokens)(const real *table, ptrdiff_t width, const real *tokens, ptrdiff_t n,
                                    int32_t padding, real *result) {
  for (ptrdiff_t k = 0; k < n; k++) {
    int32_t token = (int32_t)tokens[k];
    if (token == padding)
      memset(result + k * width, 0, (size_t)width * sizeof(real));
    else
      memcpy(result + k * width, table + token * width, (size_t)width * sizeof(real));
  }
}

CLONES void NAME(fgn_token_scales)(const real *tokens, ptrdiff_t rows, ptrdiff_t positions, int32_t padding,
                                   real *result) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    ptrdiff_t count = 0;
    for (ptrdiff_t t = 0; t < positions; t++) count += (int32_t)tokens[i * positions + t] != padding;
    result[i] = count ? 1 / (real)count : 0;
  }
}

CLONES void NAME(fgn_mean_tokens)(const real *table, ptrdiff_t width, const real *tokens, ptrdiff_t rows,
                                  ptrdiff_t positions, int32_t padding, const real *scales, real *result) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    real *out = result + i * width;
    for (ptrdiff_t k = 0; k < width; k++) out[k] = 0;
    for (ptrdiff_t t = 0; t < positions; t++) {
      int32_t token = (int32_t)tokens[i * positions + t];
      if (token == padding) continue;
      const real *row = table + token * width;
      for (ptrdiff_t k = 0; k < width; k++) out[k] += row[k];
    }
    for (ptrdiff_t k = 0; k < width; k++) out[k] *= scales[i];
  }
}

CLONES void NAME(fgn_scatter_tokens)(const real *a, ptrdiff_t shared, const real *w, real alpha, const real *tokens,
                                     ptrdiff_t rows, ptrdiff_t positions, int32_t padding, real *table,
                                     ptrdiff_t width) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    real factor = w ? alpha * w[i] : alpha;
    for (ptrdiff_t t = 0; t < positions; t++) {
      int32_t token = (int32_t)tokens[i * positions + t];
      if (token == padding) continue;
      const real *from = a + (shared ? i : i * positions + t) * width;
      real *to = table + token * width;
      for (ptrdiff_t k = 0; k < width; k++) to[k] += factor * from[k];
    }
  }
}

CLONES void NAME(fgn_add_token_dots)(const real *a, ptrdiff_t shared, const real *w, const real *tokens,
                                     ptrdiff_t rows, ptrdiff_t positions, int32_t padding, const real *table,
                                     ptrdiff_t width, real *result) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    real total = 0;
    for (ptrdiff_t t = 0; t < positions; t++) {
      int32_t token = (int32_t)tokens[i * positions + t];
      if (token == padding) continue;
      total += row_dot(a + (shared ? i : i * positions + t) * width, table + token * width, width);
    }
    result[i] += w ? w[i] * total : total;
  }
}

/* A counting sort: equal tokens come together, in the order of their places, so that one example's are neighbours. */
CLONES ptrdiff_t NAME(fgn_group_tokens)(const real *tokens, ptrdiff_t n, ptrdiff_t positions, int32_t padding,
                                        int32_t vocabulary, int32_t *start, int32_t *order, int32_t *first,
                                        int32_t *row, int32_t *group) {
  memset(start, 0, ((size_t)vocabulary + 1) * sizeof(int32_t));
  for (ptrdiff_t k = 0; k < n; k++) start[(int32_t)tokens[k] + 1]++;
  for (int32_t v = 0; v < vocabulary; v++) start[v + 1] += start[v];
  for (ptrdiff_t k = 0; k < n; k++) order[start[(int32_t)tokens[k]]++] = (int32_t)k;
  ptrdiff_t count = 0, head = 0;
  int32_t token = -1, end = 0;
  for (ptrdiff_t k = 0; k < n; k++) {
    int32_t own = (int32_t)tokens[order[k]], place = (int32_t)(order[k] / positions);
    if (own == padding) continue;
    if (own != token) {
      head = count;
    } else if (place == row[count - 1]) {
      end = (int32_t)k + 1;
      continue;
    }
    if (count) first[2 * count - 1] = end;
    token = own;
    first[2 * count] = (int32_t)k;
    end = (int32_t)k + 1;
    row[count] = place;
    group[count] = (int32_t)head;
    count++;
  }
  if (count) first[2 * count - 1] = end;
  return count;
}

CLONES void NAME(fgn_sum_groups)(const real *a, ptrdiff_t width, const int32_t *order, const int32_t *first,
                                 ptrdiff_t begin, ptrdiff_t end, real *sums) {
  for (ptrdiff_t e = begin; e < end; e++) {
    real *sum = sums + e * width;
    memcpy(sum, a + order[first[2 * e]] * width, (size_t)width * sizeof(real));
    for (ptrdiff_t k = first[2 * e] + 1; k < first[2 * e + 1]; k++) {
      const real *from = a + order[k] * width;
      for (ptrdiff_t j = 0; j < width; j++) sum[j] += from[j];
    }
  }
}

CLONES void NAME(fgn_weigh_groups)(const real *scales, const int32_t *first, const int32_t *row, ptrdiff_t count,
                                   real *sums) {
  for (ptrdiff_t e = 0; e < count; e++) sums[e] = (real)(first[2 * e + 1] - first[2 * e]) * scales[row[e]];
}

/* Four dot products with one vector: its loads are shared. */
INLINE void row_dots_4(const real *a, const real *b, ptrdiff_t stride, ptrdiff_t n, real *result) {
  vec s0 = SPLAT(0), s1 = SPLAT(0), s2 = SPLAT(0), s3 = SPLAT(0);
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) {
    vec x = LOAD(a + k);
    s0 += x * LOAD(b + k);
    s1 += x * LOAD(b + stride + k);
    s2 += x * LOAD(b + 2 * stride + k);
    s3 += x * LOAD(b + 3 * stride + k);
  }
  ADD_LANES(result[0], s0);
  ADD_LANES(result[1], s1);
  ADD_LANES(result[2], s2);
  ADD_LANES(result[3], s3);
  for (; k < n; k++)
    for (int l = 0; l < 4; l++) result[l] += a[k] * b[l * stride + k];
}

CLONES void NAME(fgn_add_group_gram)(const real *sums, ptrdiff_t width, const int32_t *row, const int32_t *group,
                                     ptrdiff_t count, ptrdiff_t first, ptrdiff_t last, real *g, ptrdiff_t n) {
  for (ptrdiff_t e = 0; e < count; e++) {
    ptrdiff_t i = row[e], j = group[e];
    if (i < first || i >= last) continue;
    const real *own = sums + e * width;
    real *out = g + i * n;
    if (width == 1) {
      for (; j <= e; j++) out[row[j]] += own[0] * sums[j];
      continue;
    }
    for (; j + 4 <= e + 1; j += 4) {
      real dots[4];
      row_dots_4(own, sums + j * width, width, width, dots);
      for (int l = 0; l < 4; l++) out[row[j + l]] += dots[l];
    }
    for (; j <= e; j++) out[row[j]] += row_dot(own, sums + j * width, width);
  }
}

CLONES void NAME(fgn_add_group_norms)(const real *sums, ptrdiff_t width, const int32_t *row, ptrdiff_t count,
                                      real *result) {
  for (ptrdiff_t e = 0; e < count; e++) result[row[e]] += row_dot(sums + e * width, sums + e * width, width);
}

CLONES void NAME(fgn_mean_positions)(const real *x, ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t width,
                                     real *result) {
  real scale = 1 / (real)positions;
  for (ptrdiff_t i = 0; i < rows; i++) {
    real *out = result + i * width;
    memcpy(out, x + i * positions * width, (size_t)width * sizeof(real));
    for (ptrdiff_t t = 1; t < positions; t++) {
      const real *from = x + (i * positions + t) * width;
      for (ptrdiff_t k = 0; k < width; k++) out[k] += from[k];
    }
    for (ptrdiff_t k = 0; k < width; k++) out[k] *= scale;
  }
}

CLONES void NAME(fgn_spread_positions)(const real *a, ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t width,
                                       real *result) {
  real scale = 1 / (real)positions;
  for (ptrdiff_t i = 0; i < rows; i++)
    for (ptrdiff_t t = 0; t < positions; t++) {
      real *out = result + (i * positions + t) * width;
      for (ptrdiff_t k = 0; k < width; k++) out[k] = scale * a[i * width + k];
    }
}

CLONES void NAME(fgn_attention_softmax)(real *s, ptrdiff_t positions, int32_t causal) {
  for (ptrdiff_t t = 0; t < positions; t++) {
    real *row = s + t * positions;
    ptrdiff_t n = causal ? t + 1 : positions;
    real sum = row_exponentials(row, n, row_maximum(row, n));
    row_scale(row, n, 1 / sum);
    for (ptrdiff_t k = n; k < positions; k++) row[k] = 0;
  }
}

CLONES void NAME(fgn_attention_slopes)(const real *p, real *s, ptrdiff_t positions, int32_t causal, real scale) {
  for (ptrdiff_t t = 0; t < positions; t++) {
    const real *own = p + t * positions;
    real *row = s + t * positions;
    ptrdiff_t n = causal ? t + 1 : positions;
    real mean = row_dot(own, row, n);
    for (ptrdiff_t k = 0; k < n; k++) row[k] = scale * (own[k] * (row[k] - mean));
    for (ptrdiff_t k = n; k < positions; k++) row[k] = 0;
  }
}
