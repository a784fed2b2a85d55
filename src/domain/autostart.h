// SPDX-License-Identifier: Apache-2.0
// The domains that start with Dom0: those with `autostart`, one after the other in the order of their numbers,
// and of the catalogue where these are the same. Each waits first for what it needs (`autostart_wait`), up to
// its limit; one that can't be started is said and left out. The boot argument `noautostart` starts none.
#pragma once

// Starts the task that does it, which waits for the media. After all other services. 0 or -ENOMEM.
int autostart_init(void);
