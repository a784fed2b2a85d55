// SPDX-License-Identifier: Apache-2.0
// drivers/registers.h on the host: registers are memory that a test may act behind.
#include "drivers/registers.h"

#include <stddef.h>

#include "model/model.h"

static void (*listener)(volatile void *at);

void model_on_register_write(void (*function)(volatile void *at))
{
	listener = function;
}

void device_written(volatile void *at)
{
	if (listener)
		listener(at);
}
