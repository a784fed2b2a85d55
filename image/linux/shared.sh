# SPDX-License-Identifier: Apache-2.0
# What the scripts of DomD and of the guest have in common; sourced.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/

# option NAME: the value of NAME= on the kernel's command line; of several the last one.
option() {
	local word value=
	for word in $(cat /proc/cmdline); do
		case $word in "$1="*) value=${word#*=} ;; esac
	done
	echo "$value"
}

# The bridge that guests' network devices are put on: bridge=NAME on the kernel's command line.
bridge() {
	local name
	name=$(option bridge)
	echo "${name:-xenbr0}"
}

# mount_once TYPE FOLDER [OPTION...]
mount_once() {
	grep -q " $2 $1 " /proc/mounts 2>/dev/null && return
	mkdir -p "$2"
	mount -t "$1" "$@"
}

on_xen() { grep -q xen /sys/hypervisor/type 2>/dev/null; }

# wait_for SECONDS COMMAND...: until the command succeeds; fails when it doesn't in this time, however long one try takes.
wait_for() {
	local uptime end
	read -r uptime _ </proc/uptime
	end=$((${uptime%.*} + $1))
	shift
	until "$@"; do
		read -r uptime _ </proc/uptime
		[ "${uptime%.*}" -le $end ] || return
		usleep 200000
	done
}

# coldplug: loads the modules of the devices that are there, and of those that show up by that. What has no module is built
# in, or unknown, and passed over.
coldplug() {
	local devices
	while devices=$(find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u) && [ "$devices" != "$coldplugged" ]; do
		coldplugged=$devices
		echo "$devices" | xargs modprobe -a -q
	done
}
coldplugged=
