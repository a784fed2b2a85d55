# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2054,SC2154
# QEMU's machine raspi4b, for ./run: what its options may be, and its part of QEMU's command. The machine always has 4 CPUs
# and 2 GB.
. "$top/scripts/qemu-board.sh"

check_board() {
	check_fixed_board
}

# Those CPUs that Xen isn't to take would spin in QEMU's boot code, waiting for a word of memory: they sleep instead, in
# memory that is the graphics processor's.
park_cpus() {
	local address=0x3ff00000 park=$build/park.bin cpu
	[ "$cpus" -lt 4 ] || return 0
	printf '\x7f\x20\x03\xd5\xff\xff\xff\x17' >"$park.$$" # wfi; b .-4
	mv "$park.$$" "$park"
	command+=(-device "loader,file=${park//,/,,},addr=$address,force-raw=on")
	for ((cpu = cpus; cpu < 4; cpu++)); do
		command+=(-device "loader,addr=$address,cpu-num=$cpu")
	done
}

qemu_command() {
	local dom0_address=0x10000000
	command=("$(newer_qemu)" -machine raspi4b -smp 4 -m "$memory" -serial chardev:console -nic none)
	park_cpus
	[ "$card" = none ] || command+=(-drive "if=sd,format=raw,file=${card//,/,,}$card_options")
	if [ "$boot" = u-boot ]; then
		make_tree
		command+=(-kernel "$top/build/parts/u-boot/rpi_arm64.bin" -dtb "$tree")
	else
		make_tree "$dom0_address" 0x18000000
		command+=(
			-kernel "$top/build/parts/boot/xen-$xen" -dtb "$tree"
			-device "loader,file=${dom0_image//,/,,},addr=$dom0_address,force-raw=on"
			"${policy_loader[@]}"
		)
	fi
}
