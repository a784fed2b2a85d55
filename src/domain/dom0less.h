// SPDX-License-Identifier: Apache-2.0
// The domains that Xen built at boot from its device tree ("dom0less", Xen's docs/features/dom0less.pandoc):
// they run already, and are made ours. Their names are those of the boot argument dom0less=NAME,NAME,..., in the
// order of their ids, or of their nodes in /chosen where Xen shows them (4.17 does), or "Dom0less-N". One that is
// `xen,enhanced` gets its store, with the nodes of any other domain, and a console where its kernel is late enough
// to find it; any other is listed, paused, unpaused and destroyed. The two pages for that are added to it, or,
// where the argument says NAME@ADDRESS (hexadecimal), are those of its own there, which it leaves to us: one that
// lies 1:1 in memory takes no others. However such a domain ends, it stays: nobody has a configuration to build
// it again from.
#pragma once

// Takes all of them in, and says how many have a store now. What goes wrong with one is said in the log, and
// the others are taken nevertheless. Before this program builds any domain itself; after xenstore_init(),
// console_init(), store_nodes_init(). 0, or what Xen says when it doesn't tell its domains. May wait.
int dom0less_attach(void);
