// SPDX-License-Identifier: Apache-2.0
// The line editor's own use of its screen, besides line_editor_refresh() and its like.
#pragma once

#include "shell/line_editor.h"

// Empties the whole terminal (by escape sequences, on the person's own request) and shows the line on top.
void line_screen_clear(struct line_editor *editor);

void line_screen_bell(struct line_editor *editor);
