#ifndef ADAM_H
#define ADAM_H

/* x -= rate m / (factor sqrt(v) + 1e-8) with m = 0.9 m + 0.1 g and v = 0.999 v + 0.001 g^2, in one pass. */
void adam_float(float *x, const float *g, float *m, float *v, float rate, float factor, long count);
void adam_double(double *x, const double *g, double *m, double *v, double rate, double factor, long count);

#endif
