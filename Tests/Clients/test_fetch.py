"""A video by the address of its file: a server that is killed meanwhile goes on where it was."""

import hashlib
import http.server
import re
import threading

from places import MEDIA_IS_LOCAL
from waiting import wait_until


class Files(http.server.BaseHTTPRequestHandler):
    """One film, whose second half waits until it is let go. It is sent by ranges."""

    protocol_version = "HTTP/1.1"
    film = b""
    let_go = threading.Event()
    ranges = []

    def do_GET(self):
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and self.headers.get("If-Range") == '"film"' else 0
        self.ranges.append(start)
        self.send_response(206 if start else 200)
        self.send_header("ETag", '"film"')
        self.send_header("Content-Length", str(len(self.film) - start))
        self.send_header("Content-Disposition", "attachment; filename*=UTF-8''Mi%20pel%C3%ADcula.mp4")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(self.film) - 1}/{len(self.film)}")
        self.end_headers()
        half = len(self.film) // 2
        try:
            if start < half:
                self.wfile.write(self.film[start:half])
                self.wfile.flush()
                self.let_go.wait(60)
            self.wfile.write(self.film[max(start, half) :])
        except OSError:
            self.close_connection = True

    def log_message(self, *arguments):
        pass


def test_a_killed_server_goes_on_with_what_it_fetched(own_server, films):
    film = films.bunny.read_bytes()
    handler = type("Handler", (Files,), {"film": film, "let_go": threading.Event(), "ranges": []})
    source = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=source.serve_forever, daemon=True).start()
    try:
        palco = own_server({"PALCO_FETCH_NETWORKS": "127.0.0.1"}).start()
        client = palco.admin()
        address = f"http://user:hush@127.0.0.1:{source.server_address[1]}/s/share"
        begun = client.post("/videos", {"input_url": address}).expect(202)
        identifier = begun.json()["id"]
        assert begun.headers["location"].endswith(identifier)

        def is_halfway():
            fetch = client.video(identifier).get("fetch") or {}
            return fetch.get("received_bytes", 0) >= len(film) // 2

        wait_until(is_halfway, "half of it is there", 60)
        palco.kill()
        palco.start()
        client = palco.admin()
        handler.let_go.set()
        video = client.wait(identifier)
        assert video["checksum_sha256"] == hashlib.sha256(film).hexdigest()
        assert video["title"] == "Mi película" and "fetch" not in video
        # What was in memory only is fetched again: in a bucket all that makes no whole part.
        assert len(handler.ranges) > 1 and handler.ranges[-1] <= len(film) // 2
        assert handler.ranges[-1] > 0 or not MEDIA_IS_LOCAL
        page = client.post("/videos", {"input_url": f"{palco.url}/?key=hush"}).expect(202).json()["id"]
        wait_until(lambda: client.video(page)["status"] == "failed", "a page is told apart", 60)
        assert client.video(page)["fetch"]["error"]["code"] == "source_page"
        assert client.post(f"/videos/{page}/retry").expect(409).code == "address_forgotten"
        refused = client.post("/videos", {"input_url": "http://10.0.0.1/film.mp4"}).expect(422)
        assert refused.json()["errors"][0]["code"] == "source_forbidden"
        assert not [line for line in palco.lines if "hush" in line]
    finally:
        handler.let_go.set()
        source.shutdown()
