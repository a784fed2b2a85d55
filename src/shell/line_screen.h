// SPDX-License-Identifier: Apache-2.0
// The line editor's own use of its screen, besides line_editor_refresh() and its like.
#pragma once

#include "shell/line_editor.h"

// Shows the line as it is, with `mark` behind it where there is room, and goes to the next row. The editor is
// hidden afterwards.
void line_screen_leave(struct line_editor *editor, const char *mark);

// Empties the whole terminal (by escape sequences, on the person's own request) and shows the line on top.
void line_screen_clear(struct line_editor *editor);

void line_screen_bell(struct line_editor *editor);
