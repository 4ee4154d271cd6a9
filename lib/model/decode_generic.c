#define DECODERS ai_decoders_generic
#define DECODERS_ISA "generic"
#include "model/decode_body.h"
