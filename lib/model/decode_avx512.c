#define DECODERS ai_decoders_avx512
#define DECODERS_ISA "avx512"
#include "model/decode_body.h"
