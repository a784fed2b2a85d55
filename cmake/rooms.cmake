# SPDX-License-Identifier: Apache-2.0
# A room is a folder of src/, and becomes a static library of the same name.

set(ROOMS_ABOVE_XEN drivers storage config xenstore pv domain console vchan shell)

# add_room(NAME [EXCLUDE FILE...] [ONLY_C]): all the sources of src/NAME but the named ones.
function(add_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "ONLY_C" "" "EXCLUDE")
  set(folder ${PROJECT_SOURCE_DIR}/src/${name})
  set(patterns ${folder}/*.c)
  if(NOT room_ONLY_C)
    list(APPEND patterns ${folder}/*.S)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  list(TRANSFORM room_EXCLUDE PREPEND ${folder}/)
  list(REMOVE_ITEM sources ${room_EXCLUDE})
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PRIVATE common platform)
endfunction()

# The versioned interfaces of Xen: abi_version.c once for each version, against that version's headers, or the nearest
# older ones that Debian has.
function(add_xen_abis room)
  set(headers_17 4.17)
  set(headers_18 4.17)
  foreach(minor 17 18 19 20 21 22)
    if(NOT headers_${minor})
      set(headers_${minor} 4.20)
    endif()
    add_library(xen_abi_${minor} OBJECT ${PROJECT_SOURCE_DIR}/src/xen/abi_version.c)
    target_compile_definitions(xen_abi_${minor} PRIVATE XEN_ABI_MINOR=${minor})
    target_include_directories(xen_abi_${minor} SYSTEM PRIVATE ${PARTS}/xen-headers-${headers_${minor}}/include)
    target_link_libraries(xen_abi_${minor} PRIVATE common)
    target_sources(${room} PRIVATE $<TARGET_OBJECTS:xen_abi_${minor}>)
  endforeach()
endfunction()
