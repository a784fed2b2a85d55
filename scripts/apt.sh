# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# An apt of the project's own, sourced by what fetches something with it: the host's proxies and credentials, but none of its
# sources, state, caches and hooks. The script that sources it has die(), and `work`, a folder for what doesn't stay.

# The base address of this machine's Debian mirror, as its own apt configuration names it.
mirror() {
	local release uri component
	if [ -n "${DEBIAN_MIRROR:-}" ]; then
		echo "$DEBIAN_MIRROR"
		return
	fi
	# shellcheck disable=SC2016,SC2154 # apt expands it
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' >"$work/targets"
	while read -r release component uri; do
		case "$component $release $uri" in
		*-security*) ;;
		main\ */debian | main\ */debian/ | main\ *mirror+file:*debian*) echo "$uri" && return ;;
		esac
	done <"$work/targets"
	die "apt's configuration names no Debian mirror (an address that ends in /debian, component main)." \
		"Name one: DEBIAN_MIRROR=http://HOST/debian $0"
}

# write_apt_conf FOLDER: FOLDER/apt.conf, for `apt-get -c`, whose sources are those in FOLDER/parts.sources.
write_apt_conf() {
	mkdir -p "$1"/{state/lists/partial,cache/archives/partial}
	: >"$1/status"
	cat >"$1/apt.conf" <<-END
		Dir::State "$1/state";
		Dir::State::status "$1/status";
		Dir::Cache "$1/cache";
		Dir::Etc::SourceList "$1/parts.sources";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	END
}

# apt_update FOLDER: fetches the lists of its sources.
apt_update() {
	if ! apt-get -c "$1/apt.conf" update -qq >"$work/update.log" 2>&1 || grep -q '^[EW]: .*Failed' "$work/update.log"; then
		cat "$work/update.log" >&2
		die "Debian's package lists could not be fetched: see above. Is there network?" \
			"Where a signature is refused, the host's package debian-archive-keyring is too old: upgrade it."
	fi
}

# shellcheck disable=SC2034 # for those who write sources
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
