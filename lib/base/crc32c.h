/* CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), as in iSCSI and RFC 3720. */
#ifndef AI_BASE_CRC32C_H
#define AI_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what crc covers followed by n bytes at p; start with crc = 0. */
uint32_t ai_crc32c(uint32_t crc, const void *p, size_t n);

#endif
