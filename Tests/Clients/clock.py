"""A machine's clock that is wrong."""

import struct


class Clock:
    """A machine's clock, wrong by some seconds (clock.c)."""

    def __init__(self, folder, code):
        self.path = folder / "clock"
        self.path.write_bytes(struct.pack("<q", 0))
        self.path.chmod(0o644)
        self.settings = {"LD_PRELOAD": str(code), "PALCO_CLOCK": str(self.path)}

    def set(self, wrong_by):
        with self.path.open("r+b") as file:
            file.write(struct.pack("<q", wrong_by))
