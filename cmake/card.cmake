# SPDX-License-Identifier: Apache-2.0
# Target `card`: full.img, a card with guests and their configurations, for boards that have a list of what is on it.

set(card_list ${PROJECT_SOURCE_DIR}/boards/${BOARD}/card.txt)
if(EXISTS ${card_list})
  # It is made anew when a file on it has changed: what somebody wrote to it is lost then, so not for anything else.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${card_list})
  set(card_folders ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${PARTS})
  set(card_files)
  set(boot_files)
  file(STRINGS ${card_list} card_lines REGEX "^[^#[]")
  foreach(line IN LISTS card_lines)
    string(REGEX MATCH "^[^ \t]+" source "${line}")
    if(source MATCHES "^boot/")
      list(APPEND boot_files ${PROJECT_BINARY_DIR}/${source})
      continue()
    endif()
    foreach(folder IN LISTS card_folders)
      if(EXISTS ${folder}/${source} OR ${folder}/${source} IN_LIST images OR ${folder}/${source} STREQUAL POLICY)
        list(APPEND card_files ${folder}/${source})
        break()
      endif()
    endforeach()
  endforeach()

  # What starts the machine.
  if(boot_files)
    set(xen ${PARTS}/boot/xen-4.17)
    set(dom0 ${PROJECT_BINARY_DIR}/thin-dom0.bin)
    file(
      GLOB board_files CONFIGURE_DEPENDS boards/${BOARD}/boot.toml boards/${BOARD}/*.dtsi
      boards/${BOARD}/*.dts boards/${BOARD}/*.txt boards/${BOARD}/overlays/*.dtso
    )
    add_custom_command(
      OUTPUT ${boot_files}
      COMMAND ${PYTHON} ${PROJECT_SOURCE_DIR}/image/boot files ${BOARD} ${PROJECT_BINARY_DIR}/boot --xen ${xen} --dom0 ${dom0}
      DEPENDS ${PROJECT_SOURCE_DIR}/image/boot ${PROJECT_SOURCE_DIR}/image/domd.py ${board_files} ${xen} ${dom0}
      COMMENT "Boot partition"
    )
  endif()

  # Its time is that of the newest file on the card that is none of those: ./run looks at it.
  add_custom_command(
    OUTPUT ${PROJECT_BINARY_DIR}/card.stamp
    COMMAND ${CMAKE_COMMAND} -E touch ${PROJECT_BINARY_DIR}/card.stamp
    DEPENDS ${card_list} ${card_files}
    COMMENT ""
  )

  list(TRANSFORM card_folders PREPEND "--from=")
  add_custom_command(
    OUTPUT ${PROJECT_BINARY_DIR}/full.img
    COMMAND ${PYTHON} ${PROJECT_SOURCE_DIR}/image/card ${card_list} ${PROJECT_BINARY_DIR}/full.img ${card_folders}
            --power-of-two
    DEPENDS ${PROJECT_SOURCE_DIR}/image/card ${card_list} ${card_files} ${boot_files} ${PROJECT_BINARY_DIR}/card.stamp
    COMMENT "Card full.img"
  )
  add_custom_target(card DEPENDS ${PROJECT_BINARY_DIR}/full.img)
endif()
