# SPDX-License-Identifier: Apache-2.0
# Target `card`: full.img, a card with guests and their configurations, for boards that have a list of what is on it.

set(card_list ${PROJECT_SOURCE_DIR}/boards/${BOARD}/card.txt)
if(EXISTS ${card_list})
  file(GLOB card_configurations CONFIGURE_DEPENDS boards/${BOARD}/*.cfg)
  add_custom_command(
    OUTPUT ${PROJECT_BINARY_DIR}/full.img
    COMMAND ${PYTHON} ${PROJECT_SOURCE_DIR}/image/card ${card_list} ${PROJECT_BINARY_DIR}/full.img
            --from ${PROJECT_SOURCE_DIR} --from ${PROJECT_BINARY_DIR} --from ${PARTS} --power-of-two
    DEPENDS image/card ${card_list} ${card_configurations} ${images}
    COMMENT "Card full.img"
  )
  add_custom_target(card DEPENDS ${PROJECT_BINARY_DIR}/full.img)
endif()
