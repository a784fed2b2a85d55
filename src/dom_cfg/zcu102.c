// SPDX-License-Identifier: Apache-2.0
// Domains for the ZCU102.
#define DEMO_PREFIX "zcu102"
#include "dom_cfg/demo.h"
