"""A machine of its own with Debian's kernel, emulated by qemu: for what the kernel here may not have.

It holds in memory what it is given: programs with their libraries, files, a script. What the script prints is its answer.
"""

import re
import shutil
import subprocess
from pathlib import Path

from palco import ROOT

KERNEL = ROOT / ".build/kernel"
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devices /dev; mount -t tmpfs memory /tmp
ip link set lo up
(sh /script) 2>&1
echo "ended with $?."
# It waits until all that was said has left; the end of the machine would not.
stty sane < /dev/console
poweroff -f
"""


class Emulated:
    def __init__(self, folder):
        self.root = Path(folder) / "root"
        for name in ("bin", "dev", "etc", "proc", "sys", "tmp", "var/log/nginx"):
            (self.root / name).mkdir(parents=True)
        (self.root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
        (self.root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
        self.program("/bin/busybox")
        self.text("init", INIT).chmod(0o755)

    def program(self, path, name=None):
        """An executable file and the libraries that it is linked with; at `name` if that is given."""
        path = Path(path)
        self.file(path, name)
        libraries = subprocess.run(["ldd", path], capture_output=True, text=True, timeout=60).stdout
        for library in re.findall(r"/\S+", libraries):
            if not (self.root / library[1:]).exists():
                self.file(library)

    def file(self, path, name=None):
        """A file or a folder; at the same path, or at `name`."""
        path, target = Path(path), self.root / str(name or path).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target)
        else:
            shutil.copy(path, target)

    def text(self, name, text):
        path = self.root / name
        path.write_text(text)
        return path

    def module(self, name):
        """A part of the kernel; `insmod /modules/name.ko` loads it."""
        self.file(next(KERNEL.rglob(f"{name}.ko")), f"modules/{name}.ko")

    def run(self, script, timeout=240):
        """All that the script prints. It must end with status 0."""
        self.text("script", script)
        image = self.root.with_suffix(".cpio")
        names = subprocess.run(["find", "."], cwd=self.root, capture_output=True, check=True, timeout=60).stdout
        with image.open("wb") as file:
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=self.root, input=names, stdout=file, check=True, timeout=60)
        console = subprocess.run(
            [
                "qemu-system-x86_64", "-nographic", "-nodefaults", "-no-reboot", "-serial", "stdio", "-m", "3072",
                "-accel", "tcg,thread=multi", "-smp", "2", "-cpu", "max",
                "-kernel", KERNEL / "vmlinuz", "-initrd", image, "-append", "console=ttyS0 loglevel=1 panic=-1 no_timer_check",
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout,
        ).stdout  # fmt: skip
        image.unlink()
        assert "ended with 0." in console, console
        return console.replace("\r", "")
