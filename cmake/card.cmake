# SPDX-License-Identifier: Apache-2.0
# Target `card`: full.img, a card with guests and their configurations, for boards that have a list of what is on it.

set(card_list ${PROJECT_SOURCE_DIR}/boards/${BOARD}/card.txt)
if(EXISTS ${card_list})
  # It is made anew when a file on it has changed: what somebody wrote to it is lost then, so not for anything else.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${card_list})
  set(card_folders ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${PARTS})
  set(card_files)
  file(STRINGS ${card_list} card_lines REGEX "^[^#[]")
  foreach(line IN LISTS card_lines)
    string(REGEX MATCH "^[^ \t]+" source "${line}")
    foreach(folder IN LISTS card_folders)
      if(EXISTS ${folder}/${source} OR ${folder}/${source} IN_LIST images)
        list(APPEND card_files ${folder}/${source})
        break()
      endif()
    endforeach()
  endforeach()

  list(TRANSFORM card_folders PREPEND "--from=")
  add_custom_command(
    OUTPUT ${PROJECT_BINARY_DIR}/full.img
    COMMAND ${PYTHON} ${PROJECT_SOURCE_DIR}/image/card ${card_list} ${PROJECT_BINARY_DIR}/full.img ${card_folders}
            --power-of-two
    DEPENDS ${PROJECT_SOURCE_DIR}/image/card ${card_list} ${card_files}
    COMMENT "Card full.img"
  )
  add_custom_target(card DEPENDS ${PROJECT_BINARY_DIR}/full.img)
endif()
