#ifndef FGN_OPENBLAS_SHIM_H
#define FGN_OPENBLAS_SHIM_H
#include <cblas.h>

/* LAPACK routines that OpenBLAS carries without a header of their own. */
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
/* Column-major: P L U in place; then A x = b or A^T x = b. */
void sgetrf_(const int *m, const int *n, float *a, const int *lda, int *pivots, int *info);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info);
void sgetrs_(const char *transposed, const int *n, const int *columns, const float *a, const int *lda,
             const int *pivots, float *b, const int *ldb, int *info);
void dgetrs_(const char *transposed, const int *n, const int *columns, const double *a, const int *lda,
             const int *pivots, double *b, const int *ldb, int *info);
void spotri_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void ssyevd_(const char *job, const char *uplo, const int *n, float *a, const int *lda, float *w, float *work,
             const int *size, int *iwork, const int *isize, int *info);
void dsyevd_(const char *job, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *size, int *iwork, const int *isize, int *info);
#endif
