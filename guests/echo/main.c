// SPDX-License-Identifier: Apache-2.0
// Repeats each line of console input in capitals, with the number of bytes that have come: for the tests of
// the console's way in. The lines `exit`, `reboot`, `crash` and `watchdog` end it each in its own way; after
// `suspend` it goes on when it is resumed.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/guest.h"
#include "common/lines.h"
#include "kernel/task.h"
#include "xen/hypercall.h"
#include "xen/public.h"
#include "xen/sched.h"

static void exit_guest(void)
{
	sched_shutdown(SHUTDOWN_poweroff);
}

static void reboot_guest(void)
{
	sched_shutdown(SHUTDOWN_reboot);
}

static void crash_guest(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
}

// With a row that is half full, and shown so before it sleeps.
static void suspend(void)
{
	struct sched_shutdown shutdown = { .reason = SHUTDOWN_suspend };

	printf("sleeping... ");
	task_sleep(MILLISECONDS(300));
	xen_operation(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &shutdown);
}

static void bark(void)
{
	sched_watchdog(1);
	for (;;) // and nothing that would keep it quiet
		;
}

static const struct {
	const char *line;
	void (*run)(void);
} commands[] = {
	{ "exit", exit_guest },
	{ "reboot", reboot_guest },
	{ "crash", crash_guest },
	{ "watchdog", bark },
	{ "suspend", suspend },
};

static void answer(char *line, unsigned long received)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(line, commands[i].line) == 0)
			commands[i].run();
	for (char *c = line; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	printf("%s (%lu bytes so far)\n", line, received);
}

int main(void)
{
	guest_start("echo");
	lines_serve(answer);
	return 1;
}
