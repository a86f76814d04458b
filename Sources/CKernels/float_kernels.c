#define FGN_FLOAT
#include "precision.h"

#include "activation_kernels.h"
#include "curvature_kernels.h"
#include "gram_kernel.h"
#include "image_kernels.h"
#include "row_kernels.h"
#include "normalization_kernels.h"
#include "prediction_kernels.h"
#include "sequence_kernels.h"
#include "thin_products.h"
#include "update_kernels.h"
#include "vector_kernels.h"
