// SPDX-License-Identifier: Apache-2.0
// What users of the store inside this program share: a piece of work as one transaction, and texts for paths and values.
#pragma once

#include "xenstore/xenstore.h"

// 0 commits; an error ends it with nothing done and is passed on. It doesn't wait, so that nobody else changes anything meanwhile.
typedef int store_work(xs_transaction_t transaction, const void *context);

// 0, the work's error, -ENOMEM, or -EAGAIN when it does wait and others change the store again and again. May wait at its end.
int store_transact(store_work *work, const void *context);
