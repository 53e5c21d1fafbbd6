"""An installation of several machines' worth, broken again and again while films are uploaded and watched: all that is in
breakable.py. PALCO_SOAK_MINUTES makes it longer (`make soak`), PALCO_SOAK_SEED another one."""

import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import subprocess
import threading
import time
from collections import Counter

import pytest
from breakable import House
from bucket import Bucket
from palco import ADMIN_EMAIL, ADMIN_PASSWORD, Client
from test_tus import create, offset, patch
from waiting import wait_until

MINUTES = float(os.environ.get("PALCO_SOAK_MINUTES", "0.75"))
# With this one the first faults are of many kinds, and none is the long sleep of a worker.
SEED = int(os.environ.get("PALCO_SOAK_SEED", "29"))
FILMS = 20
# `make soak` tries both.
STORAGES = os.environ.get("PALCO_SOAK_STORAGES", "folder bucket" if "PALCO_SOAK_MINUTES" in os.environ else "bucket").split()
# What a client sees while a server or the database is away, and tries again after.
AWAY = (OSError, http.client.HTTPException)


class Watched(Client):
    """Notes each answer that no fault excuses: an error of the server's own, or an outage that does not say when to come again."""

    wrong = []
    statuses = Counter()

    def request(self, method, path, *arguments, **options):
        answer = super().request(method, path, *arguments, **options)
        self.statuses[answer.status] += 1
        if answer.status >= 500 and not (answer.status in (503, 507) and (answer.status == 507 or answer.headers["Retry-After"])):
            self.wrong.append(f"{method} {self.target(path)}: {answer}")
        return answer


class Person:
    """Uses any server, and another one when one does not answer."""

    def __init__(self, house, chance):
        self.house, self.chance = house, chance
        self.signed_in = None

    def client(self):
        client = Watched(f"http://127.0.0.1:{self.chance.choice(self.house.ports)}", timeout=30)
        # A token is good for a quarter of an hour, and is the same at each server.
        if self.signed_in is None or time.monotonic() - self.signed_in[3] > 600:
            client.login(ADMIN_EMAIL, ADMIN_PASSWORD)
            self.signed_in = client.signed_in
        client.token = self.signed_in[0]
        return client

    def upload(self, film, title):
        """By pieces, at whichever server; answers the film's checksum."""
        content = film.read_bytes()
        address = wait_until(lambda: self.tried(lambda: create(self.client(), len(content), filename="film.mp4", title=title)), "an upload begins", 240)
        at = 0
        while at < len(content):
            piece = content[at : at + self.chance.randrange(60_000, 400_000)]
            answer = self.tried(lambda at=at, piece=piece: patch(self.client(), address, at, piece))
            if answer is not None and answer.status == 204:
                at += len(piece)
                continue
            if answer is not None and answer.status in (401, 403, 404, 410):
                raise AssertionError(f"an upload is lost: {answer}")
            reached = wait_until(lambda: self.tried(lambda: (offset(self.client(), address),)), "the offset", 240)[0]
            # What was acknowledged is there.
            assert reached >= at, (reached, at)
            at = reached
        return hashlib.sha256(content).hexdigest()

    def tried(self, ask):
        try:
            return ask()
        except (*AWAY, AssertionError):
            return None


def watch(person, ids, broken, over):
    """Plays pieces of what is ready; a film that was ready stays so."""
    while not over.is_set():
        # Not more than a person may.
        over.wait(0.5)
        known = list(ids)
        if not known:
            continue
        with contextlib.suppress(*AWAY, AssertionError, KeyError):
            client = person.client()
            variants = client.master(person.chance.choice(known))[0]
            segments = client.segments(person.chance.choice(variants)[1])
            answer = client.get(person.chance.choice(segments)[1], token=False)
            if answer.status in (401, 403, 404, 410):
                broken.append(repr(answer))


def frames(address):
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", address],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    return int(re.findall(r"\d+", shown.stdout)[0])


@pytest.mark.timeout(2000 + 60 * MINUTES * 2)
@pytest.mark.parametrize("storage", STORAGES)
def test_nothing_is_lost_however_often_everything_is_broken(tool, films, tmp_path, storage):
    tool("psql")
    tool("redis-server")
    if storage == "bucket" and "PALCO_TEST_S3" not in os.environ and "CI" not in os.environ:
        pytest.skip("there is no bucket: run by scripts/with-s3")
    chance = random.Random(SEED)
    house = House(tmp_path, Bucket() if storage == "bucket" else None, tool)
    Watched.wrong, Watched.statuses = [], Counter()
    over, happened, threads = threading.Event(), [], []
    try:
        house.begin()
        person = Person(house, random.Random(SEED + 1))
        sources = [films.bikes, films.test_card("soak-foreign.avi", "-c:v", "mpeg4", "-q:v", "4", seconds=12)]
        uploaded, ids, broken, failed = {}, [], [], []

        def upload_all():
            try:
                for number in range(FILMS):
                    film = films.copy(sources[number % 2], f"soak-{SEED}-{number}")
                    uploaded[f"Film {number}"] = person.upload(film, f"Film {number}")
            except BaseException as error:
                failed.append(error)

        def follow():
            asking = Person(house, random.Random(SEED + 2))
            while not over.is_set():
                with contextlib.suppress(*AWAY, AssertionError):
                    for video in asking.client().get("/videos?limit=100").expect(200).json()["data"]:
                        if video["status"] == "ready" and video["id"] not in ids:
                            ids.append(video["id"])
                over.wait(0.5)

        threads += [threading.Thread(target=upload_all, daemon=True), threading.Thread(target=follow, daemon=True)]
        viewers = [Person(house, random.Random(SEED + 10 + number)) for number in range(2)]
        threads += [threading.Thread(target=watch, args=(viewer, ids, broken, over), daemon=True) for viewer in viewers]
        for thread in threads:
            thread.start()
        end, faults = time.monotonic() + 60 * MINUTES, house.schedule(chance)
        while time.monotonic() < end or len(happened) < 6:
            happened.append(house.break_something(next(faults), chance))
            print(f"{time.strftime('%X')} {happened[-1]}", flush=True)
            over.wait(chance.uniform(0.5, 3))
        threads[0].join(600)
        assert not failed and len(uploaded) == FILMS, (failed, len(uploaded))

        def all_made():
            with contextlib.suppress(*AWAY, AssertionError):
                videos = viewers[0].client().get("/videos?limit=100").expect(200).json()["data"]
                # One whose last byte was stored while nothing else could be, a server makes a video of by itself.
                return videos if len(videos) == FILMS and all(video["status"] == "ready" and video["progress"] >= 1 for video in videos) else None

        videos = wait_until(all_made, lambda: f"all is made after {happened}", 600)
        over.set()
        for thread in threads:
            thread.join(120)
        assert not broken, broken[:5]
        assert not Watched.wrong, Watched.wrong[:5]
        by_title = {video["title"]: video for video in videos}
        assert sorted(by_title) == sorted(uploaded), happened
        expected = {source: frames(source) for source in sources}
        for number, (title, checksum) in enumerate(uploaded.items()):
            video = by_title[title]
            assert video["checksum_sha256"] == checksum
            for attributes, address in viewers[0].client().master(video["id"])[0]:
                assert frames(address) == expected[sources[number % 2]], (title, attributes)
        # Each task was called done once, by one worker.
        done = [json.loads(line) for line in house.lines + [line for each in house.workers for line in each.process.lines] if '"task done"' in line]
        names = [(each["video"], each["task"], each["chunk"]) for each in done]
        assert names and len(names) == len(set(names))
        # What no row names is removed when it is too old to be on its way.
        house.days_later()
        wanted = ({video["id"] for video in videos}, [])
        wait_until(lambda: house.stored() == wanted, lambda: f"nothing else is kept: {house.stored()}", 240)
        print(f"{len(happened)} breaks: {happened}; answers by status: {dict(Watched.statuses)}")
    finally:
        over.set()
        house.close()
