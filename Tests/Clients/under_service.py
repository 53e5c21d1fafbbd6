"""Becomes a program that may make only the system calls which a unit of systemd allows: under_service.py UNIT PROGRAM ..."""

import ctypes
import errno
import os
import subprocess
import sys

ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


def allowed(unit):
    """The names in the unit's SystemCallFilter, groups taken apart."""
    words = [line.partition("=")[2].split() for line in open(unit) if line.startswith("SystemCallFilter=")]
    names, groups = set(), [word for line in words for word in line]
    while groups:
        name = groups.pop()
        if not name.startswith("@"):
            names.add(name)
            continue
        listed = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True)
        lines = [line.split("#")[0].strip() for line in listed.stdout.splitlines()[1:]]
        groups += [line for line in lines if line]
    return names


def main(unit, *program):
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    seccomp.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    # systemd itself lets these through, to be able to start the program at all.
    names = allowed(unit) | {"execve"}
    context = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))
    for name in names:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        # Negative: a system call of other processors.
        if number >= 0:
            assert seccomp.seccomp_rule_add(context, ALLOW, number, 0) == 0, name
    assert seccomp.seccomp_load(context) == 0
    os.execv(program[0], program)


main(*sys.argv[1:])
