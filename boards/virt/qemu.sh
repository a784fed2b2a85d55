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
	local domain names=''
	for domain in "${dom0less[@]}"; do
		names+=${names:+,,}${domain%%=*}
	done
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
		-device "guest-loader,addr=0x50000000,kernel=${dom0_image//,/,,},bootargs=thin-dom0${names:+ dom0less=$names}"
	)
	[ "$card" = none ] || command+=(-device sdhci-pci -device sd-card,drive=card)
}

# The domains that Xen starts stand in the device tree: the machine's own, as QEMU makes it, and their nodes.
add_dom0less() {
	local tree dumped loaders image_end i
	mkdir -p "$top/build/dom0less"
	tree=$top/build/dom0less/$(printf '%s\n' "${command[@]}" "${dom0less[@]}" | sha256sum | cut -c 1-16).dtb
	dumped=("${command[@]}")
	for ((i = 0; i < ${#dumped[@]}; i++)); do
		[ "${dumped[i]}" != -machine ] || dumped[i + 1]+=,dumpdtb=${tree//,/,,}
	done
	"${dumped[@]}" >/dev/null 2>&1 </dev/null || die "QEMU does not tell its device tree: ${dumped[*]}"
	image_end=$((0x50000000 + $(stat -Lc %s "$dom0_image")))
	mapfile -t loaders < <("$top/scripts/dom0less-tree" "$tree" $image_end 0x60000000 "${dom0less[@]}" || echo failed)
	[ "${loaders[-1]}" != failed ] || exit 2
	command+=(-dtb "$tree" "${loaders[@]}")
}
