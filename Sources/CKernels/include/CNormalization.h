#ifndef FGN_CNORMALIZATION_H
#define FGN_CNORMALIZATION_H
#include <stddef.h>
#include <stdint.h>

/*
 * What acts on channels: x [.., channels, spatial], with a number for each channel. Pointers to such
 * numbers may be NULL where a default is named. Normalisation is over segments [channels, spatial];
 * segment k uses the numbers of group k mod groups.
 */

#define FGN_DECLARE(T, S)                                                                          \
  /* y = (x - shift) factor + offset, plus y if accumulate; 0, 1 and 0 for NULL. y may be x. */    \
  void fgn_channel_affine_##S(const T *x, const T *shift, const T *factor, const T *offset,        \
                              int32_t accumulate, T *y, ptrdiff_t repeats, ptrdiff_t channels,     \
                              ptrdiff_t spatial);                                                  \
  /* For each of rows [repeats, channels, spatial]: sums [rows, channels] of c (x - shift) factor;  \
     a NULL x is all ones. */                                                                      \
  void fgn_channel_sums_##S(const T *c, const T *x, const T *shift, const T *factor, T *sums,      \
                            ptrdiff_t rows, ptrdiff_t repeats, ptrdiff_t channels,                 \
                            ptrdiff_t spatial);                                                    \
  /* h = (x - mean) inverse, inverse [segments] = 1 / sqrt(variance + epsilon), y = gain h + bias. */\
  void fgn_normalize_##S(const T *x, const T *gain, const T *bias, T epsilon, T *h, T *inverse,    \
                         T *y, ptrdiff_t segments, ptrdiff_t groups, ptrdiff_t channels,           \
                         ptrdiff_t spatial);                                                       \
  /* result = gain dh + gain_tangent h + bias_tangent, dh = inverse (t - mean(t) - h mean(h t)). */\
  void fgn_normalize_tangent_##S(const T *t, const T *h, const T *inverse, const T *gain,          \
                                 const T *gain_tangent, const T *bias_tangent, T *result,          \
                                 ptrdiff_t segments, ptrdiff_t groups, ptrdiff_t channels,         \
                                 ptrdiff_t spatial);                                               \
  /* result = inverse (u - mean(u) - h mean(h u)), u = gain c. */                                  \
  void fgn_normalize_cotangent_##S(const T *c, const T *h, const T *inverse, const T *gain,        \
                                   T *result, ptrdiff_t segments, ptrdiff_t groups,                \
                                   ptrdiff_t channels, ptrdiff_t spatial);

FGN_DECLARE(float, f)
FGN_DECLARE(double, d)

#undef FGN_DECLARE
#endif
