# SPDX-License-Identifier: Apache-2.0
# The build's options from Kconfig: sets CONFIG_* here, and writes generated/config.h, which every source sees.
# DEFCONFIG is the file that a fresh build folder starts from.

set(PYTHON /usr/bin/python3) # Debian's own, which has Debian's modules
set(KCONFIG_FILES ${PROJECT_SOURCE_DIR}/Kconfig ${DEFCONFIG} ${PROJECT_SOURCE_DIR}/scripts/kconfig.py)

# cmake -DCONFIG_X=VALUE
set(KCONFIG_SET)
get_cmake_property(cache_variables CACHE_VARIABLES)
foreach(name IN LISTS cache_variables)
  if(name MATCHES "^CONFIG_(.+)")
    list(APPEND KCONFIG_SET --set "${CMAKE_MATCH_1}=${${name}}")
  endif()
endforeach()

execute_process(
  COMMAND ${PYTHON} ${PROJECT_SOURCE_DIR}/scripts/kconfig.py --kconfig ${PROJECT_SOURCE_DIR}/Kconfig
          --defconfig ${DEFCONFIG} --build ${PROJECT_BINARY_DIR} ${KCONFIG_SET}
  RESULT_VARIABLE kconfig_failed
)
if(kconfig_failed)
  message(FATAL_ERROR "The build's options are wrong, see above.")
endif()
include(${PROJECT_BINARY_DIR}/generated/config.cmake)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${KCONFIG_FILES} ${PROJECT_BINARY_DIR}/.config)

add_custom_target(
  menuconfig
  COMMAND ${CMAKE_COMMAND} -E env KCONFIG_CONFIG=${PROJECT_BINARY_DIR}/.config
          ${PYTHON} -m menuconfig ${PROJECT_SOURCE_DIR}/Kconfig
  USES_TERMINAL VERBATIM
)
