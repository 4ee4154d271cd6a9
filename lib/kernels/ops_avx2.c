#define OPS_TABLE ai_ops_avx2
#define OPS_ISA "avx2"
#include "kernels/ops_body.h"
