# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# What the boards have in common that QEMU emulates as they are, with four CPUs and 2 GB, and that start from a device tree of
# image/boot. Sourced by their qemu.sh, in ./run.

check_fixed_board() {
	[ -z "$gic" ] || [ "$gic" = 2 ] || die "--gic: the board $board has a GICv2."
	gic=2
	cpus=${cpus:-2}
	[[ $cpus =~ ^[1-4]$ ]] || die "--cpus takes 1 to 4 on the board $board, not '$cpus'."
	memory=$(mebibytes "${memory:-2G}" --memory)
	[ "$memory" = 2048 ] || die "--memory: the board $board has 2G."
}

# Prints the QEMU to use: the host's where it has the Raspberry Pi 4, that is from version 9 on, otherwise the parts'.
newer_qemu() {
	if qemu-system-aarch64 -machine help 2>/dev/null | grep -q '^raspi4b '; then
		echo qemu-system-aarch64
	else
		echo "$top/build/parts/qemu/qemu-system-aarch64"
	fi
}

# make_tree [DOM0-ADDRESS POLICY-ADDRESS]: sets `tree` to the board's device tree with all that Xen is told, or to that for
# U-Boot, which has only the CPUs that Xen shall take, and `policy_loader` to the arguments that load a policy. Its name follows
# from what is in it, so that machines side by side each have the right one.
make_tree() {
	local arguments="$xen_args maxcpus=$cpus" size=0 cpu without=() policy=()
	if [ $# = 0 ]; then
		tree=$build/trees/u-boot-$cpus.dtb
		for ((cpu = cpus; cpu < 4; cpu++)); do
			without+=(--without "/cpus/cpu@$cpu")
		done
		"$top/image/boot" tree "$board" "$tree" "${without[@]}" || exit 1
		return
	fi
	[ ! -r "$dom0_image" ] || size=$(stat -Lc %s "$dom0_image")
	policy_loader=()
	if [ -n "$flask" ] && [ "$flask" != late ]; then
		[ -r "$build/policy.bin" ] || die "there is no $build/policy.bin. It is built by: scripts/build $board policy"
		size+=" $(stat -Lc %s "$build/policy.bin")"
		policy=(--policy "$build/policy.bin" --policy-address "$2")
		policy_loader=(-device "loader,file=${build//,/,,}/policy.bin,addr=$2,force-raw=on")
	fi
	tree=$(sha256sum <<<"$arguments $size $*" | cut -c1-16)
	tree=$build/trees/$tree.dtb
	"$top/image/boot" tree "$board" "$tree" --dom0 "$dom0_image" --dom0-address "$1" --xen-args "$arguments" \
		"${policy[@]}" || exit 1
}
