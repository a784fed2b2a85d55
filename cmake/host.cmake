# SPDX-License-Identifier: Apache-2.0
# The host tests: everything above the kernel, unchanged, on tests/model, which stands for the kernel and Xen.
# Each tests/unit/NAME.c is a program, and a test of that name.
enable_testing()

target_compile_options(
  common
  INTERFACE -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE
)
target_link_options(common INTERFACE -fsanitize=address,undefined)

add_library(platform INTERFACE)
target_include_directories(platform SYSTEM INTERFACE ${PARTS}/xen-headers-4.20/include)

# abi_version.c is compiled per version; pv_console.c is the console of a guest, in the place of console_io.c.
add_room(xen ONLY_C EXCLUDE abi_version.c pv_console.c)
add_xen_abis(xen)
foreach(room IN LISTS ROOMS_ABOVE_XEN)
  add_room(${room} ONLY_C)
endforeach()

# What of the kernel is plain C, and the model of the rest.
set(plain_kernel cpu_set.c devicetree.c failure.c log.c sha256.c spelling.c tree_walk.c)
list(TRANSFORM plain_kernel PREPEND src/kernel/)
file(GLOB model_sources CONFIGURE_DEPENDS tests/model/*.c)
add_library(model STATIC ${plain_kernel} ${model_sources})
target_link_libraries(model PRIVATE common platform)
target_compile_options(model PRIVATE "SHELL:-iquote ${PROJECT_SOURCE_DIR}/tests")

# The model counts the heap, and makes it fail: also zlib's, which is therefore linked statically.
foreach(function malloc calloc realloc free strdup strndup asprintf vasprintf)
  target_link_options(model INTERFACE -Wl,--wrap=${function})
endforeach()

list(JOIN ROOMS_ABOVE_XEN "," rooms)
file(GLOB unit_tests CONFIGURE_DEPENDS tests/unit/*.c)
foreach(source IN LISTS unit_tests)
  get_filename_component(test ${source} NAME_WE)
  add_executable(${test} ${source})
  set_target_properties(${test} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/unit)
  target_compile_options(${test} PRIVATE "SHELL:-iquote ${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(${test} PRIVATE PARTS_FOLDER="${PARTS}")
  target_link_libraries(
    ${test} PRIVATE common platform $<LINK_GROUP:RESCAN,model,xen,${rooms}> cmocka fdt -l:libz.a
  )
  add_test(NAME ${test} COMMAND ${test})
  set_tests_properties(${test} PROPERTIES TIMEOUT 120)
endforeach()

# The kernel's allocators, for which the model has something stricter: tests/kernel, without the model.
foreach(test test_heap test_page test_ranges)
  add_executable(
    ${test} tests/kernel/${test}.c tests/kernel/arena.c src/kernel/heap.c src/kernel/page.c src/kernel/ranges.c
  )
  set_target_properties(${test} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/unit)
  target_link_libraries(${test} PRIVATE common cmocka)
  add_test(NAME ${test} COMMAND ${test})
  set_tests_properties(${test} PROPERTIES TIMEOUT 120)
endforeach()

# Fuzz targets: tests/fuzz/fuzz_NAME.c. With FUZZ (preset `fuzz`) they are libFuzzer's programs, otherwise they replay
# the files of tests/fuzz/corpus/NAME.
if(FUZZ)
  target_compile_options(common INTERFACE -fsanitize=fuzzer-no-link)
  set(fuzz_main)
else()
  set(fuzz_main tests/fuzz/replay.c)
endif()
add_library(
  fuzz_platform STATIC
  src/kernel/cpu_set.c src/kernel/failure.c src/kernel/log.c src/kernel/spelling.c tests/fuzz/platform.c tests/fuzz/memory_disk.c
  tests/fuzz/lone_task.c
)
target_compile_options(fuzz_platform PRIVATE "SHELL:-iquote ${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(fuzz_platform PRIVATE common platform)

add_custom_target(fuzz)

# add_fuzz_target(NAME ROOMS ROOM... [SOURCES FILE...]): fuzz/fuzz_NAME of tests/fuzz/fuzz_NAME.c, other files, and the
# rooms that it calls.
function(add_fuzz_target name)
  cmake_parse_arguments(PARSE_ARGV 1 target "" "" "ROOMS;SOURCES")
  set(target fuzz_${name})
  list(JOIN target_ROOMS "," libraries)
  add_executable(${target} tests/fuzz/${target}.c ${target_SOURCES} ${fuzz_main})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  target_compile_options(${target} PRIVATE "SHELL:-iquote ${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(
    ${target} PRIVATE common platform $<LINK_GROUP:RESCAN,fuzz_platform,${libraries}> -l:libz.a $<$<BOOL:${FUZZ}>:-fsanitize=fuzzer>
  )
  add_dependencies(fuzz ${target})
endfunction()

add_fuzz_target(xlcfg ROOMS config)
add_fuzz_target(partition ROOMS storage)
add_fuzz_target(fat ROOMS storage)
add_fuzz_target(xenstore_ring ROOMS xenstore xen SOURCES tests/fuzz/lone_guest.c)
add_fuzz_target(xenstore_wire ROOMS xenstore xen SOURCES tests/fuzz/lone_guest.c)
