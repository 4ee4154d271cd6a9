#define OPS_TABLE ai_ops_generic
#define OPS_ISA "generic"
#include "kernels/ops_body.h"
