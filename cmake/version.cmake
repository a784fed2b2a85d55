# SPDX-License-Identifier: Apache-2.0
# cmake -DOUTPUT=FILE -DVERSION=X.Y.Z -P version.cmake: writes generated/version.h; only when it changes.
cmake_minimum_required(VERSION 3.25)
execute_process(
  COMMAND git describe --always --dirty --abbrev=12 --exclude *
  WORKING_DIRECTORY ${CMAKE_CURRENT_LIST_DIR}
  OUTPUT_VARIABLE revision
  ERROR_QUIET
  OUTPUT_STRIP_TRAILING_WHITESPACE
)
if(NOT revision)
  set(revision unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
"// What `kernel version` and the greeting say; made by the build.
#pragma once
#define THIN_DOM0_VERSION \"v@VERSION@-@revision@\" // with git's name of the commit
" @ONLY)
