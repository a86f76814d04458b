#include "CKernels.h"

ptrdiff_t fgn_thin_packed_size(ptrdiff_t classes, ptrdiff_t inner) {
  return ((classes + 15) / 16) * 16 * inner; /* the longest vector; shorter ones need no more */
}

int fgn_has_wide_vectors(void) {
#if defined(__x86_64__) && defined(__ELF__)
  return __builtin_cpu_supports("x86-64-v4");
#else
  return 0;
#endif
}

const char *fgn_kernel_level(void) {
#if defined(__x86_64__) && defined(__ELF__)
  if (__builtin_cpu_supports("x86-64-v4")) return "x86-64-v4";
  if (__builtin_cpu_supports("x86-64-v3")) return "x86-64-v3";
#endif
  return "baseline";
}
