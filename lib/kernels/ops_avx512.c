#define OPS_TABLE ai_ops_avx512
#define OPS_ISA "avx512"
#include "kernels/ops_body.h"
