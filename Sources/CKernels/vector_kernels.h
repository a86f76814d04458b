/* Kernels over Gram matrices and long vectors. */

CLONES void NAME(fgn_multiply_grams)(const real *a, const real *b, real beta, real *g, ptrdiff_t n,
                                     ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t i = first; i < last; i++)
    for (ptrdiff_t j = i * n; j <= i * n + i; j++) g[j] = a[j] * b[j] + (beta == 0 ? 0 : beta * g[j]);
}

CLONES void NAME(fgn_combine_grams)(const real *a, real alpha, const real *b, real beta, real *g,
                                    ptrdiff_t n, ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t i = first; i < last; i++)
    for (ptrdiff_t j = i * n; j <= i * n + i; j++) g[j] = alpha * a[j] + beta * b[j];
}

CLONES void NAME(fgn_whiten_gram)(const real *g, const real *w, real shift, real *k, ptrdiff_t n,
                                  ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t i = first; i < last; i++) {
    real factor = w[i];
    for (ptrdiff_t j = 0; j <= i; j++) k[i * n + j] = factor * w[j] * g[i * n + j];
    k[i * n + i] += shift;
  }
}

CLONES void NAME(fgn_mirror)(real *g, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last) {
  enum { TILE = 32 };
  for (ptrdiff_t j0 = 0; j0 < last; j0 += TILE)
    for (ptrdiff_t i = first; i < last; i++) {
      ptrdiff_t end = j0 + TILE < i ? j0 + TILE : i;
      for (ptrdiff_t j = j0; j < end; j++) g[j * n + i] = g[i * n + j];
    }
}

CLONES void NAME(fgn_transpose)(real *a, ptrdiff_t n) {
  enum { TILE = 16 };
  for (ptrdiff_t i0 = 0; i0 < n; i0 += TILE)
    for (ptrdiff_t j0 = 0; j0 <= i0; j0 += TILE)
      for (ptrdiff_t i = i0; i < i0 + TILE && i < n; i++)
        for (ptrdiff_t j = j0; j < j0 + TILE && j < i; j++) {
          real t = a[i * n + j];
          a[i * n + j] = a[j * n + i];
          a[j * n + i] = t;
        }
}

CLONES void NAME(fgn_interleave)(const real *x, ptrdiff_t groups, ptrdiff_t count, real *out, ptrdiff_t stride) {
  for (ptrdiff_t j = 0; j < count; j++)
    for (ptrdiff_t d = 0; d < groups; d++) out[j * stride + d] = x[d * count + j];
}

CLONES void NAME(fgn_gather_gram)(const real *g, ptrdiff_t n, const int32_t *index, ptrdiff_t count,
                                  real *result) {
  for (ptrdiff_t i = 0; i < count; i++)
    for (ptrdiff_t j = 0; j <= i; j++) {
      ptrdiff_t low = index[i] < index[j] ? index[i] : index[j], high = index[i] ^ index[j] ^ low;
      result[i * count + j] = g[high * n + low];
    }
}

CLONES real NAME(fgn_dot)(const real *x, const real *y, ptrdiff_t n) {
  /* Blocks of 4096, added up in double: the error does not grow with n. */
  double total = 0;
  for (ptrdiff_t k = 0; k < n; k += 4096) total += row_dot(x + k, y + k, n - k < 4096 ? n - k : 4096);
  return (real)total;
}

CLONES void NAME(fgn_axpby)(real alpha, const real *x, real beta, real *y, ptrdiff_t n) {
  if (beta == 0) {
    for (ptrdiff_t k = 0; k < n; k++) y[k] = alpha * x[k];
  } else if (beta == 1) {
    for (ptrdiff_t k = 0; k < n; k++) y[k] += alpha * x[k];
  } else {
    for (ptrdiff_t k = 0; k < n; k++) y[k] = alpha * x[k] + beta * y[k];
  }
}

CLONES int NAME(fgn_all_finite)(const real *x, ptrdiff_t n) {
  /* x - x is 0 for finite x and NaN otherwise; the pragma here allows contraction only. */
  for (ptrdiff_t k = 0; k < n; k += 4096) {
    ptrdiff_t end = n - k < 4096 ? n : k + 4096;
    int bad = 0;
    for (ptrdiff_t j = k; j < end; j++) bad |= !(FABS1(x[j]) <= (real)(sizeof(real) == 4 ? 3.40282347e38 : 1.7976931348623157e308));
    if (bad) return 0;
  }
  return 1;
}

CLONES real NAME(fgn_max_abs)(const real *x, ptrdiff_t n) {
  real top = 0;
  for (ptrdiff_t k = 0; k < n; k++) {
    real size = FABS1(x[k]);
    top = size > top ? size : top;
  }
  return top;
}
