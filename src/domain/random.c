// SPDX-License-Identifier: Apache-2.0
// Random numbers without a generator: digests of what differs from machine to machine and from start to
// start. These are the seeds that the boot loader left in the device tree, where it did, and the time, whose
// lower bits depend on how long everything before took and on when a person typed: a few dozen bits at best,
// which keep two domains apart and are too little for a key. Only rng-seed is secret, and each digest has all
// of it.
#include "domain/random.h"

#include <libfdt.h>
#include <string.h>

#include "kernel/devicetree.h"
#include "kernel/sha256.h"
#include "kernel/task.h"

// Its length, 0 where there is none.
static int add_property(struct sha256 *sum, int node, const char *name)
{
	int length = 0;
	const void *value = fdt_getprop(devicetree(), node, name, &length);

	if (!value)
		return 0;
	sha256_add(sum, value, (size_t)length);
	return length;
}

bool random_make(uint8_t bytes[RANDOM_BYTES])
{
	static uint8_t last[SHA256_BYTES];
	int chosen = devicetree_chosen();
	uint64_t now = time_now();
	struct sha256 sum;

	_Static_assert(RANDOM_BYTES == SHA256_BYTES, "they are a digest");
	sha256_begin(&sum);
	sha256_add(&sum, last, sizeof(last));
	sha256_add(&sum, &now, sizeof(now));
	bool is_secret = add_property(&sum, chosen, "rng-seed") >= RANDOM_BYTES;
	add_property(&sum, chosen, "kaslr-seed");
	add_property(&sum, 0, "serial-number");
	sha256_end(&sum, last);
	memcpy(bytes, last, RANDOM_BYTES);
	return is_secret;
}
