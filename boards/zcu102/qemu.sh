# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2054,SC2154
# QEMU's machine xlnx-zcu102, for ./run: what its options may be, and its part of QEMU's command. Here it always has the four
# Cortex-A53 and 2 GB.
. "$top/scripts/qemu-board.sh"

check_board() {
	check_fixed_board
	[ "$boot" = direct ] || die "--boot: Debian has no U-Boot for the ZCU102."
}

# QEMU warns of each network controller that leads nowhere: they lead to nobody. The card is in the second controller, mmc@ff170000, as on the board.
qemu_command() {
	local dom0_address=0x10000000 nowhere=(-nic user,restrict=on)
	make_tree "$dom0_address" 0x18000000
	command=(
		"$(newer_qemu)" -machine xlnx-zcu102,virtualization=on -smp 4 -m "$memory"
		-serial chardev:console
		"${nowhere[@]}" "${nowhere[@]}" "${nowhere[@]}" "${nowhere[@]}"
		-kernel "$top/build/parts/boot/xen-$xen" -dtb "$tree"
		-device "loader,file=${dom0_image//,/,,},addr=$dom0_address,force-raw=on"
		"${policy_loader[@]}"
	)
	[ "$card" = none ] || command+=(-drive "if=sd,index=1,format=raw,file=${card//,/,,}$card_options")
}
