// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4).
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_BLOCK 64

struct sha256 {
	uint32_t state[8];
	uint64_t length; // bytes added so far
	uint8_t block[SHA256_BLOCK]; // the last length % SHA256_BLOCK of them
};

void sha256_begin(struct sha256 *sum);

// Any number of bytes, at any address.
void sha256_add(struct sha256 *sum, const void *data, size_t size);

// Writes the digest; afterwards only sha256_begin() is of use.
void sha256_end(struct sha256 *sum, uint8_t digest[SHA256_BYTES]);
