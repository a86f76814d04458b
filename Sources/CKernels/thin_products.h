/*
 * Products with few classes, the shape every BLAS is weak at.
 * Forward: classes are the vector lanes (padded), a block of rows is held in registers.
 * Transposed: features are the vector lanes, a block of classes is held in registers.
 */

CLONES void NAME(fgn_thin_pack)(const real *w, ptrdiff_t classes, ptrdiff_t inner, real *packed) {
  ptrdiff_t vectors = (classes + LANES - 1) / LANES;
  for (ptrdiff_t v = 0; v < vectors; v++)
    for (ptrdiff_t d = 0; d < inner; d++)
      for (ptrdiff_t l = 0; l < LANES; l++) {
        ptrdiff_t c = v * LANES + l;
        packed[(v * inner + d) * LANES + l] = c < classes ? w[c * inner + d] : 0;
      }
}

#define FORWARD_ROWS 6

/* z [lanes] = value + beta z; the value comes through memory, where a short row can stop early. */
INLINE void thin_store(real *z, const real *value, real beta, ptrdiff_t lanes) {
  for (ptrdiff_t l = 0; l < lanes; l++) z[l] = beta == 0 ? value[l] : value[l] + beta * z[l];
}

CLONES void NAME(fgn_thin_forward)(const real *x, const real *packed, real alpha, real beta, real *z,
                                   ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t classes) {
  ptrdiff_t vectors = (classes + LANES - 1) / LANES;
  for (ptrdiff_t i = 0; i < rows; i += FORWARD_ROWS) {
    ptrdiff_t height = rows - i < FORWARD_ROWS ? rows - i : FORWARD_ROWS;
    const real *r[FORWARD_ROWS]; /* a short last block repeats its last row and drops the result */
    for (ptrdiff_t j = 0; j < FORWARD_ROWS; j++) r[j] = x + (i + (j < height ? j : height - 1)) * inner;
    for (ptrdiff_t v = 0; v < vectors; v++) {
      const real *w = packed + v * inner * LANES;
      vec s0 = SPLAT(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
      for (ptrdiff_t d = 0; d < inner; d++) {
        vec column = LOAD(w + d * LANES);
        s0 += SPLAT(r[0][d]) * column;
        s1 += SPLAT(r[1][d]) * column;
        s2 += SPLAT(r[2][d]) * column;
        s3 += SPLAT(r[3][d]) * column;
        s4 += SPLAT(r[4][d]) * column;
        s5 += SPLAT(r[5][d]) * column;
      }
      real block[FORWARD_ROWS][LANES];
      vec scale = SPLAT(alpha);
      STORE(block[0], scale * s0);
      STORE(block[1], scale * s1);
      STORE(block[2], scale * s2);
      STORE(block[3], scale * s3);
      STORE(block[4], scale * s4);
      STORE(block[5], scale * s5);
      ptrdiff_t lanes = classes - v * LANES < LANES ? classes - v * LANES : LANES;
      for (ptrdiff_t j = 0; j < height; j++)
        thin_store(z + (i + j) * classes + v * LANES, block[j], beta, lanes);
    }
  }
}

#define TRANSPOSED_CLASSES 6
#define TRANSPOSED_ROWS 256

CLONES void NAME(fgn_thin_transposed)(const real *a, const real *x, real alpha, real beta, real *g,
                                      ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t classes,
                                      ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t c = 0; c < classes; c++)
    for (ptrdiff_t d = first; d < last; d++) g[c * inner + d] = beta == 0 ? 0 : beta * g[c * inner + d];
  for (ptrdiff_t i0 = 0; i0 < rows; i0 += TRANSPOSED_ROWS) {
    ptrdiff_t i1 = rows - i0 < TRANSPOSED_ROWS ? rows : i0 + TRANSPOSED_ROWS;
    ptrdiff_t d = first;
    for (; d + LANES <= last; d += LANES) {
      for (ptrdiff_t c = 0; c < classes; c += TRANSPOSED_CLASSES) {
        ptrdiff_t width = classes - c < TRANSPOSED_CLASSES ? classes - c : TRANSPOSED_CLASSES;
        ptrdiff_t o[TRANSPOSED_CLASSES]; /* a short last block repeats its last class */
        for (ptrdiff_t j = 0; j < TRANSPOSED_CLASSES; j++) o[j] = c + (j < width ? j : width - 1);
        vec s0 = SPLAT(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
        for (ptrdiff_t i = i0; i < i1; i++) {
          vec column = LOAD(x + i * inner + d);
          const real *ai = a + i * classes;
          s0 += SPLAT(ai[o[0]]) * column;
          s1 += SPLAT(ai[o[1]]) * column;
          s2 += SPLAT(ai[o[2]]) * column;
          s3 += SPLAT(ai[o[3]]) * column;
          s4 += SPLAT(ai[o[4]]) * column;
          s5 += SPLAT(ai[o[5]]) * column;
        }
        real *out = g + c * inner + d;
        vec f = SPLAT(alpha);
        STORE(out, LOAD(out) + f * s0);
        if (width > 1) STORE(out + inner, LOAD(out + inner) + f * s1);
        if (width > 2) STORE(out + 2 * inner, LOAD(out + 2 * inner) + f * s2);
        if (width > 3) STORE(out + 3 * inner, LOAD(out + 3 * inner) + f * s3);
        if (width > 4) STORE(out + 4 * inner, LOAD(out + 4 * inner) + f * s4);
        if (width > 5) STORE(out + 5 * inner, LOAD(out + 5 * inner) + f * s5);
      }
    }
    for (; d < last; d++)
      for (ptrdiff_t i = i0; i < i1; i++)
        for (ptrdiff_t c = 0; c < classes; c++) g[c * inner + d] += alpha * a[i * classes + c] * x[i * inner + d];
  }
}
