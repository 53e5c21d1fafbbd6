"""Captions and transcripts that people upload: written, read, shown by the player, searched."""

import re
from urllib.parse import quote

import pytest
from browsing import becomes, watch
from palco import Client
from people import client_of, have_person
from test_tracks import menu
from waiting import until_refused, wait_until
from watching import CUES

VTT = {"Content-Type": "text/vtt"}
SRT = {"Content-Type": "application/x-subrip"}
PLAIN = {"Content-Type": "text/plain"}
SPANISH = "WEBVTT\n\n00:01.000 --> 00:25.000\n<b>Suturas</b> & <script>nudos</script>\n".encode()
UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def video(admin, films):
    made = admin.upload(films.copy(films.phone, "captions"), title="With captions").expect(201).json()
    yield made["id"]
    admin.request("DELETE", f"/videos/{made['id']}").expect(204)


def put(client, video, language, body, headers=VTT):
    return client.request("PUT", f"/videos/{video}/captions/{language}", body, headers=headers)


def test_captions_are_uploaded_read_and_removed(admin, video):
    made = put(admin, video, "es-419?label=Latino&kind=captions", SPANISH).expect(201).json()
    assert made["language"] == "es-419" and made["label"] == "Latino" and made["kind"] == "captions"
    assert made["cue_count"] == 1
    assert admin.get(f"/videos/{video}/captions").expect(200).json()["data"] == [made]
    read = admin.get(f"/videos/{video}/captions/es-419.vtt").expect(200)
    assert "<b>Suturas</b> &amp; &lt;script&gt;nudos&lt;/script&gt;" in read.text
    tag = {"If-None-Match": read.headers["ETag"]}
    admin.request("GET", f"/videos/{video}/captions/es-419.vtt", headers=tag).expect(304)
    srt = admin.get(f"/videos/{video}/captions/es-419.srt").expect(200)
    assert srt.text.startswith("1\n00:00:01,000 --> 00:00:25,000\n<b>Suturas</b> & <script>")
    tag = {"If-None-Match": srt.headers["ETag"]}
    admin.request("GET", f"/videos/{video}/captions/es-419.srt", headers=tag).expect(304)
    changed = put(admin, video, "es-419", b"1\n00:00:01,000 --> 00:00:02,000\nOtra\n", SRT).expect(200).json()
    assert changed["label"] is None and changed["kind"] == "subtitles"
    old = "1\n00:00:01,000 --> 00:00:02,000\nСегодня мы покажем операцию на сердце\n".encode("cp1251")
    put(admin, video, "ru", old, SRT).expect(201)
    assert "Сегодня" in admin.get(f"/videos/{video}/captions/ru.vtt").text
    admin.request("DELETE", f"/videos/{video}/captions/es-419").expect(204)
    admin.request("DELETE", f"/videos/{video}/captions/es-419").expect(404)
    for ending in ("vtt", "srt"):
        assert admin.get(f"/videos/{video}/captions/es-419.{ending}").expect(404).code == "captions_not_found"


def test_what_is_wrong_is_told(admin, video):
    for place, body, field in (
        ("english", SPANISH, "language"), ("en?kind=x", SPANISH, "kind"), (f"en?label={'x' * 101}", SPANISH, "label"),
        ("en", b"WEBVTT\n\n00:03.000 --> 00:02.000\nA", "line 3"), ("en", b"WEBVTT", "captions"),
        ("en", "WEBVTT\n\n00:01.000 --> 00:02.000\nDía".encode("cp1252"), "captions"),
    ):  # fmt: skip
        assert put(admin, video, place, body).expect(422).json()["errors"][0]["field"] == field
    put(admin, video, "en", SPANISH, {"Content-Type": "image/png"}).expect(415)
    put(admin, video, "en", b"x" * ((2 << 20) + 1)).expect(413)
    admin.request("PUT", f"/videos/{video}/transcript", b"\x00", headers=PLAIN).expect(422)
    admin.request("PUT", f"/videos/{video}/transcript", b"A", headers=VTT).expect(415)
    admin.request("PUT", f"/videos/{video}/transcript", b"x" * ((1 << 20) + 1), headers=PLAIN).expect(413)


def test_no_more_than_fifty_languages(admin, video):
    for first in "abcdefghijklmnopqrstuvwxy":
        for second in "xy":
            put(admin, video, f"q{first}{second}", SPANISH).expect(201)
    assert put(admin, video, "en", SPANISH).expect(409).code == "too_many_captions"


def test_a_transcript_is_written_or_what_the_captions_say(admin, video):
    path = f"/videos/{video}/transcript"
    admin.get(path).expect(404)
    put(admin, video, "es", SPANISH).expect(201)
    said = admin.get(path).expect(200).json()
    assert (said["text"], said["source"], said["language"]) == ("Suturas & <script>nudos</script>", "captions", "es")
    admin.request("PUT", path, b"All of it.", headers=PLAIN).expect(204)
    said = admin.get(path).expect(200).json()
    assert (said["text"], said["source"]) == ("All of it.", "written")
    admin.request("DELETE", path).expect(204)
    admin.request("DELETE", path).expect(404)


def test_a_hit_in_captions_tells_its_second(admin, video):
    put(admin, video, "en", b"WEBVTT\n\n01:02.500 --> 01:04.000\nThe xylograph turns\n").expect(201)
    found = admin.get(f"/videos/search?q={quote('xylographs')}").expect(200).json()["data"]
    assert [each["id"] for each in found] == [video]
    assert [(hit["field"], hit["time"]) for hit in found[0]["highlights"]] == [("spoken", 62.5)]
    admin.request("DELETE", f"/videos/{video}/captions/en").expect(204)
    assert admin.get("/videos/search?q=xylographs").expect(200).json()["data"] == []


def test_captions_that_came_with_the_file_are_searched(admin, films):
    video = admin.upload(films.copy(films.subtitled, "searched"), title="With its own").expect(201).json()["id"]

    def seconds():
        found = admin.get("/videos/search?q=bikes").expect(200).json()["data"]
        return [hit["time"] for each in found if each["id"] == video for hit in each["highlights"] if hit["field"] == "spoken"]

    wait_until(lambda: seconds() == [0.5], "its captions are made")
    admin.request("DELETE", f"/videos/{video}").expect(204)


READING = ("captions", "captions/en.vtt", "captions/en.srt", "transcript")


def test_a_password_locks_what_is_said(server, admin, video):
    put(admin, video, "en", SPANISH).expect(201)
    user = client_of(server, *have_person(server, "reader@example.org", "user"))
    for place in READING:
        user.get(f"/videos/{video}/{place}").expect(200)
    admin.request("PATCH", f"/videos/{video}", {"password": "opensesame"}).expect(200)
    for place in READING:
        assert user.get(f"/videos/{video}/{place}").expect(403).code == "video_locked"
    token = user.post(f"/videos/{video}/unlock", {"password": "opensesame"}).expect(200).json()["token"]
    for place in READING:
        user.get(f"/videos/{video}/{place}?unlock={token}").expect(200)
    for hidden in ({"password": None, "is_premium": True}, {"is_premium": False, "is_hidden": True}):
        admin.request("PATCH", f"/videos/{video}", hidden).expect(200)
        for place in READING:
            user.get(f"/videos/{video}/{place}").expect(404)


def test_others_change_nothing(server, admin, video):
    stranger = Client(server.url)
    user = client_of(server, *have_person(server, "other@example.org"))
    for client, status in ((stranger, 401), (user, 403)):
        put(client, video, "en", SPANISH).expect(status)
        client.request("DELETE", f"/videos/{video}/captions/en").expect(status)
        client.request("PUT", f"/videos/{video}/transcript", b"A", headers=PLAIN).expect(status)
        client.request("DELETE", f"/videos/{video}/transcript").expect(status)
    for place in READING:
        stranger.get(f"/videos/{video}/{place}").expect(401)
        admin.get(f"/videos/{UNKNOWN}/{place}").expect(404)
    put(admin, UNKNOWN, "en", SPANISH).expect(404)
    admin.request("PUT", f"/videos/{UNKNOWN}/transcript", b"A", headers=PLAIN).expect(404)


def test_uploaded_captions_are_in_the_menu_and_on_the_screen(page, admin, films):
    video = admin.have(films.copy(films.bunny, "captioned"), title="Captioned")
    video = admin.wait(video["id"], whole=True)
    put(admin, video["id"], "es?label=Nuestros", SPANISH).expect(201)
    put(admin, video["id"], "ru", "WEBVTT\n\n00:01.000 --> 00:25.000\nУзлы\n".encode()).expect(201)
    master = admin.get(re.sub("^.*/api/v1", "", admin.playback_url(video["id"]))).expect(200).text
    assert 'URI="captions-es/index.m3u8"' in master
    watching = watch(page, video)
    watching.play()
    watching.seek(3)
    choices = menu(page, "captions")
    assert [text.split("\n")[0] for text in choices.all_inner_texts()] == ["Off", "Nuestros", "Russian"]
    choices.nth(1).click()
    # What was no markup is shown as the text that it is.
    becomes(page, f"{CUES}.includes('Suturas') && {CUES}.includes('&lt;script&gt;nudos')")
    menu(page, "captions").nth(2).click()
    becomes(page, f"{CUES} === 'Узлы'")


def test_who_comes_too_often(server, video):
    user = client_of(server, *have_person(server, "hasty@example.org", "user"))
    path = f"/videos/{video}"
    # A refusal costs a place as well.
    until_refused(lambda _: user.request("DELETE", f"{path}/transcript"), 403, 100)
    for method, place in (("PUT", "captions/en"), ("DELETE", "captions/en"), ("PUT", "transcript")):
        # A place may have come back meanwhile.
        wait_until(lambda ask=(method, f"{path}/{place}"): user.request(*ask).status == 429, f"{method} {place} is refused")
    until_refused(lambda _: user.get(f"{path}/captions"), 200, 200)
    for place in READING:
        wait_until(lambda ask=f"{path}/{place}": user.get(ask).status == 429, f"{place} is refused")
