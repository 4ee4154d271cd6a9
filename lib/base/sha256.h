/* SHA-256 (FIPS 180-4), for digests of models and tokenizers. */
#ifndef AI_BASE_SHA256_H
#define AI_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct ai_sha256 {
    uint32_t h[8];
    uint64_t bytes;
    uint8_t block[64];
};

void ai_sha256_init(struct ai_sha256 *s);
void ai_sha256_add(struct ai_sha256 *s, const void *p, size_t n);
void ai_sha256_end(struct ai_sha256 *s, uint8_t digest[32]);

/* A digest as this project writes it: the first 16 bytes in hexadecimal. */
#define AI_DIGEST_LEN 32
void ai_sha256_end_hex(struct ai_sha256 *s, char hex[AI_DIGEST_LEN + 1]);

#endif
