# SPDX-License-Identifier: Apache-2.0
# A board's build: the guests, then the control domain with their images in it.

set(PREBUILT ${PROJECT_SOURCE_DIR}/prebuilt)
set(GUESTS ${PROJECT_BINARY_DIR}/guests) # what guests/ and boards/BOARD/ are built to: NAME.elf, NAME.bin, NAME.dtb
file(MAKE_DIRECTORY ${GUESTS})

# The image is linked at a fixed high address and never relocated. Registers of the floating-point unit belong to the
# libraries, which save none for us: our own code, interrupt handlers included, stays away from them.
target_compile_options(
  common
  INTERFACE
    --specs=picolibc.specs
    --picolibc-buildtype=release
    -O2
    -ffreestanding
    -ffunction-sections
    -fdata-sections
    -fno-pic
    -mcmodel=small
    -mgeneral-regs-only
    -mno-outline-atomics
    -mbranch-protection=none
    -fno-asynchronous-unwind-tables
    $<$<COMPILE_LANGUAGE:C>:-fstack-protector-strong;-mstack-protector-guard=global>
    -Wa,-I,${GUESTS},-I,${PREBUILT},-I,${PARTS}/linux # for .incbin
)
target_link_options(
  common
  INTERFACE
    --specs=picolibc.specs
    --picolibc-buildtype=release # the fast one: its memcpy copies more than a byte at a time
    -nostartfiles
    -static
    -no-pie
    -T${PROJECT_SOURCE_DIR}/src/kernel/link.ld
    -Wl,--gc-sections
    -Wl,--build-id=sha1 # names the build that a crash report is from
    -Wl,-z,max-page-size=4096
    -Wl,--fatal-warnings
)

# The rooms call each other's functions: the linker searches them until nothing new is found.
set(CMAKE_LINK_GROUP_USING_RESCAN "LINKER:--start-group" "LINKER:--end-group")
set(CMAKE_LINK_GROUP_USING_RESCAN_SUPPORTED TRUE)

# Headers of the libraries, and of the newest Xen that Debian has.
add_library(platform INTERFACE)
target_include_directories(platform SYSTEM INTERFACE ${PARTS}/aarch64/include ${PARTS}/xen-headers-4.20/include)

# Both define kernel_console_write(): a program links one of them by itself.
set(DOM0_ONLY console_io.c)
set(GUEST_ONLY pv_console.c)

add_room(kernel)
add_room(xen EXCLUDE abi_version.c ${DOM0_ONLY} ${GUEST_ONLY})
add_xen_abis(xen)
foreach(room IN LISTS ROOMS_ABOVE_XEN)
  add_room(${room})
endforeach()

# What answers a person, or is done once for a domain or a device, is small rather than fast.
foreach(room shell config pv vchan domain)
  get_target_property(sources ${room} SOURCES)
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS -Os)
endforeach()

# add_program(NAME FOLDER SOURCES... ROOMS...): FOLDER/NAME.elf and FOLDER/NAME.bin.
function(add_program name folder)
  cmake_parse_arguments(PARSE_ARGV 2 program "" "" "SOURCES;ROOMS")
  add_executable(${name} ${program_SOURCES})
  set_target_properties(
    ${name} PROPERTIES
    SUFFIX .elf
    RUNTIME_OUTPUT_DIRECTORY ${folder}
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/src/kernel/link.ld
  )
  list(JOIN program_ROOMS "," rooms)
  target_link_libraries(
    ${name} PRIVATE common platform $<LINK_GROUP:RESCAN,${rooms}> ${PARTS}/aarch64/lib/libfdt.a ${PARTS}/aarch64/lib/libz.a
  )
  add_custom_command(
    OUTPUT ${folder}/${name}.bin
    COMMAND ${CMAKE_OBJCOPY} -O binary ${folder}/${name}.elf ${folder}/${name}.bin
    DEPENDS ${name}
    COMMENT "Image ${name}.bin"
  )
endfunction()

# --- guests: guests/NAME/*.c, with what guests/common/ has for all of them -----------------------------------------

file(GLOB guest_mains CONFIGURE_DEPENDS guests/*/main.c)
file(GLOB guest_common CONFIGURE_DEPENDS guests/common/*.c)

set(images) # everything that .incbin finds in GUESTS
foreach(main IN LISTS guest_mains)
  get_filename_component(folder ${main} DIRECTORY)
  get_filename_component(guest ${folder} NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
  add_program(${guest} ${GUESTS} SOURCES ${sources} ${guest_common} src/xen/${GUEST_ONLY} ROOMS kernel xen)
  target_compile_options(${guest} PRIVATE "SHELL:-iquote ${PROJECT_SOURCE_DIR}/guests")
  list(APPEND images ${GUESTS}/${guest}.bin)
endforeach()

# --- device trees: the partial ones that boards give to their domains ---------------------------------------------

file(GLOB tree_sources CONFIGURE_DEPENDS boards/${BOARD}/*.dts guests/*.dts)
foreach(source IN LISTS tree_sources)
  get_filename_component(tree ${source} NAME_WE)
  add_custom_command(
    OUTPUT ${GUESTS}/${tree}.dtb
    COMMAND dtc -q -@ -I dts -O dtb -o ${GUESTS}/${tree}.dtb ${source}
    DEPENDS ${source}
    COMMENT "Device tree ${tree}.dtb"
  )
  list(APPEND images ${GUESTS}/${tree}.dtb)
endforeach()

# --- other formats of a kernel, and files that are none, for the system tests --------------------------------------

if(CONFIG_DOM_CFG_BOARD_EXT STREQUAL "test")
  set(test_images
    kernel.gz kernel.uimage kernel.gz.uimage empty short text elf large offset corrupt.gz cut.gz bomb.gz corrupt.uimage
    malformed.dtb
  )
  list(TRANSFORM test_images PREPEND ${GUESTS}/)
  add_custom_command(
    OUTPUT ${test_images}
    COMMAND ${PYTHON} ${PROJECT_SOURCE_DIR}/scripts/test-images ${GUESTS}/sync.bin ${GUESTS}
    DEPENDS ${PROJECT_SOURCE_DIR}/scripts/test-images ${GUESTS}/sync.bin
    COMMENT "Images of the system tests"
  )
  list(APPEND images ${test_images})
endif()

# --- root file systems of Linux: the guest's, DomD's, and the disk that DomD exports ---------------------------------

file(GLOB linux_scripts CONFIGURE_DEPENDS image/linux/*)
file(GLOB linux_parts CONFIGURE_DEPENDS ${PARTS}/linux/* ${PARTS}/linux/lib/*)

# linux_root(LIST OUTPUT [DEPENDS FILE...] [SIZE MIB]): image/root makes OUTPUT of image/linux/LIST.
function(linux_root list output)
  cmake_parse_arguments(PARSE_ARGV 2 root "" "SIZE" "DEPENDS")
  if(root_SIZE)
    set(size --size ${root_SIZE})
  endif()
  add_custom_command(
    OUTPUT ${GUESTS}/${output}
    COMMAND ${PYTHON} ${PROJECT_SOURCE_DIR}/image/root ${PROJECT_SOURCE_DIR}/image/linux/${list} ${GUESTS}/${output}
            --from ${PROJECT_SOURCE_DIR} --from ${PROJECT_BINARY_DIR} --from ${PARTS} ${size}
    DEPENDS image/root ${linux_scripts} ${linux_parts} ${root_DEPENDS}
    COMMENT "Linux: ${output}"
  )
endfunction()

# Programs of tests/linux/, for the guest: linked with the libraries that it has.
file(GLOB linux_programs CONFIGURE_DEPENDS tests/linux/*.c)
set(linux_tests)
foreach(source IN LISTS linux_programs)
  get_filename_component(program ${source} NAME_WE)
  add_custom_command(
    OUTPUT ${GUESTS}/${program}
    COMMAND
      ${CMAKE_C_COMPILER} --sysroot=${PARTS}/linux-sysroot -std=gnu11 -O2 -Wall -Wextra -Werror -s -nodefaultlibs
      -Wl,-rpath-link,${PARTS}/linux/lib -o ${GUESTS}/${program} ${source} -Wl,--as-needed
      ${PARTS}/linux/lib/libxenstore.so.4 ${PARTS}/linux/lib/libxenvchan.so.4.17 ${PARTS}/linux/lib/libc.so.6
    DEPENDS ${source} ${PARTS}/linux-sysroot/usr/include/xenstore.h ${PARTS}/linux/lib/libxenstore.so.4
    COMMENT "Linux program ${program}"
  )
  list(APPEND linux_tests ${GUESTS}/${program})
endforeach()

linux_root(guest.txt initramfs.gz DEPENDS ${linux_tests})
linux_root(disk.txt disk.img SIZE 16)
linux_root(domd.txt domd.gz DEPENDS ${GUESTS}/disk.img)
linux_root(domd.txt rootfs.img DEPENDS ${GUESTS}/disk.img SIZE 64)
list(APPEND images ${GUESTS}/initramfs.gz ${GUESTS}/domd.gz)
add_custom_target(rootfs DEPENDS ${GUESTS}/rootfs.img)

add_custom_target(guests ALL DEPENDS ${images})

# --- a security policy for Xen, against the Xens that there are -----------------------------------------------------

set(POLICY ${PROJECT_BINARY_DIR}/policy.bin)
set(policy_rules ${PROJECT_SOURCE_DIR}/image/policy/thin-dom0.rules)
set(policy_xens ${PARTS}/boot/xen-4.17 ${PARTS}/boot/xen-4.20)
add_custom_command(
  OUTPUT ${POLICY}
  COMMAND ${PYTHON} ${PROJECT_SOURCE_DIR}/image/policy/make ${policy_rules} ${POLICY} ${policy_xens}
  DEPENDS ${PROJECT_SOURCE_DIR}/image/policy/make ${policy_rules} ${policy_xens}
  COMMENT "Security policy policy.bin"
)
add_custom_target(policy ALL DEPENDS ${POLICY})

# --- the control domain -------------------------------------------------------------------------------------------

if(CONFIG_USE_DEFAULT_DOM_CFG)
  set(configurations src/domu_cfg.c)
elseif(CONFIG_DOM_CFG_BOARD_EXT AND NOT CONFIG_DOM_CFG_BOARD_EXT STREQUAL "n")
  set(configurations src/dom_cfg/${CONFIG_BOARD}_${CONFIG_DOM_CFG_BOARD_EXT}.c)
else()
  set(configurations src/dom_cfg/${CONFIG_BOARD}.c)
endif()
if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${configurations})
  file(GLOB existing RELATIVE ${PROJECT_SOURCE_DIR} src/domu_cfg.c src/dom_cfg/*.c)
  list(JOIN existing ", " existing)
  message(
    FATAL_ERROR
    "There is no ${configurations}, which CONFIG_BOARD, CONFIG_USE_DEFAULT_DOM_CFG and CONFIG_DOM_CFG_BOARD_EXT name. "
    "There are: ${existing}. Set the options so that they name one of these (docs/building.md)."
  )
endif()

# Built-in images that neither the guests nor prebuilt/ have are found missing here, not by the assembler.
set(image_files)
if(CONFIG_DOM_CFG_BUILTIN_IMAGES)
  foreach(option DOMU0_IMAGE DOMU0_DTB DOMU1_IMAGE DOMU1_DTB)
    set(file "${CONFIG_DOM_CFG_${option}_BIN_FILE}")
    if(file STREQUAL "" OR ${GUESTS}/${file} IN_LIST images)
      continue()
    endif()
    get_filename_component(path ${file} ABSOLUTE BASE_DIR ${PREBUILT})
    if(NOT EXISTS ${path})
      list(TRANSFORM images REPLACE ".*/" "" OUTPUT_VARIABLE built)
      list(JOIN built ", " built)
      message(
        FATAL_ERROR
        "CONFIG_DOM_CFG_${option}_BIN_FILE names ${file}, which is neither in prebuilt/ nor among what this build makes "
        "(${built}). Copy the file into prebuilt/, or set the option to another name; \"\" leaves the image out."
      )
    endif()
    list(APPEND image_files ${path})
  endforeach()
endif()
# .incbin leaves no trace in the compiler's dependencies.
file(GLOB incbin_sources CONFIGURE_DEPENDS src/config/*.S)
set_property(SOURCE ${incbin_sources} ${configurations} PROPERTY OBJECT_DEPENDS ${images} ${image_files})

add_program(
  thin-dom0 ${PROJECT_BINARY_DIR}
  SOURCES src/main.c src/xen/${DOM0_ONLY} ${configurations}
  ROOMS kernel xen ${ROOMS_ABOVE_XEN}
)
add_custom_target(dom0 ALL DEPENDS ${PROJECT_BINARY_DIR}/thin-dom0.bin)
add_custom_target(
  size-check
  COMMAND ${PYTHON} ${PROJECT_SOURCE_DIR}/scripts/size-check.py ${PROJECT_BINARY_DIR}/thin-dom0.elf
          ${PROJECT_BINARY_DIR}/thin-dom0.bin
  DEPENDS dom0
  USES_TERMINAL
)

include(${PROJECT_SOURCE_DIR}/cmake/card.cmake)
