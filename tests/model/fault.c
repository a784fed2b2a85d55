// SPDX-License-Identifier: Apache-2.0
// Faults on demand: the Nth of a kind fails, once, or from the Nth on all do.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/internal.h"

static struct fault {
	unsigned int left, variant; // left 0: none is set
	bool lasting;
} faults[FAULT_KINDS];

static bool struck;
static unsigned int struck_variant;
static char place[128];

static void fault_set(enum fault_kind kind, unsigned int nth, unsigned int variant, bool lasting)
{
	faults[kind] = (struct fault){ nth, variant, lasting };
	struck = false;
	place[0] = '\0';
}

bool fault_strikes(enum fault_kind kind, const char *format, ...)
{
	struct fault *fault = &faults[kind];
	va_list arguments;

	if (!fault->left || --fault->left)
		return false;
	if (fault->lasting)
		fault->left = 1;
	if (struck)
		return true; // the first is what is told
	struck = true;
	struck_variant = fault->variant;
	va_start(arguments, format);
	vsnprintf(place, sizeof(place), format, arguments);
	va_end(arguments);
	return true;
}

int fault_choose(const int *errors, size_t count)
{
	size_t choices = 0;

	while (choices < count && errors[choices])
		choices++;
	return errors[struck_variant % choices];
}

unsigned int fault_variant(void)
{
	return struck_variant;
}

void fault_reset(void)
{
	memset(faults, 0, sizeof(faults));
	struck = false;
	place[0] = '\0';
}

void model_fail_hypercall(unsigned int nth, unsigned int variant)
{
	fault_set(FAULT_HYPERCALL, nth, variant, false);
}

void model_fail_hypercalls_from(unsigned int nth, unsigned int variant)
{
	fault_set(FAULT_HYPERCALL, nth, variant, true);
}

void model_fail_allocation(unsigned int nth)
{
	fault_set(FAULT_ALLOCATION, nth, 0, false);
}

void model_fail_allocations_from(unsigned int nth)
{
	fault_set(FAULT_ALLOCATION, nth, 0, true);
}

void model_fail_image_read(unsigned int nth)
{
	fault_set(FAULT_IMAGE_READ, nth, 0, false);
}

bool model_fault_struck(void)
{
	return struck;
}

const char *model_fault_place(void)
{
	return place;
}
