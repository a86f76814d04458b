/* Kernels for convolution, pooling and weights that are used at several positions. */

/* The output columns [from, to) for which kernel column q falls on the input. */
INLINE void window_columns(const fgn_window *w, ptrdiff_t q, ptrdiff_t *from, ptrdiff_t *to) {
  ptrdiff_t shift = q * w->dilation_width - w->padding_width; /* input column of output column 0 */
  if (shift >= 0 && shift + (w->out_width - 1) * w->stride_width < w->width) { /* no division */
    *from = 0;
    *to = w->out_width;
    return;
  }
  ptrdiff_t low = shift >= 0 ? 0 : (-shift + w->stride_width - 1) / w->stride_width;
  ptrdiff_t high = shift >= w->width ? 0 : (w->width - 1 - shift) / w->stride_width + 1;
  *to = high < w->out_width ? high : w->out_width;
  *from = low < *to ? low : *to;
}

/* y <- x, short runs without a call. */
INLINE void copy_run(const real *x, real *y, ptrdiff_t n) {
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) STORE(y + k, LOAD(x + k));
  for (; k < n; k++) y[k] = x[k];
}

INLINE void add_run(const real *x, real *y, ptrdiff_t n) {
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) STORE(y + k, LOAD(y + k) + LOAD(x + k));
  for (; k < n; k++) y[k] += x[k];
}

INLINE void clear_run(real *y, ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) y[k] = 0;
}

/* y_k <- x_(step k), y_k += x_(step k) and x_(step k) += alpha y_k. */
INLINE void take_strided(const real *x, ptrdiff_t step, real *y, ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) y[k] = x[step * k];
}

INLINE void add_strided(const real *x, ptrdiff_t step, real *y, ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) y[k] += x[step * k];
}

INLINE void put_strided(real *x, ptrdiff_t step, real alpha, const real *y, ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) x[step * k] += alpha * y[k];
}

/* best_k and where it is, against x_(step k), which is at place start + step k. */
INLINE void maximum_strided(const real *x, ptrdiff_t start, ptrdiff_t step, real *best, int32_t *index,
                            ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) {
    real value = x[start + step * k], old = best[k];
    int wins = (index[k] < 0) | (value > old) | (value != value);
    best[k] = wins ? value : old;
    index[k] = wins ? (int32_t)(start + step * k) : index[k];
  }
}

/* The compiler's loops for the steps that matter are far better than one for all. */
#define FOR_STEP(step, call)                                                                       \
  do {                                                                                             \
    if ((step) == 1) {                                                                             \
      enum { STEP = 1 };                                                                           \
      call;                                                                                        \
    } else if ((step) == 2) {                                                                      \
      enum { STEP = 2 };                                                                           \
      call;                                                                                        \
    } else {                                                                                       \
      ptrdiff_t STEP = (step);                                                                     \
      call;                                                                                        \
    }                                                                                              \
  } while (0)

/* Whether a kernel element moves the plane by a constant distance: rows then follow each other without gaps. */
INLINE int is_shift(const fgn_window *w) {
  return w->stride_width == 1 && w->stride_height == 1 && w->out_width == w->width;
}

/* The output rows [from, to) of [first, last) for which kernel row p falls on the input. */
INLINE void window_rows(const fgn_window *w, ptrdiff_t p, ptrdiff_t first, ptrdiff_t last, ptrdiff_t *from,
                        ptrdiff_t *to) {
  ptrdiff_t shift = p * w->dilation_height - w->padding_height;
  ptrdiff_t low = shift >= 0 ? 0 : (-shift + w->stride_height - 1) / w->stride_height;
  ptrdiff_t high = shift >= w->height ? 0 : (w->height - 1 - shift) / w->stride_height + 1;
  *to = high < last ? high : last;
  if (*to < first) *to = first;
  *from = low > first ? low : first;
  if (*from > *to) *from = *to;
}

CLONES void NAME(fgn_unfold)(const real *x, const fgn_window *w, ptrdiff_t channels, ptrdiff_t first,
                             ptrdiff_t last, real *columns, ptrdiff_t stride) {
  ptrdiff_t width = w->out_width, step = w->stride_width;
  for (ptrdiff_t c = 0; c < channels; c++, x += w->height * w->width)
    for (ptrdiff_t p = 0; p < w->kernel_height; p++)
      for (ptrdiff_t q = 0; q < w->kernel_width; q++, columns += stride) {
        ptrdiff_t top, bottom, from, to;
        window_rows(w, p, first, last, &top, &bottom);
        window_columns(w, q, &from, &to);
        if (from >= to) bottom = top;
        clear_run(columns, (top - first) * width);
        clear_run(columns + (bottom - first) * width, (last - bottom) * width);
        if (top == bottom) continue;
        ptrdiff_t shift = q * w->dilation_width - w->padding_width;
        const real *source = x + (top * w->stride_height + p * w->dilation_height - w->padding_height) * w->width;
        real *row = columns + (top - first) * width;
        if (is_shift(w)) {
          copy_run(source + (shift + from), row + from, (bottom - top - 1) * width + to - from);
          for (ptrdiff_t y = top; y < bottom; y++, row += width) {
            clear_run(row, from);
            clear_run(row + to, width - to);
          }
          continue;
        }
        for (ptrdiff_t y = top; y < bottom; y++, row += width, source += w->stride_height * w->width) {
          const real *s = source + (shift + step * from);
          clear_run(row, from);
          clear_run(row + to, width - to);
          FOR_STEP(step, take_strided(s, STEP, row + from, to - from));
        }
      }
}

CLONES void NAME(fgn_fold)(real *columns, ptrdiff_t stride, const fgn_window *w, ptrdiff_t channels,
                           ptrdiff_t first, ptrdiff_t last, real *x) {
  ptrdiff_t width = w->out_width, step = w->stride_width;
  for (ptrdiff_t c = 0; c < channels; c++, x += w->height * w->width)
    for (ptrdiff_t p = 0; p < w->kernel_height; p++)
      for (ptrdiff_t q = 0; q < w->kernel_width; q++, columns += stride) {
        ptrdiff_t top, bottom, from, to;
        window_rows(w, p, first, last, &top, &bottom);
        window_columns(w, q, &from, &to);
        if (from >= to || top == bottom) continue;
        ptrdiff_t shift = q * w->dilation_width - w->padding_width;
        real *target = x + (top * w->stride_height + p * w->dilation_height - w->padding_height) * w->width;
        real *row = columns + (top - first) * width;
        if (is_shift(w)) {
          /* What comes from the padding would land in the row before or after. */
          for (ptrdiff_t y = 0; y < bottom - top; y++) {
            clear_run(row + y * width, from);
            clear_run(row + y * width + to, width - to);
          }
          add_run(row + from, target + (shift + from), (bottom - top - 1) * width + to - from);
          continue;
        }
        for (ptrdiff_t y = top; y < bottom; y++, row += width, target += w->stride_height * w->width) {
          real *t = target + (shift + step * from);
          FOR_STEP(step, put_strided(t, STEP, 1, row + from, to - from));
        }
      }
}

CLONES void NAME(fgn_combine_rows)(real alpha, const real *x, ptrdiff_t stride_x, const real *shift, real beta,
                                   real *y, ptrdiff_t stride_y, ptrdiff_t rows, ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++, y += stride_y) {
    real s = shift ? shift[i] : 0;
    if (!x) {
      for (ptrdiff_t k = 0; k < columns; k++) y[k] = s + (beta == 0 ? 0 : beta * y[k]);
      continue;
    }
    const real *row = x + i * stride_x;
    if (beta == 0) {
      for (ptrdiff_t k = 0; k < columns; k++) y[k] = alpha * row[k] + s;
    } else {
      for (ptrdiff_t k = 0; k < columns; k++) y[k] = alpha * row[k] + (beta * y[k] + s);
    }
  }
}

CLONES void NAME(fgn_row_sums)(const real *x, real scale, real *result, ptrdiff_t rows, ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++, x += columns) {
    vec s = SPLAT(0);
    real total;
    ptrdiff_t k = 0;
    for (; k + LANES <= columns; k += LANES) s += LOAD(x + k);
    ADD_LANES(total, s);
    for (; k < columns; k++) total += x[k];
    result[i] = scale * total;
  }
}

CLONES void NAME(fgn_spread_rows)(const real *x, real scale, real *result, ptrdiff_t rows, ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++, result += columns) {
    real value = scale * x[i];
    for (ptrdiff_t k = 0; k < columns; k++) result[k] = value;
  }
}

/* One wide block: whole vectors of its rows. */
INLINE real wide_block(const real *a, const real *b, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width) {
  vec s = SPLAT(0);
  real rest = 0, total;
  for (ptrdiff_t t = 0; t < height; t++, a += stride, b += stride) {
    ptrdiff_t k = 0;
    for (; k + LANES <= width; k += LANES) s += LOAD(a + k) * LOAD(b + k);
    for (; k < width; k++) rest += a[k] * b[k];
  }
  ADD_LANES(total, s);
  return total + rest;
}

#define NARROW_BLOCKS 256 /* elements of narrow blocks side by side */

CLONES void NAME(fgn_add_block_products)(const real *a, const real *b, ptrdiff_t stride, ptrdiff_t height,
                                         ptrdiff_t width, real factor, real *g, ptrdiff_t stride_g,
                                         ptrdiff_t rows, ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i++, a += height * stride, b += height * stride, g += stride_g) {
    if (width >= LANES) {
      for (ptrdiff_t j = 0; j < columns; j++)
        g[j] += factor * wide_block(a + j * width, b + j * width, stride, height, width);
      continue;
    }
    /* Many narrow blocks at once: sums over their rows first. */
    ptrdiff_t count = NARROW_BLOCKS / width;
    for (ptrdiff_t j = 0; j < columns; j += count) {
      real sums[NARROW_BLOCKS];
      ptrdiff_t blocks = columns - j < count ? columns - j : count, n = blocks * width;
      clear_run(sums, n);
      for (ptrdiff_t t = 0; t < height; t++) {
        const real *p = a + t * stride + j * width, *q = b + t * stride + j * width;
        for (ptrdiff_t k = 0; k < n; k++) sums[k] += p[k] * q[k];
      }
      for (ptrdiff_t block = 0; block < blocks; block++) {
        real total = 0;
        for (ptrdiff_t k = 0; k < width; k++) total += sums[block * width + k];
        g[j + block] += factor * total;
      }
    }
  }
}

CLONES void NAME(fgn_max_pool)(const real *x, const fgn_window *w, ptrdiff_t planes, real *result,
                               int32_t *index) {
  ptrdiff_t width = w->out_width, step = w->stride_width;
  for (ptrdiff_t c = 0; c < planes; c++, x += w->height * w->width)
    for (ptrdiff_t y = 0; y < w->out_height; y++, result += width, index += width) {
      for (ptrdiff_t k = 0; k < width; k++) index[k] = -1;
      for (ptrdiff_t p = 0; p < w->kernel_height; p++) {
        ptrdiff_t line = y * w->stride_height + p * w->dilation_height - w->padding_height;
        if (line < 0 || line >= w->height) continue;
        for (ptrdiff_t q = 0; q < w->kernel_width; q++) {
          ptrdiff_t from, to;
          window_columns(w, q, &from, &to);
          ptrdiff_t start = line * w->width + q * w->dilation_width - w->padding_width + step * from;
          FOR_STEP(step, maximum_strided(x, start, STEP, result + from, index + from, to - from));
        }
      }
    }
}

CLONES void NAME(fgn_take)(const real *x, const int32_t *index, real *result, ptrdiff_t planes, ptrdiff_t size,
                           ptrdiff_t count) {
  for (ptrdiff_t c = 0; c < planes; c++, x += size, index += count, result += count)
    for (ptrdiff_t k = 0; k < count; k++) result[k] = x[index[k]];
}

CLONES void NAME(fgn_put)(const real *x, const int32_t *index, real *result, ptrdiff_t planes, ptrdiff_t size,
                          ptrdiff_t count) {
  for (ptrdiff_t c = 0; c < planes; c++, x += count, index += count, result += size)
    for (ptrdiff_t k = 0; k < count; k++) result[index[k]] += x[k];
}

CLONES void NAME(fgn_average_pool)(const real *x, const fgn_window *w, ptrdiff_t planes, real *result) {
  ptrdiff_t width = w->out_width, step = w->stride_width;
  real scale = 1 / (real)(w->kernel_height * w->kernel_width);
  for (ptrdiff_t c = 0; c < planes; c++, x += w->height * w->width)
    for (ptrdiff_t y = 0; y < w->out_height; y++, result += width) {
      clear_run(result, width);
      for (ptrdiff_t p = 0; p < w->kernel_height; p++) {
        ptrdiff_t line = y * w->stride_height + p * w->dilation_height - w->padding_height;
        if (line < 0 || line >= w->height) continue;
        for (ptrdiff_t q = 0; q < w->kernel_width; q++) {
          ptrdiff_t from, to;
          window_columns(w, q, &from, &to);
          const real *row = x + (line * w->width + q * w->dilation_width - w->padding_width + step * from);
          FOR_STEP(step, add_strided(row, STEP, result + from, to - from));
        }
      }
      for (ptrdiff_t k = 0; k < width; k++) result[k] *= scale;
    }
}

CLONES void NAME(fgn_average_pool_transposed)(const real *x, const fgn_window *w, ptrdiff_t planes,
                                              real *result) {
  ptrdiff_t width = w->out_width, step = w->stride_width;
  real scale = 1 / (real)(w->kernel_height * w->kernel_width);
  for (ptrdiff_t c = 0; c < planes; c++, result += w->height * w->width)
    for (ptrdiff_t y = 0; y < w->out_height; y++, x += width)
      for (ptrdiff_t p = 0; p < w->kernel_height; p++) {
        ptrdiff_t line = y * w->stride_height + p * w->dilation_height - w->padding_height;
        if (line < 0 || line >= w->height) continue;
        for (ptrdiff_t q = 0; q < w->kernel_width; q++) {
          ptrdiff_t from, to;
          window_columns(w, q, &from, &to);
          real *row = result + (line * w->width + q * w->dilation_width - w->padding_width + step * from);
          FOR_STEP(step, put_strided(row, STEP, scale, x + from, to - from));
        }
      }
}
