// SPDX-License-Identifier: Apache-2.0
#include "xenstore/store_work.h"

#include <errno.h>

// It isn't repeated as long as no work waits.
#define ATTEMPTS 10

static int attempt(store_work *work, const void *context)
{
	xs_transaction_t transaction;
	int error = xs_transaction_start_alone(&transaction);

	if (error)
		return error;
	error = work(transaction, context);
	int end_error = xs_transaction_end(transaction, !error);
	return error ? error : end_error;
}

int store_transact(store_work *work, const void *context)
{
	int error = -EAGAIN;

	for (unsigned int i = 0; i < ATTEMPTS && error == -EAGAIN; i++)
		error = attempt(work, context);
	return error;
}
