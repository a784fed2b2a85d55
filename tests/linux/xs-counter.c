// SPDX-License-Identifier: Apache-2.0
// xs-counter PATH COUNT, in the Linux guest: adds 1 to the number in a node of the store, COUNT times, each time in a
// transaction of Debian's libxenstore: what is lost when two guests do so at once shows in the sum.
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

// False: somebody else was faster, nothing was done.
static bool increment(struct xs_handle *store, const char *path)
{
	char text[24];
	unsigned int length;
	xs_transaction_t transaction = xs_transaction_start(store);

	if (transaction == XBT_NULL)
		die("start");
	char *value = xs_read(store, transaction, path, &length);
	if (!value)
		die("read");
	snprintf(text, sizeof(text), "%lu", strtoul(value, NULL, 10) + 1);
	free(value);
	if (!xs_write(store, transaction, path, text, (unsigned int)strlen(text)))
		die("write");
	if (xs_transaction_end(store, transaction, false))
		return true;
	if (errno != EAGAIN)
		die("end");
	return false;
}

int main(int argc, char **argv)
{
	struct xs_handle *store = xs_open(0);
	unsigned long repeats = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: xs-counter PATH COUNT\n");
		return 1;
	}
	if (!store)
		die("the store");
	for (unsigned long count = strtoul(argv[2], NULL, 10); count; count--)
		while (!increment(store, argv[1]))
			repeats++;
	printf("counted, %lu repeats\n", repeats);
	xs_close(store);
	return 0;
}
