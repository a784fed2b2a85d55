// SPDX-License-Identifier: Apache-2.0
// What -fstack-protector needs, the libraries' included: the secret that each protected function keeps behind
// its variables, and where it goes when the secret was overwritten.
#include <libfdt.h>
#include <stdint.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/panic.h"
#include "kernel/start.h"
#include "kernel/sysreg.h"

extern uintptr_t __stack_chk_guard;
void __stack_chk_fail(void) __attribute__((noreturn));

uintptr_t __stack_chk_guard;

// ID_AA64ISAR0_EL1.RNDR: the CPU has random numbers; RNDR itself by its encoding.
static uint64_t cpu_random(void)
{
	return sysreg_read(id_aa64isar0_el1) >> 60 ? sysreg_read(S3_3_C2_C4_0) : 0;
}

// Folds what the boot loader left for this purpose.
static uint64_t tree_random(const char *property)
{
	int bytes;
	const unsigned char *seed = fdt_getprop(devicetree(), devicetree_chosen(), property, &bytes);
	uint64_t sum = 0;

	for (int i = 0; seed && i < bytes; i++)
		sum = sum * 0x100000001b3u + seed[i];
	return sum;
}

void stack_protector_init(void)
{
	uint64_t secret =
		sysreg_read(cntvct_el0) ^ cpu_random() ^ tree_random("rng-seed") ^ tree_random("kaslr-seed");

	// The finaliser of MurmurHash3 spreads the few bits that the counter has.
	secret = (secret ^ secret >> 33) * 0xff51afd7ed558ccdu;
	secret = (secret ^ secret >> 33) * 0xc4ceb9fe1a85ec53u;
	// Its lowest byte is 0, so that a string that runs over can't reproduce it.
	__stack_chk_guard = (secret ^ secret >> 33) << 8;
}

void __stack_chk_fail(void)
{
	panic("stack smashed in the function called from %p", __builtin_return_address(0));
}
