/* Numbers for each channel, and normalisation over groups of channels; see CNormalization.h. */

INLINE real row_sum(const real *a, ptrdiff_t n) {
  vec s0 = SPLAT(0), s1 = SPLAT(0);
  ptrdiff_t k = 0;
  for (; k + 2 * LANES <= n; k += 2 * LANES) {
    s0 += LOAD(a + k);
    s1 += LOAD(a + k + LANES);
  }
  for (; k + LANES <= n; k += LANES) s0 += LOAD(a + k);
  real total;
  s0 += s1;
  ADD_LANES(total, s0);
  for (; k < n; k++) total += a[k];
  return total;
}

/* Sum of a (b - shift). */
INLINE real row_dot_shifted(const real *a, const real *b, real shift, ptrdiff_t n) {
  vec s0 = SPLAT(0), s1 = SPLAT(0);
  ptrdiff_t k = 0;
  for (; k + 2 * LANES <= n; k += 2 * LANES) {
    s0 += LOAD(a + k) * (LOAD(b + k) - SPLAT(shift));
    s1 += LOAD(a + k + LANES) * (LOAD(b + k + LANES) - SPLAT(shift));
  }
  for (; k + LANES <= n; k += LANES) s0 += LOAD(a + k) * (LOAD(b + k) - SPLAT(shift));
  real total;
  s0 += s1;
  ADD_LANES(total, s0);
  for (; k < n; k++) total += a[k] * (b[k] - shift);
  return total;
}

/* y = (x - shift) factor + offset, plus y if accumulate. */
INLINE void row_affine(const real *x, real shift, real factor, real offset, int accumulate, real *y, ptrdiff_t n) {
  ptrdiff_t k = 0;
  for (; k + LANES <= n; k += LANES) {
    vec v = (LOAD(x + k) - SPLAT(shift)) * SPLAT(factor) + SPLAT(offset);
    if (accumulate) v += LOAD(y + k);
    STORE(y + k, v);
  }
  for (; k < n; k++) y[k] = (x[k] - shift) * factor + offset + (accumulate ? y[k] : 0);
}

CLONES void NAME(fgn_channel_affine)(const real *x, const real *shift, const real *factor,
                                     const real *offset, int32_t accumulate, real *y,
                                     ptrdiff_t repeats, ptrdiff_t channels, ptrdiff_t spatial) {
  for (ptrdiff_t p = 0; p < repeats; p++) {
    ptrdiff_t c = 0;
    for (; spatial == 1 && c + LANES <= channels; c += LANES) {
      vec v = LOAD(x + c);
      if (shift) v -= LOAD(shift + c);
      if (factor) v *= LOAD(factor + c);
      if (offset) v += LOAD(offset + c);
      if (accumulate) v += LOAD(y + c);
      STORE(y + c, v);
    }
    for (; c < channels; c++)
      row_affine(x + c * spatial, shift ? shift[c] : 0, factor ? factor[c] : 1, offset ? offset[c] : 0,
                 accumulate, y + c * spatial, spatial);
    x += channels * spatial;
    y += channels * spatial;
  }
}

CLONES void NAME(fgn_channel_sums)(const real *c, const real *x, const real *shift,
                                   const real *factor, real *sums, ptrdiff_t rows, ptrdiff_t repeats,
                                   ptrdiff_t channels, ptrdiff_t spatial) {
  for (ptrdiff_t i = 0; i < rows; i++, sums += channels)
    for (ptrdiff_t p = 0; p < repeats; p++, c += channels * spatial) {
      const real *xp = x ? x + (i * repeats + p) * channels * spatial : NULL;
      ptrdiff_t k = 0;
      for (; spatial == 1 && k + LANES <= channels; k += LANES) {
        vec v = LOAD(c + k);
        if (xp) v *= shift ? LOAD(xp + k) - LOAD(shift + k) : LOAD(xp + k);
        if (factor) v *= LOAD(factor + k);
        if (p > 0) v += LOAD(sums + k);
        STORE(sums + k, v);
      }
      for (; k < channels; k++) {
        real sum = xp ? row_dot_shifted(c + k * spatial, xp + k * spatial, shift ? shift[k] : 0, spatial)
                      : row_sum(c + k * spatial, spatial);
        if (factor) sum *= factor[k];
        sums[k] = p > 0 ? sums[k] + sum : sum;
      }
    }
}

CLONES void NAME(fgn_normalize)(const real *x, const real *gain, const real *bias, real epsilon,
                                real *h, real *inverse, real *y, ptrdiff_t segments,
                                ptrdiff_t groups, ptrdiff_t channels, ptrdiff_t spatial) {
  ptrdiff_t n = channels * spatial;
  for (ptrdiff_t i = 0; i < segments; i++, x += n, h += n, y += n) {
    /* Deviations from a first mean give the variance and the mean's own rounding. */
    real mean = row_sum(x, n) / n;
    ptrdiff_t k = 0;
    for (; k + LANES <= n; k += LANES) STORE(h + k, LOAD(x + k) - SPLAT(mean));
    for (; k < n; k++) h[k] = x[k] - mean;
    real rest = row_sum(h, n) / n;
    real variance = row_dot(h, h, n) / n - rest * rest;
    real factor = 1 / SQRT1((variance < 0 ? 0 : variance) + epsilon);
    inverse[i] = factor;
    const real *g = gain + i % groups * channels, *b = bias + i % groups * channels;
    if (spatial == 1) {
      for (k = 0; k + LANES <= n; k += LANES) {
        vec v = (LOAD(h + k) - SPLAT(rest)) * SPLAT(factor);
        STORE(h + k, v);
        STORE(y + k, v * LOAD(g + k) + LOAD(b + k));
      }
      for (; k < n; k++) {
        h[k] = (h[k] - rest) * factor;
        y[k] = h[k] * g[k] + b[k];
      }
    } else {
      row_affine(h, rest, factor, 0, 0, h, n);
      for (ptrdiff_t c = 0; c < channels; c++)
        row_affine(h + c * spatial, 0, g[c], b[c], 0, y + c * spatial, spatial);
    }
  }
}

CLONES void NAME(fgn_normalize_tangent)(const real *t, const real *h, const real *inverse,
                                        const real *gain, const real *gain_tangent,
                                        const real *bias_tangent, real *result, ptrdiff_t segments,
                                        ptrdiff_t groups, ptrdiff_t channels, ptrdiff_t spatial) {
  ptrdiff_t n = channels * spatial;
  for (ptrdiff_t i = 0; i < segments; i++, t += n, h += n, result += n) {
    real mean = row_sum(t, n) / n, along = row_dot(t, h, n) / n, factor = inverse[i];
    ptrdiff_t group = i % groups * channels;
    ptrdiff_t c = 0;
    for (; spatial == 1 && c + LANES <= channels; c += LANES) {
      vec v = LOAD(h + c);
      vec d = (LOAD(t + c) - SPLAT(mean) - v * SPLAT(along)) * (SPLAT(factor) * LOAD(gain + group + c));
      if (gain_tangent) d += v * LOAD(gain_tangent + group + c);
      if (bias_tangent) d += LOAD(bias_tangent + group + c);
      STORE(result + c, d);
    }
    for (; c < channels; c++) {
      real scale = factor * gain[group + c];
      real slope = gain_tangent ? gain_tangent[group + c] : 0, offset = bias_tangent ? bias_tangent[group + c] : 0;
      const real *tc = t + c * spatial, *hc = h + c * spatial;
      real *out = result + c * spatial;
      ptrdiff_t k = 0;
      for (; k + LANES <= spatial; k += LANES) {
        vec v = LOAD(hc + k);
        vec d = (LOAD(tc + k) - SPLAT(mean) - v * SPLAT(along)) * SPLAT(scale);
        STORE(out + k, d + (v * SPLAT(slope) + SPLAT(offset)));
      }
      for (; k < spatial; k++)
        out[k] = (tc[k] - mean - hc[k] * along) * scale + (hc[k] * slope + offset);
    }
  }
}

CLONES void NAME(fgn_normalize_cotangent)(const real *c, const real *h, const real *inverse,
                                          const real *gain, real *result, ptrdiff_t segments,
                                          ptrdiff_t groups, ptrdiff_t channels, ptrdiff_t spatial) {
  ptrdiff_t n = channels * spatial;
  for (ptrdiff_t i = 0; i < segments; i++, c += n, h += n, result += n) {
    const real *g = gain + i % groups * channels;
    ptrdiff_t k = 0;
    if (spatial == 1) { /* the scaled cotangents lie in result meanwhile */
      for (; k + LANES <= n; k += LANES) STORE(result + k, LOAD(c + k) * LOAD(g + k));
      for (; k < n; k++) result[k] = c[k] * g[k];
    } else {
      for (ptrdiff_t q = 0; q < channels; q++)
        row_affine(c + q * spatial, 0, g[q], 0, 0, result + q * spatial, spatial);
    }
    real mean = row_sum(result, n) / n, along = row_dot(result, h, n) / n, factor = inverse[i];
    for (k = 0; k + LANES <= n; k += LANES)
      STORE(result + k, (LOAD(result + k) - SPLAT(mean) - LOAD(h + k) * SPLAT(along)) * SPLAT(factor));
    for (; k < n; k++) result[k] = (result[k] - mean - h[k] * along) * factor;
  }
}
