// SPDX-License-Identifier: Apache-2.0
// Hardware that Dom0 drives itself: disks and SD cards, found in the device tree and on PCI. What is found is
// offered as block devices (storage/block.h).
#pragma once

// Looks for all devices and registers their block devices, with a line in the log for each; waits until cards
// that are in their slots are known, at most two seconds. Once, in a task, at start-up. What fails is said in
// the log, and left out. Always 0.
int drivers_init(void);
