// SPDX-License-Identifier: Apache-2.0
// Domains for QEMU's machine `virt`.
#define DEMO_PREFIX     "virt"
#define DEMO_GPIO_FRAME 0x09030 // PL061
#include "dom_cfg/demo.h"
