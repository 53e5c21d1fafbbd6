"""A disk that forgets: what of a data folder is still there when the power goes at the moment in which the server died.

powercut.c is preloaded into the server and keeps what was synced, bytes and names apart. `Disk.cut` then makes the data
folder what a disk might hold: nothing but that, or also some of what was under way.

What it does not show: pages of one file that reach the disk in another order, a disk that lies about having synced,
and names of which some were written and some not. A file system with a journal keeps the order of names, so
here either all names are as they were at the last moment, or all as they were synced.
"""

import ctypes
import os
import shutil
from pathlib import Path


class Disk:
    def __init__(self, library, data, folder):
        self.library = Path(library)
        self.data = Path(data)
        self.folder = Path(folder)

    @property
    def settings(self):
        """For the server that is to be watched."""
        return {"PALCO_DISK_ROOT": str(self.data), "PALCO_DISK": str(self.folder)}

    def cut(self, chance=None, keeps_names=False):
        """The data folder after the power cut. Nothing that was not synced is left, unless `chance` is given: then each
        file has its synced bytes, or those it had last, or some of those. With `keeps_names` no name is forgotten."""
        left = self.data.with_name(self.data.name + "-left")
        current = self._current()
        self._restore((self.folder / "root").read_text(), left, current, chance, keeps_names)
        shutil.rmtree(self.data)
        left.rename(self.data)
        shutil.rmtree(self.folder)

    def _current(self):
        """Where everything was at the end, by its key."""
        return {self._key(path): path for path in [self.data, *self.data.rglob("*")]}

    def _key(self, path):
        key = ctypes.create_string_buffer(96)
        # Not through the process's own names: loaded like this, the library replaces none of Python's calls.
        assert ctypes.CDLL(str(self.library)).palco_inode_key(-100, os.fsencode(str(path)), key, len(key))
        return key.value.decode()

    def _names(self, key, current, keeps_names):
        if keeps_names and key in current:
            return [(self._key(path), path.name) for path in sorted(current[key].iterdir())]
        synced = self.folder / "folders" / key
        lines = synced.read_text().splitlines() if synced.exists() else []
        return sorted((tuple(line.split(" ", 1)) for line in lines), key=lambda entry: entry[1])

    def _restore(self, key, target, current, chance, keeps_names):
        target.mkdir(mode=0o700)
        for child, name in self._names(key, current, keeps_names):
            is_folder = (self.folder / "folders" / child).exists() or (child in current and current[child].is_dir())
            if is_folder:
                self._restore(child, target / name, current, chance, keeps_names)
            else:
                (target / name).write_bytes(self._bytes(child, current, chance))
                kept = self.folder / "files" / child
                (target / name).chmod(kept.stat().st_mode if kept.exists() else 0o600)

    def _bytes(self, key, current, chance):
        kept = self.folder / "files" / key
        synced = kept.read_bytes() if kept.exists() else b""
        if chance is None or key not in current:
            return synced
        last = current[key].read_bytes()
        torn = last[: chance.randint(min(len(synced), len(last)), len(last))]
        return chance.choice([synced, last, torn])
