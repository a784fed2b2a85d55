// SPDX-License-Identifier: Apache-2.0
// What the files of this guest share. A behaviour is a function that breaks a rule in all the ways that it knows; it returns when
// it has tried them all, and is then tried again. Some never return.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Counts a deed. The guest dies in the middle of its behaviour, when its command line says so.
void hostile_deed(void);

// Says that something was allowed that must not be: the tests look for the line.
void hostile_broke_in(const char *what) __attribute__((noreturn));

// Random numbers; the second is below `end`.
uint32_t random_number(void);
uint32_t random_below(uint32_t end);
void random_fill(void *bytes, size_t size);

// rings.c: the store's page
void attack_indices(void);
void attack_racing(void);
void attack_half(void);
void attack_long(void);
void attack_unread(void);
void attack_reconnect(void);
void attack_page(void);

// requests.c: what the store does
void attack_watches(void);
void attack_transactions(void);
void attack_nodes(void);
void attack_paths(void);
void attack_ids(void);
void attack_garbage(void);
void attack_foreign(void);

// others.c: console, event channels, grants, memory
void attack_console_indices(void);
void attack_console_flood(void);
void attack_events(void);
void attack_grants(void);
void attack_refused(void);
