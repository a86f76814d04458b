/* Kernels of methods with a diagonal or factored curvature; see CCurvature.h. */

CLONES void NAME(fgn_add_squares)(real alpha, const real *x, real beta, real *y, ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) y[k] = alpha * x[k] * x[k] + beta * y[k];
}

CLONES void NAME(fgn_divide_by_root)(const real *x, const real *v, real *y, ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) y[k] = v[k] == 0 ? 0 : x[k] / SQRT1(v[k]);
}

CLONES void NAME(fgn_divide_shifted)(const real *x, const real *v, real shift, real *y,
                                     ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) y[k] = x[k] / (v[k] + shift);
}

CLONES void NAME(fgn_move_clipped)(const real *m, const real *h, real gamma, real floor, real rate,
                                   real *theta, ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) {
    real scale = gamma * h[k];
    real step = m[k] / (scale > floor ? scale : floor);
    step = step > 1 ? 1 : step;
    step = step < -1 ? -1 : step;
    theta[k] -= rate * step;
  }
}

CLONES void NAME(fgn_append_column)(const real *x, const real *last, real *y, ptrdiff_t rows,
                                    ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    memcpy(y + i * (columns + 1), x + i * columns, (size_t)columns * sizeof(real));
    y[i * (columns + 1) + columns] = last ? last[i] : 1;
  }
}

CLONES void NAME(fgn_split_column)(const real *y, real *x, real *last, ptrdiff_t rows,
                                   ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    memcpy(x + i * columns, y + i * (columns + 1), (size_t)columns * sizeof(real));
    last[i] = y[i * (columns + 1) + columns];
  }
}

CLONES void NAME(fgn_transpose_into)(const real *x, ptrdiff_t ld, real *y, ptrdiff_t rows,
                                ptrdiff_t columns) {
  enum { TILE = 16 };
  for (ptrdiff_t i0 = 0; i0 < rows; i0 += TILE)
    for (ptrdiff_t j = 0; j < columns; j++) {
      ptrdiff_t end = i0 + TILE < rows ? i0 + TILE : rows;
      for (ptrdiff_t i = i0; i < end; i++) y[j * rows + i] = x[i * ld + j];
    }
}
