// SPDX-License-Identifier: Apache-2.0
// What users of the store inside this program share: a piece of work as one transaction, and texts for paths and values.
#pragma once

#include "xenstore/xenstore.h"

// 0 commits; an error ends it with nothing done and is passed on. It is run again from its start when
// somebody has changed meanwhile what it read, so it must not depend on what it has done before.
typedef int store_work(xs_transaction_t transaction, const void *context);

// 0, the work's error, -ENOMEM, or -EAGAIN when others change the same again and again. May wait.
int store_transact(store_work *work, const void *context);
