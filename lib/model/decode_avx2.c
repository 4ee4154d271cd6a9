#define DECODERS ai_decoders_avx2
#define DECODERS_ISA "avx2"
#include "model/decode_body.h"
