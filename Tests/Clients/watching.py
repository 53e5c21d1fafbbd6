"""What every browser test asks of the watch page, as JavaScript that runs in any of them."""

import json

from palco import ADMIN_EMAIL, ADMIN_PASSWORD
from waiting import wait_until

VIDEO = """(() => {
    const player = document.querySelector('palco-player');
    return player && (player.shadowRoot ?? player).querySelector('video');
})()"""

STATE = """JSON.stringify((() => {
    const player = document.querySelector('palco-player');
    const video = player && (player.shadowRoot ?? player).querySelector('video');
    if (!video) return null;
    const ranges = [];
    for (let i = 0; i < video.buffered.length; i++) ranges.push([video.buffered.start(i), video.buffered.end(i)]);
    const quality = video.getVideoPlaybackQuality?.();
    return {
        time: video.currentTime, duration: video.duration, paused: video.paused, ended: video.ended,
        width: video.videoWidth, height: video.videoHeight, error: video.error?.message ?? null, ranges,
        frames: quality?.totalVideoFrames ?? 0, dropped: quality?.droppedVideoFrames ?? 0,
        src: video.currentSrc, text: (player.shadowRoot ?? player).textContent.trim().slice(0, 400),
    };
})())"""

PLAYER = "document.querySelector('palco-player')"

# The captions that are shown now.
CUES = f"""[...{VIDEO}.textTracks].filter((track) => track.mode === 'showing')
    .flatMap((track) => [...(track.activeCues ?? [])].map((cue) => cue.text)).join()"""

PLAY = f"(() => {{ const v = {VIDEO}; v.muted = true; return v.play().then(() => true, (e) => String(e)); }})()"

SIGN_IN = f"""fetch('/api/v1/auth/login', {{
    method: 'POST', credentials: 'same-origin', headers: {{'Content-Type': 'application/json'}},
    body: JSON.stringify({json.dumps(dict(email=ADMIN_EMAIL, password=ADMIN_PASSWORD))}),
}}).then((answer) => answer.status)"""

# The mean colour of the picture shown: proves that real frames are painted.
PICTURE = f"""JSON.stringify((() => {{
    const video = {VIDEO}, canvas = document.createElement('canvas');
    canvas.width = 16; canvas.height = 9;
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 16, 9);
    const data = context.getImageData(0, 0, 16, 9).data;
    return Array.from(data).filter((_, index) => index % 4 < 3);
}})())"""


# The loudest frequency that the video element gives out, in hertz; 0: silence.
HEARD = f"""(async () => {{
    const video = {VIDEO};
    if (globalThis.ears?.video !== video) {{
        const context = new AudioContext();
        const analyser = new AnalyserNode(context, {{ fftSize: 8192, smoothingTimeConstant: 0 }});
        context.createMediaElementSource(video).connect(analyser).connect(context.destination);
        globalThis.ears = {{ video, context, analyser }};
    }}
    const {{ context, analyser }} = globalThis.ears;
    await context.resume();
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const loudest = Math.max(...levels);
    return loudest < -80 ? 0 : levels.indexOf(loudest) * context.sampleRate / analyser.fftSize;
}})()"""

class Watching:
    """`evaluate(javascript)` of any browser, awaited; what people do on the watch page."""

    def __init__(self, evaluate):
        self.evaluate = evaluate

    def state(self):
        return json.loads(self.evaluate(STATE) or "null")

    def wait(self, condition, seconds=20, what=""):
        def fitting():
            state = self.state()
            return state if state and condition(state) else None

        return wait_until(fitting, lambda: f"{what}: {self.state()}", seconds)

    def play(self):
        self.wait(lambda state: state["duration"] and state["duration"] > 0, what="loaded")
        return self.evaluate(PLAY)

    def play_aloud(self):
        assert self.play() is True
        self.evaluate(f"(() => {{ const v = {VIDEO}; v.muted = false; v.volume = 1; return 0; }})()")

    def hears(self, tone, seconds=15):
        """A tone of so many hertz is the loudest that comes out."""
        heard = []

        def fits():
            heard.append(self.evaluate(HEARD))
            return abs(heard[-1] - tone) < 15

        wait_until(fits, lambda: f"{tone} Hz; heard was {sorted(set(map(round, heard)))}", seconds)

    def changes_the_sound(self, place):
        """Another sound takes over soon and plays on, there and elsewhere; the picture is not waited for."""
        loader = f"{PLAYER}.playback.loaders.find(({{ track }}) => track.kind === 'audio')"
        self.evaluate(f"(() => {{ const v = {VIDEO}; v.waits = 0; v.onwaiting = () => (v.waits += 1); return 0; }})()")
        self.evaluate(f"(() => {{ {PLAYER}.chooseSound({PLAYER}.playback.sounds[{place}]); return 0; }})()")
        wait_until(lambda: self.evaluate(f"{loader}.current") == place, "the other sound is there", 5)
        self.plays_on(5)
        assert self.evaluate(f"{VIDEO}.waits") == 0, f"it stood still: {self.state()}"
        self.seek(45)
        self.plays_on(1)
        self.seek(2)
        self.plays_on(1)

    def plays_on(self, seconds=2, within=20):
        """Playback advances by `seconds` without an error."""
        start = self.wait(lambda state: state["ranges"], what="buffered")["time"]
        state = self.wait(lambda state: state["time"] >= start + seconds, within, f"{seconds} s further than {start}")
        assert state["error"] is None
        return state

    def seek(self, to):
        self.evaluate(f"(() => {{ {VIDEO}.currentTime = {to}; return 0; }})()")
        self.wait(lambda state: any(start - 0.1 <= to <= end for start, end in state["ranges"]), 30, f"buffered at {to}")
        return self.wait(lambda state: to - 0.1 <= state["time"] <= to + 15, 20, f"at {to}")

    def plays_over_http2(self, goto, url, video):
        """It plays and seeks, then the library is opened: all of it comes over HTTP/2, but what the browser has already.

        How the page itself came no browser tells where a service worker handed it over."""
        assert self.play() is True
        self.plays_on(1.5, within=30)
        self.seek(video["duration"] * 0.6)
        self.plays_on(1, within=30)
        assert self.paints()
        assert self.evaluate("isSecureContext && location.protocol === 'https:'") is True
        media = [address for address, protocol in self.spoken() if ".m4s" in address and protocol == "h2"]
        assert media, self.spoken()
        goto(url + "/")
        found = "document.querySelectorAll('[data-testid=video]').length"
        wait_until(lambda: self.evaluate(found) == 1, "the film is in the library")
        assert any(address.startswith(f"{url}/") and protocol == "h2" for address, protocol in self.spoken()), self.spoken()

    def spoken(self):
        """Addresses that the page has loaded, and how (RFC 7301's names); a browser may leave out the name."""
        loaded = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        text = self.evaluate(f"JSON.stringify({loaded}.map((each) => [each.name, each.nextHopProtocol]))")
        spoken = [(address, protocol) for address, protocol in json.loads(text) if protocol]
        assert {protocol for _, protocol in spoken} <= {"h2"}, spoken
        return spoken

    def plays_to_the_end(self):
        """From its beginning, without an error."""
        assert self.play() is True
        state = self.wait(lambda state: state["ended"] or state["error"], 60, "it ends")
        assert state["error"] is None and abs(state["time"] - state["duration"]) < 0.5
        return state

    def paints(self):
        values = json.loads(self.evaluate(PICTURE))
        return max(values) - min(values) > 30

    def follows_the_network(self, network, video, lines=720):
        """Down to fewer lines on a slow network, and up again on a fast one."""
        self.play()
        self.wait(lambda state: state["height"] >= lines and state["time"] > 1, 30, f"{lines} lines")
        # Paused, so that a slow machine does not buffer the whole film before it is told of the slow network.
        self.evaluate(f"(() => {{ {VIDEO}.pause(); return 0; }})()")
        network.down.rate = 60_000
        unbuffered = max(end for _, end in self.state()["ranges"]) + 1
        assert unbuffered < video["duration"] - 12, "nothing is left to be loaded slowly"
        self.seek(unbuffered)
        assert self.play() is True
        self.wait(lambda state: 0 < state["height"] < lines and not state["paused"], 40, "fewer lines")
        self.plays_on(2, within=30)
        network.down.rate = None
        self.seek(2)
        self.wait(lambda state: state["height"] >= lines, 40, f"{lines} lines again")

    def survives_a_restart(self, palco, network):
        """The server is killed, comes back after a far part was asked for in vain, and that part plays."""
        self.play()
        self.plays_on(1)
        port = palco.port
        palco.kill()
        self.evaluate(f"(() => {{ {VIDEO}.currentTime = 200; return 0; }})()")
        network.refused.clear()
        wait_until(lambda: any(".m4s" in each for each in network.refused), "media is asked for in vain")
        palco.start(port=port)
        state = self.wait(lambda state: state["time"] > 202, 60, "playing again")
        assert state["error"] is None
