// SPDX-License-Identifier: Apache-2.0
// Domains for the Raspberry Pi 5.
#define DEMO_PREFIX     "rpi_5"
#define DEMO_GPIO_FRAME 0x107d517 // always-on controller
#include "dom_cfg/demo.h"
