#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps a build folder's configuration: .config for people, config.h for C, config.cmake for the build.

CMake calls it at every configuration. A .config that nobody edited follows the board's defconfig; an edited one stays
as it is. Options given with --set win over both.
"""

import argparse
import os
import sys

import kconfiglib


def write_if_changed(path, text):
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    except FileNotFoundError:
        pass
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def set_option(config, assignment):
    name, _, value = assignment.partition("=")
    symbol = config.syms.get(name)
    if symbol is None or not symbol.nodes:
        sys.exit(f"kconfig: there is no option CONFIG_{name}; the options are in Kconfig")
    if symbol.orig_type == kconfiglib.STRING:
        value = value.removeprefix('"').removesuffix('"')
    elif symbol.orig_type == kconfiglib.BOOL:
        value = {"ON": "y", "OFF": "n", "1": "y", "0": "n"}.get(value.upper(), value)
    if not symbol.set_value(value) or symbol.str_value != value:
        sys.exit(f"kconfig: CONFIG_{name} can't be '{value}': it is of type {kconfiglib.TYPE_TO_STR[symbol.orig_type]}, "
                 "has a range in Kconfig, or depends on another option")


def cmake_text(config):
    lines = []
    for symbol in config.unique_defined_syms:
        value = symbol.str_value
        if symbol.orig_type == kconfiglib.BOOL:
            value = "ON" if value == "y" else "OFF"
        lines.append(f"set(CONFIG_{symbol.name} [==[{value}]==])\n")
    return "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kconfig", required=True)
    parser.add_argument("--defconfig", required=True)
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()

    generated = os.path.join(arguments.build, "generated")
    os.makedirs(generated, exist_ok=True)
    dot_config = os.path.join(arguments.build, ".config")
    untouched = os.path.join(generated, "config.untouched")  # .config as this script last wrote it

    config = kconfiglib.Kconfig(arguments.kconfig, warn_to_stderr=False)
    config.warn_assign_undef = True
    config.warn_assign_override = config.warn_assign_redun = False
    edited = read(dot_config) not in (None, read(untouched))
    source = dot_config if edited else arguments.defconfig
    config.load_config(source)
    for assignment in arguments.set:
        set_option(config, assignment)
    # Writing evaluates every option, so that values out of range are found; it leaves a file alone that is up to date.
    config.write_config(dot_config, "# The options of this build: edit them here, or with the target menuconfig.\n",
                        save_old=False)
    config.write_autoconf(os.path.join(generated, "config.h"), "#pragma once\n")
    if config.warnings:
        sys.exit("kconfig: " + "\nkconfig: ".join(config.warnings))
    if not edited:
        write_if_changed(untouched, read(dot_config))
    write_if_changed(os.path.join(generated, "config.cmake"), cmake_text(config))


if __name__ == "__main__":
    main()
