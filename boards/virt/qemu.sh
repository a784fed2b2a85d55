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

# make_tree MACHINE DOM0-ADDRESS POLICY-ADDRESS: sets `tree` to the machine's own device tree with Dom0 and a policy as Xen's
# modules. Its name follows from what is in it, so that machines side by side each have the right one.
make_tree() {
	local policy=$build/policy.bin sizes own
	[ -r "$policy" ] || die "there is no $policy. It is built by: scripts/build $board policy"
	[ -r "$dom0_image" ] || die "there is no image $dom0_image."
	sizes="$(stat -Lc %s "$dom0_image") $(stat -Lc %s "$policy")"
	tree=$build/trees/$(sha256sum <<<"$* $cpus $memory $sizes" | cut -c1-16).dtb
	[ ! -r "$tree" ] || return 0
	mkdir -p "$build/trees"
	own=$(mktemp "$build/trees/own.XXXXXX")
	qemu-system-aarch64 -machine "$1,dumpdtb=$own" -cpu cortex-a72 -smp "$cpus" -m "$memory" -nic none -display none \
		2> >(grep -v 'info: dtb dumped' >&2) &&
		{
			dtc -q -I dtb -O dts "$own" && cat <<-END
				/ {
					chosen {
						#address-cells = <2>;
						#size-cells = <2>;
						module@${2#0x} {
							compatible = "multiboot,kernel", "multiboot,module";
							reg = <0 $2 0 ${sizes% *}>;
							bootargs = "thin-dom0";
						};
						module@${3#0x} {
							compatible = "xen,xsm-policy", "multiboot,module";
							reg = <0 $3 0 ${sizes#* }>;
						};
					};
				};
			END
		} | dtc -q -I dts -O dtb -o "$own.new" && mv "$own.new" "$tree" || die "the device tree could not be made: see above."
	rm "$own"
}

# Were Dom0's module without bootargs, Xen would take the machine's for Dom0's and have none itself. U-Boot for this machine
# knows no SD controller: its card is a virtio disk.
qemu_command() {
	local machine=virt,virtualization=on,gic-version=$gic dom0_address=0x50000000 policy_address=0x5f000000
	local domain address size names=''
	for domain in "${dom0less[@]}"; do
		names+=${names:+,,}${domain%%=*}
		domain=${domain%%,args=*} # what a domain that lies 1:1 in memory leaves to Dom0 (scripts/dom0less-tree)
		if [[ $domain =~ ,static=(0x[0-9a-f]+) ]]; then
			address=${BASH_REMATCH[1]} size=64
			[[ ! $domain =~ ,memory=([0-9]+) ]] || size=${BASH_REMATCH[1]}
			names+=$(printf '@0x%x' $((address + ((size - 2) << 20))))
		fi
	done
	command=(
		qemu-system-aarch64
		-machine "$machine" -cpu cortex-a72 -smp "$cpus" -m "$memory"
		-serial chardev:console -nic none
	)
	[ "$card" = none ] || command+=(-drive "if=none,id=card,format=raw,file=${card//,/,,}$card_options")
	if [ "$boot" = u-boot ]; then
		command+=(-bios "$top/build/parts/u-boot/qemu_arm64.bin" -device virtio-blk-device,drive=card)
		return
	fi
	# Without the second word Xen's scheduler credit2 may leave a domain waiting on idle CPUs (docs/caveats.md).
	command+=(
		-kernel "$top/build/parts/boot/xen-$xen" -append "console=dtuart sched_credit2_migrate_resist=0 $xen_args"
	)
	if [ -n "$flask" ] && [ "$flask" != late ]; then # QEMU's guest-loader can't say that a module is a policy
		make_tree "$machine" $dom0_address $policy_address
		command+=(-dtb "$tree"
			-device "loader,file=${dom0_image//,/,,},addr=$dom0_address,force-raw=on"
			-device "loader,file=$build/policy.bin,addr=$policy_address,force-raw=on")
	else
		command+=(-device "guest-loader,addr=$dom0_address,kernel=${dom0_image//,/,,},bootargs=thin-dom0${names:+ dom0less=$names}")
	fi
	[ "$card" = none ] || command+=(-device sdhci-pci -device sd-card,drive=card)
}

# The domains that Xen starts stand in the device tree: the machine's own, as QEMU makes it, and their nodes.
add_dom0less() {
	local tree dumped said loaders image_end i
	mkdir -p "$top/build/dom0less"
	tree=$top/build/dom0less/$(printf '%s\n' "${command[@]}" "${dom0less[@]}" | sha256sum | cut -c 1-16).dtb
	dumped=("${command[@]}")
	for ((i = 0; i < ${#dumped[@]}; i++)); do
		[ "${dumped[i]}" != -machine ] || dumped[i + 1]+=,dumpdtb=${tree//,/,,}
	done
	said=$("${dumped[@]}" 2>&1 </dev/null) || die "QEMU can't make this machine: $said"
	image_end=$((0x50000000 + $(stat -Lc %s "$dom0_image")))
	mapfile -t loaders < <("$top/scripts/dom0less-tree" "$tree" $image_end 0x60000000 "${dom0less[@]}" || echo failed)
	if [ "${loaders[-1]}" = failed ]; then
		rm -f "$tree"
		exit 2
	fi
	command+=(-dtb "$tree" "${loaders[@]}")
}
