// SPDX-License-Identifier: Apache-2.0
// The images domu0 and domu1, and their partial device trees: the files that CONFIG_DOM_CFG_* name. A
// configuration can refer to each of them in every build; one that isn't there is empty. Further images:
// image_section.h.

.macro image symbol, file
	.pushsection .rodata.\symbol, "a", %progbits
	.balign 8
	.global \symbol\()_start, \symbol\()_end
\symbol\()_start:
.ifnc "\file", ""
	.incbin "\file"
.endif
\symbol\()_end:
	.popsection
.endm

#ifndef CONFIG_DOM_CFG_BUILTIN_IMAGES
#define CONFIG_DOM_CFG_DOMU0_IMAGE_BIN_FILE ""
#define CONFIG_DOM_CFG_DOMU0_DTB_BIN_FILE ""
#define CONFIG_DOM_CFG_DOMU1_IMAGE_BIN_FILE ""
#define CONFIG_DOM_CFG_DOMU1_DTB_BIN_FILE ""
#endif

	image __img_domu0, CONFIG_DOM_CFG_DOMU0_IMAGE_BIN_FILE
	image __dtb_domu0, CONFIG_DOM_CFG_DOMU0_DTB_BIN_FILE
	image __img_domu1, CONFIG_DOM_CFG_DOMU1_IMAGE_BIN_FILE
	image __dtb_domu1, CONFIG_DOM_CFG_DOMU1_DTB_BIN_FILE
