#define WAY ai_way_f32_avx512
#define ISA "avx512"
#define TOKENS 12
#define UP_TO_TOKENS UP_TO_12
#include "kernels/f32_body.h"
