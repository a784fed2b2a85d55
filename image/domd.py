# SPDX-License-Identifier: Apache-2.0
"""DomD as a domain that Xen itself starts, before Dom0: what of it lies on the card, and what stands in the machine's device
tree (Xen's docs/misc/arm/device-tree/booting.txt). For image/boot."""

import re
import zlib

KERNEL, RAMDISK, TREE = "domd-kernel", "domd-ramdisk", "domd.dtb"  # on the card
NAME = "DomD"
NODE = f"/chosen/{NAME}"
CONFIGURATION = b"# Automatically generated file; DO NOT EDIT.\n# Xen/"
STATIC_MEMORY = "CONFIG_STATIC_MEMORY"
LEFT = 2  # MiB at the end of a DomD that lies 1:1 in memory, which it leaves to Dom0: for its console and its store

SCMI_PAGE = 0x22001000  # where a domain that lies anywhere sees SCMI's page: behind the place of Xen's UART


class DomdError(Exception):
    """What a person has to change."""


class Domd:
    """boot.toml's table `domd`: `kernel`, a file of the parts, and `pack`, if it is packed on the card; `memory` in MiB, `cpus` and `arguments`, its command line;
    `static`, where it lies if its addresses shall be the machine's; `roots`, the disks that can be its root, and `lan`, the
    board's network: `overlays`, which give the device to it, and `arguments`, besides those; and where U-Boot applies no
    overlays to the machine's own tree, `set`: what is to be set in its nodes in place of an overlay."""

    KEYS = {"kernel": str, "pack": bool, "memory": int, "cpus": int, "arguments": str, "static": int, "roots": dict, "lan": dict, "set": dict}

    def __init__(self, values, root, lan, has_policy, xen, scmi):
        """`root` is one of roots, or `initrd`; `lan` is true where it shall have the board's network; `scmi`, if it shall have
        SCMI, which takes Xen 4.21, is the number of the firmware's SMC, and its shared page. Raises where `xen`, a file, can't
        start it."""
        for key, value in values.items():
            if not isinstance(value, self.KEYS.get(key, ())):
                raise DomdError(f"boot.toml: '{key}' of domd is unknown, or not of the right type")
        if not values:
            raise DomdError("this board's list has no DomD")
        if has_policy:
            raise DomdError("the policy for Xen's FLASK knows no domains that Xen starts")
        devices = ([] if root == "initrd" else [values["roots"][root]]) + ([values["lan"]] if lan else [])
        self.values, self.direct, self.told, self.set = values, bool(devices), NAME, {}
        self.overlays = list(dict.fromkeys(name for device in devices for name in device["overlays"]))
        self.arguments, configuration = values["arguments"], configuration_of(xen)
        version = re.match(r"#\n.*\n# Xen/\S+ (\d+)\.(\d+)", configuration)
        # Older ones would give the page to it, and the calls to Dom0.
        self.scmi = scmi if version and tuple(map(int, version.groups())) >= (4, 21) else None
        if self.direct:
            left = values["memory"] - LEFT
            for name in self.overlays:
                self.set |= values.get("set", {}).get(name, {})
            self.arguments = " ".join([self.arguments, f"mem={left}M", *(device["arguments"] for device in devices)])
            self.told += f"@{values['static'] + (left << 20):#x}"  # Dom0's argument, src/domain/dom0less.h
            if f"{STATIC_MEMORY}=y" not in configuration.split("\n"):
                # A device writes to memory by itself, at the machine's addresses: with others it would write into other
                # domains where there is no IOMMU.
                raise DomdError(f"its devices take a domain that lies 1:1 in memory, for which this Xen isn't built ({STATIC_MEMORY})")

    def properties(self, modules):
        """What Xen reads, as (path, property, value); `modules` are (kind, address, size) of kernel, ramdisk and device tree."""
        memory = self.values["memory"]
        result = [(path, name, value or ()) for path, node in self.set.items() for name, value in node.items()]
        result += [
            (NODE, "compatible", "xen,domain"),
            (NODE, "#address-cells", [2]),
            (NODE, "#size-cells", [2]),
            (NODE, "memory", [0, memory << 10]),
            (NODE, "cpus", [self.values["cpus"]]),
            (NODE, "xen,enhanced", "enabled"),
        ]
        if self.direct:
            at, size = self.values["static"], memory << 20
            result += [
                (NODE, "xen,static-mem", [at >> 32, at & 0xffffffff, size >> 32, size & 0xffffffff]),
                (NODE, "direct-map", ()),
            ]
        if self.scmi:
            result.append((NODE, "xen,sci_type", "scmi_smc"))
        for kind, address, size in modules:
            module = f"{NODE}/module@{address:x}"
            result += [
                (module, "compatible", (f"multiboot,{kind}", "multiboot,module")),
                (module, "reg", [address >> 32, address & 0xffffffff, 0, size]),
            ]
            if kind == "kernel":
                result.append((module, "bootargs", self.arguments))
        return result


    def partial_properties(self):
        """What its partial tree lacks of the firmware's SCMI (boards/NAME/overlays/scmi-passthrough.dtso)."""
        if not self.scmi:
            return []
        number, page = self.scmi
        seen = page if self.direct else SCMI_PAGE
        words = [part for value in (page, 4096, seen) for part in (value >> 32, value & 0xffffffff)]
        return [
            ("/passthrough/scmi", "arm,smc-id", [number]),
            ("/passthrough/scmi-shmem", "reg", [seen >> 32, seen & 0xffffffff, 0, 4096]),
            ("/passthrough/scmi-shmem", "xen,reg", words),
        ]


def configuration_of(xen):
    """What a Xen was built with; its image has that, packed, for hypfs. Empty where it hasn't."""
    data = xen.read_bytes()
    for start in re.finditer(rb"\x1f\x8b\x08", data):
        try:
            text = zlib.decompressobj(wbits=31).decompress(data[start.start():], 1 << 20)
        except zlib.error:
            continue
        if CONFIGURATION in text[:200]:
            return text.decode(errors="replace")
    return ""
