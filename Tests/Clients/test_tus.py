"""tus 1.0.0: the independent client `tuspy`, and raw requests for what it does not do."""

import base64
import hashlib

import pytest
from tusclient.client import TusClient

VERSION = {"Tus-Resumable": "1.0.0"}
BODY = {**VERSION, "Content-Type": "application/offset+octet-stream"}


def metadata(**pairs):
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def create(client, size, **pairs):
    answer = client.post("/uploads", headers={**VERSION, "Upload-Length": str(size), "Upload-Metadata": metadata(**pairs)})
    answer.expect(201)
    return answer.headers["Location"]


def offset(client, address):
    answer = client.request("HEAD", address, headers=VERSION).expect(200)
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def patch(client, address, at, body, **headers):
    return client.request("PATCH", address, body=body, headers={**BODY, "Upload-Offset": str(at), **headers})


def test_tuspy_uploads_in_pieces_and_the_film_becomes_ready(server, admin, films):
    tus = TusClient(f"{server.url}/api/v1/uploads", headers={"Authorization": f"Bearer {admin.token}"})
    film = films.copy(films.bikes, "tuspy")
    uploader = tus.uploader(
        str(film), chunk_size=100_000, metadata={"filename": "bikes.mp4", "title": "Bikes by tus"}
    )
    uploader.upload()
    assert uploader.offset == film.stat().st_size
    found = [video for video in admin.get("/videos?limit=100").expect(200).json()["data"]]
    video = next(video for video in found if video["title"] == "Bikes by tus")
    assert admin.wait(video["id"])["checksum_sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()


def test_options_tell_what_is_spoken(admin):
    answer = admin.request("OPTIONS", "/uploads").expect(204)
    assert answer.headers["Tus-Version"] == "1.0.0"
    spoken = set(answer.headers["Tus-Extension"].split(","))
    assert {"creation", "creation-with-upload", "termination", "checksum", "expiration"} <= spoken
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"].split(",")


def test_an_upload_goes_on_where_it_was_cut(admin, films):
    film = films.copy(films.phone, "cut").read_bytes()
    address = create(admin, len(film), filename="phone.mp4", title="Phone")
    patch(admin, address, 0, film[:1_000_000]).expect(204)
    assert offset(admin, address) == 1_000_000
    # A connection that dies in the middle of a piece: what arrived counts.
    connection = admin.connection()
    connection.putrequest("PATCH", admin.target(address))
    for key, value in {
        **BODY, "Upload-Offset": "1000000", "Content-Length": "2000000", "Authorization": f"Bearer {admin.token}",
    }.items():  # fmt: skip
        connection.putheader(key, value)
    connection.endheaders()
    connection.send(film[1_000_000:1_700_000])
    connection.sock.close()
    # The server may still be taking what is on its way: then another offset is told (409), or the upload is held (423).
    for _ in range(50):
        at = offset(admin, address)
        assert 1_000_000 <= at <= 1_700_000
        last = patch(admin, address, at, film[at:])
        if last.status == 204:
            break
        last.expect(409, 423)
    state = admin.request("GET", address).expect(200).json()
    assert (state["state"], state["video_id"]) == ("finished", last.headers["Palco-Video-Id"])
    assert admin.wait(last.headers["Palco-Video-Id"])["title"] == "Phone"


def test_a_wrong_offset_is_refused(admin):
    address = create(admin, 100, filename="a.mp4")
    patch(admin, address, 10, b"x" * 10).expect(409)
    assert offset(admin, address) == 0


def test_a_piece_with_a_wrong_checksum_leaves_nothing(admin):
    address = create(admin, 100, filename="a.mp4")
    wrong = base64.b64encode(hashlib.sha1(b"other").digest()).decode()
    patch(admin, address, 0, b"x" * 50, **{"Upload-Checksum": f"sha1 {wrong}"}).expect(460)
    assert offset(admin, address) == 0
    right = base64.b64encode(hashlib.sha1(b"x" * 50).digest()).decode()
    patch(admin, address, 0, b"x" * 50, **{"Upload-Checksum": f"sha1 {right}"}).expect(204)
    patch(admin, address, 50, b"x", **{"Upload-Checksum": "whirlpool AAAA"}).expect(400)
    assert offset(admin, address) == 50


def test_creation_with_upload_takes_the_first_bytes(admin):
    answer = admin.post(
        "/uploads", b"x" * 60, headers={**BODY, "Upload-Length": "100", "Upload-Metadata": metadata(filename="a.mp4")}
    ).expect(201)
    assert answer.headers["Upload-Offset"] == "60"
    assert "Upload-Expires" in answer.headers


def test_termination_frees_the_upload(admin):
    address = create(admin, 100, filename="a.mp4")
    admin.request("DELETE", address, headers=VERSION).expect(204)
    admin.request("HEAD", address, headers=VERSION).expect(404)


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"Upload-Length": "10"}, 412),
        ({"Tus-Resumable": "0.2.2", "Upload-Length": "10"}, 412),
        ({**VERSION}, 400),
        ({**VERSION, "Upload-Length": "-1"}, 400),
        ({**VERSION, "Upload-Length": "many"}, 400),
        ({**VERSION, "Upload-Length": str(1 << 62)}, 413),
        ({**VERSION, "Upload-Length": "10", "Upload-Metadata": "title not*base64"}, 400),
    ],
)
def test_wrong_creations_are_refused_clearly(admin, headers, status):
    admin.post("/uploads", headers=headers).expect(status)


def test_an_upload_is_nobody_elses(server, admin):
    address = create(admin, 10, filename="a.mp4")
    server.client().request("HEAD", address, headers=VERSION).expect(401)


def test_a_piece_longer_than_the_upload_is_refused(admin):
    address = create(admin, 10, filename="a.mp4")
    assert patch(admin, address, 0, b"x" * 11).expect(413).code == "upload_beyond_length"
