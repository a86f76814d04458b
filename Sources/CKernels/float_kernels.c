#define FGN_FLOAT
#include "precision.h"

#include "gram_kernel.h"
#include "row_kernels.h"
#include "sequence_kernels.h"
#include "thin_products.h"
#include "vector_kernels.h"
