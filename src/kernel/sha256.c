// SPDX-License-Identifier: Apache-2.0
// The names are those of FIPS 180-4, section 6.2.
#include "kernel/sha256.h"

#include <string.h>

#include "kernel/compiler.h"

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// As K, of the square roots of the first 8.
static const uint32_t first_state[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate(uint32_t x, unsigned int bits)
{
	return x >> bits | x << (32 - bits);
}

static uint32_t get_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_be32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void expand(uint32_t W[64], const uint8_t *block)
{
	for (int t = 0; t < 16; t++)
		W[t] = get_be32(block + 4 * t);
	for (int t = 16; t < 64; t++) {
		uint32_t x = W[t - 15], y = W[t - 2];
		uint32_t sigma0 = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
		uint32_t sigma1 = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10;

		W[t] = sigma1 + W[t - 7] + sigma0 + W[t - 16];
	}
}

static void add_block(uint32_t state[8], const uint8_t *block)
{
	uint32_t W[64];
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

	expand(W, block);
	for (int t = 0; t < 64; t++) {
		uint32_t Sigma1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
		uint32_t Ch = (e & f) ^ (~e & g);
		uint32_t T1 = h + Sigma1 + Ch + K[t] + W[t];
		uint32_t Sigma0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
		uint32_t Maj = (a & b) ^ (a & c) ^ (b & c);

		h = g, g = f, f = e, e = d + T1;
		d = c, c = b, b = a, a = T1 + Sigma0 + Maj;
	}
	state[0] += a, state[1] += b, state[2] += c, state[3] += d;
	state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void sha256_begin(struct sha256 *sum)
{
	memcpy(sum->state, first_state, sizeof(sum->state));
	sum->length = 0;
}

void sha256_add(struct sha256 *sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size) {
		size_t used = sum->length % SHA256_BLOCK;
		size_t piece = MIN(size, SHA256_BLOCK - used);

		if (piece == SHA256_BLOCK) {
			add_block(sum->state, bytes);
		} else {
			memcpy(sum->block + used, bytes, piece);
			if (used + piece == SHA256_BLOCK)
				add_block(sum->state, sum->block);
		}
		sum->length += piece;
		bytes += piece;
		size -= piece;
	}
}

void sha256_end(struct sha256 *sum, uint8_t digest[SHA256_BYTES])
{
	static const uint8_t padding[SHA256_BLOCK] = { 0x80 };
	uint64_t bits = sum->length * 8;
	uint8_t length[8];

	put_be32(length, (uint32_t)(bits >> 32));
	put_be32(length + 4, (uint32_t)bits);
	// 1 to 64 bytes, so that the length ends a block.
	sha256_add(sum, padding, SHA256_BLOCK - (sum->length + 8) % SHA256_BLOCK);
	sha256_add(sum, length, sizeof(length));
	for (int i = 0; i < 8; i++)
		put_be32(digest + 4 * i, sum->state[i]);
}
