// SPDX-License-Identifier: Apache-2.0
// Domains for the Raspberry Pi 4.
#define DEMO_PREFIX     "rpi_4"
#define DEMO_GPIO_FRAME 0xfe200
#include "dom_cfg/demo.h"
