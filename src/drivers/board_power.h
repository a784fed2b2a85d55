// SPDX-License-Identifier: Apache-2.0
// Power of boards that Xen can't switch off by itself.
#pragma once

#include <stdbool.h>

// Switches the machine off, or starts it again. Returns where Xen has to do it: where the device tree shows no
// controller that is known here, or it didn't obey.
void board_power(bool off);
