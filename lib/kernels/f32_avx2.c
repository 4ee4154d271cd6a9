#define WAY ai_way_f32_avx2
#define ISA "avx2"
#define TOKENS 6
#define UP_TO_TOKENS UP_TO_6
#include "kernels/f32_body.h"
