/* Parameter updates, element by element. */

CLONES void NAME(fgn_momentum)(const real *numbers, real *restrict x, const real *restrict g,
                               real *restrict v, ptrdiff_t n) {
  real momentum = numbers[0], along_g = numbers[1], along_v = numbers[2], kept = numbers[3];
  for (ptrdiff_t k = 0; k < n; k++) {
    real next = momentum * v[k] + g[k];
    v[k] = next;
    x[k] = kept * x[k] - along_v * next - along_g * g[k];
  }
}

CLONES void NAME(fgn_adam)(const real *numbers, real *x, const real *g, real *m, real *v, ptrdiff_t n) {
  real beta1 = numbers[0], beta2 = numbers[1], epsilon = numbers[2], rate = numbers[3], root = numbers[4],
       kept = numbers[5], rest1 = 1 - beta1, rest2 = 1 - beta2;
  for (ptrdiff_t k = 0; k < n; k += LANES) {
    ptrdiff_t left = n - k;
    vec xk, gk, mk, vk;
    if (left >= LANES) {
      xk = LOAD(x + k), gk = LOAD(g + k), mk = LOAD(m + k), vk = LOAD(v + k);
    } else {
      LOAD_TAIL(xk, x + k, left, 0);
      LOAD_TAIL(gk, g + k, left, 0);
      LOAD_TAIL(mk, m + k, left, 0);
      LOAD_TAIL(vk, v + k, left, 0);
    }
    mk = beta1 * mk + rest1 * gk;
    vk = beta2 * vk + rest2 * (gk * gk);
    xk = kept * xk - rate * mk / (root * __builtin_elementwise_sqrt(vk) + epsilon);
    if (left >= LANES) {
      STORE(x + k, xk), STORE(m + k, mk), STORE(v + k, vk);
    } else {
      STORE_TAIL(x + k, xk, left);
      STORE_TAIL(m + k, mk, left);
      STORE_TAIL(v + k, vk, left);
    }
  }
}

CLONES double NAME(fgn_abs_sum)(const real *x, ptrdiff_t n) {
  double total = 0;
  for (ptrdiff_t k = 0; k < n; k++) total += FABS1(x[k]);
  return total;
}
