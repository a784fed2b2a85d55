// SPDX-License-Identifier: Apache-2.0
// Interrupts of a running task: the timer is set by hand, and its handler switches it off again.
#include <stdio.h>

#include "kernel/compiler.h"
#include "kernel/sysreg.h"
#include "kernel/task.h"
#include "kernel/timer.h"
#include "selftest/selftest.h"

#define ROUNDS 50

static bool timer_is_on(void)
{
	return sysreg_read(cntv_ctl_el0) & 1;
}

void test_interrupts(void)
{
	uint64_t worst = 0, sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t deadline = time_now() + MICROSECONDS(200);

		timer_set(deadline);
		while (timer_is_on() && time_now() < deadline + SECONDS(1))
			;
		uint64_t late = time_now() - deadline;
		CHECK(!timer_is_on());
		worst = MAX(worst, late);
		sum += late;
	}
	printf("selftest: interrupt latency %llu us, at most %llu us\n",
	       (unsigned long long)(sum / ROUNDS / MICROSECONDS(1)),
	       (unsigned long long)(worst / MICROSECONDS(1)));

	uint64_t deadline = time_now() + MILLISECONDS(1);
	unsigned long state = irq_save();
	timer_set(deadline);
	while (time_now() < deadline + MILLISECONDS(1))
		;
	CHECK(timer_is_on());
	irq_restore(state);
	while (timer_is_on() && time_now() < deadline + SECONDS(1))
		;
	CHECK(!timer_is_on());
}

// Fills q0 to q31 each with a pattern of its own, waits for the timer's interrupt, and stores them.
static void hold_vectors(const uint64_t *in, uint64_t *out)
{
	__asm__ volatile("ldp q0, q1, [%0, #0]\n ldp q2, q3, [%0, #32]\n ldp q4, q5, [%0, #64]\n"
			 "ldp q6, q7, [%0, #96]\n ldp q8, q9, [%0, #128]\n ldp q10, q11, [%0, #160]\n"
			 "ldp q12, q13, [%0, #192]\n ldp q14, q15, [%0, #224]\n ldp q16, q17, [%0, #256]\n"
			 "ldp q18, q19, [%0, #288]\n ldp q20, q21, [%0, #320]\n ldp q22, q23, [%0, #352]\n"
			 "ldp q24, q25, [%0, #384]\n ldp q26, q27, [%0, #416]\n ldp q28, q29, [%0, #448]\n"
			 "ldp q30, q31, [%0, #480]\n"
			 "1: mrs x9, cntv_ctl_el0\n tbnz x9, #0, 1b\n"
			 "stp q0, q1, [%1, #0]\n stp q2, q3, [%1, #32]\n stp q4, q5, [%1, #64]\n"
			 "stp q6, q7, [%1, #96]\n stp q8, q9, [%1, #128]\n stp q10, q11, [%1, #160]\n"
			 "stp q12, q13, [%1, #192]\n stp q14, q15, [%1, #224]\n stp q16, q17, [%1, #256]\n"
			 "stp q18, q19, [%1, #288]\n stp q20, q21, [%1, #320]\n stp q22, q23, [%1, #352]\n"
			 "stp q24, q25, [%1, #384]\n stp q26, q27, [%1, #416]\n stp q28, q29, [%1, #448]\n"
			 "stp q30, q31, [%1, #480]\n" ::"r"(in),
			 "r"(out)
			 : "x9", "memory");
}

void test_vector_registers(void)
{
	uint64_t in[64], out[64];

	for (int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(in); i++)
			in[i] = i * 0x0123456789abcdefu + (unsigned int)round;
		timer_set(time_now() + MICROSECONDS(300));
		hold_vectors(in, out);
		for (unsigned int i = 0; i < ARRAY_SIZE(in); i++)
			CHECK(out[i] == in[i]);
	}
}
