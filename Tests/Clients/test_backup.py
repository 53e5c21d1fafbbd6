"""A backup while the server works, restored in a fresh place and played; and damage that is found and mended."""

import os
import stat
import threading

from palco import ADMIN_EMAIL, ADMIN_PASSWORD
from places import MEDIA_IS_LOCAL
from test_command_line import palco
from test_storage import played
from waiting import wait_until


def test_a_backup_is_taken_at_work_restored_elsewhere_and_played(own_server, films, tmp_path):
    server = own_server().start()
    client = server.admin()
    video = client.wait(client.upload(films.bunny, title="Bunny").expect(201).json()["id"], whole=True)
    made = played(client, video)
    is_over = threading.Event()

    def work():
        other = server.admin()
        while not is_over.is_set():
            new = other.upload(films.bikes, title="Comes and goes").expect(201).json()["id"]
            other.request("PATCH", f"/videos/{video['id']}", {"description": new}).expect(200)
            other.request("DELETE", f"/videos/{new}").expect(204)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        backup = tmp_path / "backup"
        taken = palco("backup", backup, "--data", server.data)
    finally:
        is_over.set()
        worker.join()
    assert taken.returncode == 0 and "as safe as the server" in taken.stdout, taken
    for path in [backup, *backup.rglob("*")]:
        assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0, path
    assert server.stop() == 0
    fresh = own_server(name="fresh")
    restored = palco("restore", backup, "--data", fresh.data)
    assert restored.returncode == 0 and "All is there" in restored.stdout, restored
    again = palco("restore", backup, "--data", fresh.data)
    assert again.returncode == 1 and "already" in again.stderr, again
    client = fresh.start().client()
    client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
    assert played(client, video) == made
    assert palco("verify", "--data", fresh.data).returncode == 0
    assert fresh.stop() == 0
    # What people would miss goes to another house; twice changes nothing there.
    archive = tmp_path / "archive"
    assert palco("export", archive, "--data", fresh.data).returncode == 0
    joined = palco("import", archive, "--data", tmp_path / "joined")
    assert joined.returncode == 0 and "1 people and 1 videos are new" in joined.stdout, joined
    twice = palco("import", archive, "--data", tmp_path / "joined")
    assert twice.returncode == 0 and "0 people and 0 videos" in twice.stdout, twice
    if not MEDIA_IS_LOCAL:
        return
    # A bit of a segment, and a whole one of another.
    segments = sorted(path for path in (fresh.data / "videos" / video["id"]).rglob("0.m4s"))
    body = bytearray(segments[0].read_bytes())
    body[len(body) // 2] ^= 1
    segments[0].write_bytes(body)
    segments[1].unlink()
    found = palco("verify", "--data", fresh.data)
    assert found.returncode == 1 and "is not what was made" in found.stdout and "is missing" in found.stdout, found
    mended = palco("verify", "--repair", "--data", fresh.data)
    assert mended.returncode == 0 and "2 are made anew" in mended.stdout, mended
    client = fresh.start().admin()
    client.wait(video["id"], whole=True)
    wait_until(lambda: palco("verify", "--data", fresh.data).returncode == 0, "all is well again")
    assert set(played(client, video)) == set(made)


def test_wrong_use_of_backups_is_told(tmp_path):
    for command in ("backup", "restore"):
        assert palco(command).returncode == 64
        assert palco(command, "--help").returncode == 0
    nothing = palco("restore", tmp_path / "nothing", "--data", tmp_path / "data")
    assert nothing.returncode == 1 and "no backup" in nothing.stderr, nothing
    assert not (tmp_path / "data").exists()
