# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# QEMU's machine raspi4b, for ./run: what its options may be, and its part of QEMU's command. The machine always has 4 CPUs
# and 2 GB.
. "$top/scripts/qemu-board.sh"

check_board() {
	check_fixed_board
}

# Those CPUs that Xen isn't to take would spin in QEMU's boot code, waiting for a word of memory: they sleep instead.
qemu_command() {
	local dom0_address=0x10000000 park_address=0x3f00000 park=$build/park.bin cpu
	make_tree "$dom0_address"
	command=(
		"$(newer_qemu)" -machine raspi4b -smp 4 -m "$memory" -serial chardev:console -nic none
		-kernel "$top/build/parts/boot/xen-$xen" -dtb "$tree"
		-device "loader,file=${dom0_image//,/,,},addr=$dom0_address,force-raw=on"
	)
	if [ "$cpus" -lt 4 ]; then
		printf '\x7f\x20\x03\xd5\xff\xff\xff\x17' >"$park.$$" # wfi; b .-4
		mv "$park.$$" "$park"
		command+=(-device "loader,file=${park//,/,,},addr=$park_address,force-raw=on")
		for ((cpu = cpus; cpu < 4; cpu++)); do
			command+=(-device "loader,addr=$park_address,cpu-num=$cpu")
		done
	fi
	[ "$card" = none ] || command+=(-drive "if=sd,format=raw,file=${card//,/,,}$card_options")
}
