#ifndef FGN_ZLIB_SHIM_H
#define FGN_ZLIB_SHIM_H
#include <zlib.h>
#endif
