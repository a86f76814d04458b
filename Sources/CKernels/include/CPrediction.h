#ifndef FGN_CPREDICTION_H
#define FGN_CPREDICTION_H
#include <stddef.h>
#include <stdint.h>

/*
 * Prediction by a linear head, z = x w^T + bias, where what is asked of z is taken while it is in registers or cache.
 * packed: by fgn_thin_pack, V vectors of classes; bias [V lanes]: by fgn_head_bias. Every z is one chain of additions
 * over the features from the bias on: the same bits in whichever block of rows or classes it is computed.
 */

#define FGN_DECLARE(T, S)                                                                          \
  /* The bias, zeros for NULL, padded by the lowest finite number: what pads is never the highest. */\
  void fgn_head_bias_##S(const T *bias, ptrdiff_t classes, T *padded);                             \
  /* Vectors [first, last) of classes of z [rows, stride], the first of them at z; of the last vector only classes   \
     below `classes`. */                                                                           \
  void fgn_head_logits_##S(const T *x, const T *packed, const T *bias, T *z, ptrdiff_t stride,     \
                           ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t classes, ptrdiff_t first,    \
                           ptrdiff_t last);                                                        \
  /* The highest z of each lane so far, its vector, and 0, or NaN once a z was not finite: best, at, check           \
     [rows, lanes]. first 0 starts anew. */                                                        \
  void fgn_head_best_##S(const T *x, const T *packed, const T *bias, T *best, T *at, T *check,     \
                         ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t first, ptrdiff_t last);        \
  /* The highest class of each row, the first of equals; returns the first row that is not finite, or -1. */         \
  ptrdiff_t fgn_best_classes_##S(const T *best, const T *at, const T *check, ptrdiff_t rows,       \
                                 int32_t *result);                                                 \
  /* Takes classes first..<first + count of z [rows, stride] into the k highest so far, value [rows, k] and          \
     index [rows, k] in descending order, the lower class first of equals, and into the highest and the              \
     sum of e^(slope (z - highest)) [rows] so far. first 0 starts anew. Returns the first row that is not            \
     finite, or -1. */                                                                             \
  ptrdiff_t fgn_top_rows_##S(const T *z, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t first,        \
                             ptrdiff_t count, T slope, ptrdiff_t k, T *value, int32_t *index,      \
                             T *highest, T *sum);                                                  \
  /* value [rows, k] <- e^(slope (value - highest)) / sum. */                                      \
  void fgn_top_probabilities_##S(T *value, ptrdiff_t k, ptrdiff_t rows, T slope, const T *highest, \
                                 const T *sum);                                                    \
  /* z <- softmax(slope z) for each row; returns the first row of z that is not finite, or -1. */  \
  ptrdiff_t fgn_sloped_softmax_##S(T *z, ptrdiff_t rows, ptrdiff_t classes, T slope);              \
  /* For each row of z, with f(b) = log sum e^(b z) - b z_y: f, f' and f'' at b = slope, and the highest             \
     probability: result [rows, 4]. A negative label counts as the highest class. */               \
  void fgn_temperature_rows_##S(const T *z, const int32_t *labels, ptrdiff_t rows,                 \
                                ptrdiff_t classes, T slope, double *result);

FGN_DECLARE(float, f)
FGN_DECLARE(double, d)

#undef FGN_DECLARE
#endif
