#ifndef FGN_OPENBLAS_SHIM_H
#define FGN_OPENBLAS_SHIM_H
#include <cblas.h>

/* LAPACK routines that OpenBLAS carries without a header of their own. */
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void spotri_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void ssyevd_(const char *job, const char *uplo, const int *n, float *a, const int *lda, float *w, float *work,
             const int *size, int *iwork, const int *isize, int *info);
void dsyevd_(const char *job, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *size, int *iwork, const int *isize, int *info);
#endif
