// SPDX-License-Identifier: Apache-2.0
// A guest that is told what to do line by line, on its console.
#pragma once

// Hands each line of console input to `answer`, without its end ('\r' or '\n') and cut into pieces where it is longer than
// 1023 bytes, and with it the number of bytes that have come so far. Returns when there is no console. Waits.
void lines_serve(void (*answer)(char *line, unsigned long received));
