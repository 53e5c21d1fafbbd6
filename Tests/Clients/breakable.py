"""An installation of several machines' worth, of which everything can break: PostgreSQL, Redis, the bucket, servers, workers, the
ways between them, clocks and disks."""

import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path

from clock import Clock
from crashing import library
from network import Network, free_port
from palco import Palco
from postgres import Postgres
from redis_server import RedisServer
from waiting import wait_until
from workers import Worker

# Of a machine's own disk: copies of blobs, work in hand.
DISK_BYTES, RESERVE_BYTES, CACHE_BYTES = 320 << 20, 8 << 20, 64 << 20


class Disk:
    """A file system of a machine's own in memory, where whoever runs this may mount one."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], capture_output=True)
        self.is_own = made.returncode == 0
        self.ballast = folder / "ballast"

    def fill(self):
        with contextlib.suppress(OSError), self.ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))

    def free(self):
        self.ballast.unlink(missing_ok=True)

    def close(self):
        if self.is_own:
            subprocess.run(["umount", "--lazy", self.folder], check=True)


class Machine:
    """A server or a worker, with ways of its own to all others, a clock of its own and a disk of its own."""

    def __init__(self, house, name, code, settings, port=None):
        folder = house.folder / name
        folder.mkdir(parents=True)
        self.name, self.port, self.house = name, port, house
        self.disk, self.clock = Disk(folder / "data"), Clock(folder, code)
        self.ways = {"database": Network(house.postgres.port), "redis": Network(house.redis.port)}
        places = {
            "PALCO_DATABASE": house.postgres.address("soak", port=self.ways["database"].port),
            "PALCO_REDIS": f"redis://127.0.0.1:{self.ways['redis'].port}",
            "PALCO_STORAGE": str(house.shared),
        }
        if house.bucket:
            self.ways["storage"] = Network(int(house.bucket.endpoint.rpartition(":")[2]))
            places["PALCO_STORAGE"] = house.bucket.through(self.ways["storage"].url)
        settings = {
            **places, **self.clock.settings, "PALCO_LOG_LEVEL": "debug", "PALCO_DISK_RESERVE_BYTES": str(RESERVE_BYTES),
            "PALCO_STORAGE_CACHE_BYTES": str(CACHE_BYTES),
            # Of which a fourth is how often it is looked what was left.
            "PALCO_UPLOAD_EXPIRY": "240", **settings,
        }  # fmt: skip
        self.process = Palco(folder / "data", settings) if port else Worker(folder / "data", settings)

    def begin(self):
        # The database may be away: who cannot begin is begun again, as a service manager does.
        def begun():
            try:
                self.process.start(**({"port": self.port} if self.port else {}))
                return True
            except (RuntimeError, AssertionError):
                self.kill()
                return False

        wait_until(begun, lambda: f"{self.name} begins\n" + "\n".join(self.process.lines[-20:]), 240)

    def kill(self):
        if self.process.process and self.process.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.process.pid, signal.SIGCONT)
            self.process.kill()

    def end(self, how):
        self.kill() if how == "kill" else self.process.stop(60)
        self.house.lines += self.process.lines

    def close(self):
        self.kill()
        for way in self.ways.values():
            way.close()
        self.disk.close()


class House:
    FAULTS = (
        "server killed", "worker killed", "machine restarted", "redis killed", "database killed", "storage killed",
        "worker suspended", "way severed", "way held", "way slow", "everybody's way severed", "clock set", "disk full",
    )  # fmt: skip

    def __init__(self, folder, bucket, tool):
        self.folder, self.bucket = folder, bucket
        self.postgres = Postgres(folder / "postgres")
        self.redis = RedisServer(folder / "redis")
        self.postgres.make("soak")
        self.shared = folder / "shared"
        self.shared.mkdir(exist_ok=True)
        self.code = library(tool, "clock", folder)
        self.lines = []
        self.servers = [Machine(self, f"server-{n}", self.code, {"PALCO_WORKERS": "0"}, free_port()) for n in range(2)]
        self.workers = [Machine(self, f"worker-{n}", self.code, {"PALCO_WORKERS": "1"}) for n in range(2)]
        self.machines = [*self.servers, *self.workers]
        self.faults = [fault for fault in self.FAULTS if (bucket or fault != "storage killed") and (self.has_disks or fault != "disk full")]

    def begin(self):
        for machine in self.machines:
            machine.begin()

    @property
    def has_disks(self):
        return all(machine.disk.is_own for machine in self.machines)

    @property
    def ports(self):
        return [server.port for server in self.servers]

    def schedule(self, chance):
        """Each fault once, in a random order, again and again."""
        while True:
            yield from chance.sample(self.faults, len(self.faults))

    def break_something(self, fault, chance):
        """One of the things that happen to machines, from its begin to its end; answers what it was."""

        def last(*seconds):
            for_so_long = chance.choice(seconds)
            threading.Event().wait(for_so_long)
            return f"for {for_so_long} s"

        machine, words = chance.choice(self.machines), ""
        way = chance.choice(sorted(machine.ways))
        match fault:
            case "server killed" | "worker killed" | "machine restarted":
                group = {"server killed": self.servers, "worker killed": self.workers}.get(fault, self.machines)
                machine = chance.choice(group)
                machine.end("stop" if fault == "machine restarted" else "kill")
                machine.begin()
            case "redis killed":
                self.redis.kill()
                words = last(0, 1, 5)
                self.redis.start()
            case "database killed":
                self.postgres.kill()
                words = last(0, 1, 5)
                self.postgres.start()
            case "storage killed":
                self.bucket.kill_server()
            case "worker suspended":
                # For longer than a lease: what it had goes to the other.
                machine = chance.choice(self.workers)
                machine.process.signal(signal.SIGSTOP)
                words = last(35)
                machine.process.signal(signal.SIGCONT)
            case "way severed" | "way held" | "way slow":
                network = machine.ways[way]
                match fault:
                    case "way severed":
                        network.sever()
                    case "way held":
                        network.hold()
                    case "way slow":
                        network.slow(rate=chance.choice([20_000, 200_000]), delay=chance.choice([0.02, 0.2]))
                words = f"to {way} {last(1, 5, 12)}"
                network.mend()
            case "everybody's way severed":
                way = chance.choice(sorted(self.workers[0].ways))
                for each in self.machines:
                    each.ways[way].sever()
                words = f"to {way} {last(1, 5, 12)}"
                for each in self.machines:
                    each.ways[way].mend()
            case "clock set":
                # It stays so until it is set otherwise.
                wrong_by = chance.choice([-1, 1]) * chance.randrange(3600, 12 * 3600)
                machine.clock.set(wrong_by)
                words = f"wrong by {wrong_by} s"
            case "disk full":
                machine.disk.fill()
                words = last(1, 5, 12)
                machine.disk.free()
        return f"{fault}: {machine.name} {words}"

    def days_later(self, days=4):
        """The database's clock is that much further, and by it go all; what is old by then is removed when servers begin."""
        for server in self.servers:
            server.end("stop")
        self.postgres.stop("fast")
        clock = Clock(self.postgres.folder, self.code)
        clock.set(days * 86_400)
        self.postgres.start(clock.settings)
        for server in self.servers:
            server.begin()

    def stored(self):
        """The ids of videos of which something is kept, and what is kept of anything else."""
        if self.bucket:
            names = [key.split("/") for key in self.bucket.keys()]
        else:
            names = [path.relative_to(self.shared).parts for path in self.shared.rglob("*") if path.is_file()]
        other = [name for name in names if name[0] not in ("videos", "installation", ".lock", ".incoming")]
        return {name[1] for name in names if name[0] == "videos"}, other

    def close(self):
        for machine in self.machines:
            machine.close()
        self.redis.kill()
        self.postgres.close()
