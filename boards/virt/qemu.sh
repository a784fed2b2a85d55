# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2054,SC2154
# QEMU's machine `virt`, for ./run: what its options may be, and its part of QEMU's command.

check_board() {
	local most_cpus
	gic=${gic:-2} cpus=${cpus:-2}
	[[ $gic =~ ^[23]$ ]] || die "--gic takes 2 or 3, not '$gic'."
	most_cpus=$((gic == 2 ? 8 : 64))
	if ! [[ $cpus =~ ^[1-9][0-9]?$ ]] || [ "$cpus" -gt $most_cpus ]; then
		die "--cpus takes 1 to $most_cpus with a GICv$gic, not '$cpus'."
	fi
	memory=$(mebibytes "${memory:-2G}" --memory)
	[ "$memory" -ge 512 ] ||
		die "--memory must be at least 512M: Xen, Dom0 and what is loaded lie in the first 512 MB."
}

# Were Dom0's module without bootargs, Xen would take the machine's for Dom0's and have none itself. U-Boot for this machine
# knows no SD controller: its card is a virtio disk.
qemu_command() {
	command=(
		qemu-system-aarch64
		-machine "virt,virtualization=on,gic-version=$gic" -cpu cortex-a72 -smp "$cpus" -m "$memory"
		-serial chardev:console -nic none
	)
	[ "$card" = none ] || command+=(-drive "if=none,id=card,format=raw,file=${card//,/,,}$card_options")
	if [ "$boot" = u-boot ]; then
		command+=(-bios "$top/build/parts/u-boot/qemu_arm64.bin" -device virtio-blk-device,drive=card)
		return
	fi
	command+=(
		-kernel "$top/build/parts/boot/xen-$xen" -append "console=dtuart $xen_args"
		-device "guest-loader,addr=0x50000000,kernel=${dom0_image//,/,,},bootargs=thin-dom0"
	)
	[ "$card" = none ] || command+=(-device sdhci-pci -device sd-card,drive=card)
}
