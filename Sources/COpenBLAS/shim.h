#ifndef FGN_OPENBLAS_SHIM_H
#define FGN_OPENBLAS_SHIM_H
#include <cblas.h>

/* LAPACK routines that OpenBLAS carries without a header of their own. */
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
#endif
