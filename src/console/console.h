// SPDX-License-Identifier: Apache-2.0
// The console server: each guest's PV console ring (public/io/console.h), its backlog, and whoever is
// attached. A guest can neither make it wait nor overrun anything, nor take more than its share of the CPU.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "xen/types.h"

struct console;

// Starts the server's task. Before anything else of this header.
int console_init(void);

// Serves a domain's console: maps the ring page, binds the guest's port. The caller owns one reference. 0 or
// a negative errno: -ENOMEM, or what mapping and binding say. *console is written on success only.
int console_open(domid_t domid, gfn_t ring, evtchn_port_t remote_port, struct console **console);

// From now on until its end, what the domain prints is kept on the card as well, under this name (console/log_file.h).
// Once at most. -ENOMEM.
int console_keep_log(struct console *console, const char *name);

// Takes what is still in the ring, then ends the service: nothing of the guest is mapped or bound afterwards.
// The backlog stays to be read. Ending it again does nothing.
void console_end(struct console *console);

// The domain is being restarted: as console_end(), but whoever is attached stays so and waits, until
// console_reopen() or console_end().
void console_hold(struct console *console);

// Serves the console of the domain that has come in the place of the one held. The backlog goes on. 0 or a
// negative errno, as console_open(); it is held then, as before.
int console_reopen(struct console *console, domid_t domid, gfn_t ring, evtchn_port_t remote_port);

// console_end(), and drops the owner's reference. Whoever is attached keeps the backlog until console_put().
void console_close(struct console *console);

struct console *console_get(struct console *console);
void console_put(struct console *console);

// The backlog holds the last CONFIG_CONSOLE_BACKLOG_SIZE bytes that nobody has taken. Takes up to `size` of
// them, never waits.
size_t console_read(struct console *console, char *buffer, size_t size);

// Whether the domain has printed this text, as far back as CONFIG_CONSOLE_BACKLOG_SIZE bytes, read or not.
bool console_has_printed(const struct console *console, const char *text);

// There is something in it, and nobody attached to take it.
bool console_is_unread(const struct console *console);

// Bytes that fell out of the backlog before anybody took them, since the last call.
uint64_t console_take_lost(struct console *console);

// Input for the guest: the number of bytes that the ring had room for.
size_t console_write(struct console *console, const char *text, size_t size);

// The domain is gone: no output will come any more but what is in the backlog.
bool console_is_closed(const struct console *console);

// One person at a time: -EBUSY while another is attached. `notify` is called from the server's task at new
// output, at room for input, and at the end; it must not wait.
int console_attach(struct console *console, void (*notify)(void));
void console_detach(struct console *console);

struct console_statistics {
	uint64_t output, input, lost; // bytes since console_open()
	bool broken; // the guest wrote impossible ring indices; its console is off
};
void console_statistics(const struct console *console, struct console_statistics *statistics);
