"""Screens that are pulled, exchanged or held by another program: the call goes on, and the picture is back in time."""

import threading
import time

import devices
import film
import judge
from b_screen import is_card, player


def board(card):
    """A board with this card and a loudspeaker."""
    return f"""
name = "guest"
[display]
driver = "drm"
card = "{card}"
[speaker.speaker]
driver = "alsa"
device = "hw:CARD=Loopback,DEV=0,SUBDEV=1"
"""


def run(lab):
    # Few pictures: what is timed is the terminal, not how many the emulator can draw.
    reel = film.Film(lab.folder, rate=5)
    devices.microphone(lab.guest, tone=False)
    # The emulator believes that nobody looks until it is told a size, and would not see that change to nothing.
    lab.guest.resize_screen(640, 360)
    config = player(lab.server.from_guest("agent"))
    with reel.at(lab.server.from_host("agent")):
        with Listening(lab) as listening:
            terminal = held(lab, config)
            pulled(lab, terminal)
            exchanged(lab, terminal)
        lab.check("the sound never stopped", listening.longest < 2.0, f"silent {listening.longest:.1f} s at most")
        codes = [code for code in terminal.codes(source="player:agent") if code in (2103, -2301, 2006)]
        lab.check("the session was never lost", codes == [], codes)
        lab.stop(terminal)
        unnamed(lab, config)


def shot(lab, device):
    """What a screen shows now."""
    file = lab.folder / f"{device}.ppm"
    lab.guest.qmp("screendump", filename=str(file), device=device)
    return judge.ppm(file)


def seen(lab, device, begun, size):
    """Looks until the screen of this size shows the film: the seconds since `begun`."""
    while time.monotonic() < begun + 20:
        picture = shot(lab, device)
        bars = picture.part(picture.width // 4, picture.height // 3, picture.width // 2, 8).rgb
        if (picture.width, picture.height) == size and max(bars) > 150 and not is_card(picture):
            return time.monotonic() - begun
        time.sleep(0.05)
    raise AssertionError(f"{device} does not show the film in {size[0]}x{size[1]}")


def state(terminal, name, seconds=20):
    """Waits for the display's state: its words."""
    return terminal.wait_until(lambda now: now["display"]["state"] == name, seconds, name)["display"]["words"]


def held(lab, config):
    """Row 13: another program is master of the card; after its end the screen is taken within a try."""
    find = "modetest -M virtio_gpu -c | awk '$3 == \"connected\" { print $1; exit }'"
    draw = f"sleep 1000 | modetest -M virtio_gpu -s $({find}):640x360"
    other = lab.guest.do(f"({draw}) >/dev/null 2>&1 & sleep 2; pidof modetest").split()[0]
    terminal = lab.terminal(config, board("virtio_gpu"))
    words = state(terminal, "lost")
    lab.check("row 13: another program's screen is told", "another program" in words, words)
    flows = terminal.wait_until(lambda now: now["players"][0]["net"]["videoBitrate"] > 0, 20, "the stream flows")
    lab.check("row 13: the stream is played meanwhile", flows["players"][0]["state"] == "live")
    begun = time.monotonic()
    lab.guest.do(f"kill {other}")
    lab.within("row 13: picture after the other program's end", seen(lab, "gpu0", begun, (640, 360)), 2.0)
    return terminal


def pulled(lab, terminal):
    """Row 11: a plug that the kernel tells of, and a connector that is forced off without a word."""
    force = "/sys/class/drm/card0-Virtual-1/status"
    ways = (
        ("told", 2.0, lambda: lab.guest.resize_screen(0, 0), lambda: lab.guest.resize_screen(640, 360)),
        # The slow look comes every two seconds, and half a second of calm follows.
        ("untold", 4.0, lambda: lab.guest.do(f"echo off >{force}"), lambda: lab.guest.do(f"echo detect >{force}")),
    )
    for name, bound, out, back in ways:
        begun = time.monotonic()
        out()
        words = state(terminal, "lost")
        lab.within(f"row 11: loss noticed, {name}", time.monotonic() - begun, bound)
        lab.check("row 11: in words", "Virtual-1: no screen is plugged in" in words, words)
        time.sleep(3)
        player = terminal.status()["players"][0]
        net = player["net"]
        words = f"{net['netSpeed']} kbit/s, {net['jitterBufferMs']:.0f} ms in the jitter buffer"
        flows = player["state"] == "live" and net["netSpeed"] > 0
        lab.check("row 11: the stream goes on at the live edge", flows, words)
        begun = time.monotonic()
        back()
        lab.within(f"row 11: picture after the replug, {name}", seen(lab, "gpu0", begun, (640, 360)), 2.0)


def exchanged(lab, terminal):
    """Row 12: another preferred mode, told by the kernel; the picture is fitted anew."""
    for size in ((800, 600), (640, 360)):
        words = f"{size[0]}x{size[1]}"
        begun = time.monotonic()
        lab.guest.resize_screen(*size)
        lab.within(f"row 12: picture in {words}", seen(lab, "gpu0", begun, size), 2.0)
        picture, driven = shot(lab, "gpu0"), state(terminal, "running")
        lab.check("row 12: the status says so", f" {words} at " in driven, driven)
        edge = picture.part(0, size[1] // 2, 8, 8).mean()
        fitted = max(edge) > 150 if size == (800, 600) else max(edge) < 16
        lab.check("row 12: 4:3 fills 4:3 and has bars on 16:9", fitted, f"left edge {edge}")


def unnamed(lab, config):
    """Row 12: a screen without EDID, at another driver."""
    lab.guest.do("modprobe bochs; udevadm settle -t 20")
    begun = time.monotonic()
    terminal = lab.terminal(config, board("bochs-drm"))
    words = state(terminal, "running")
    size = tuple(int(side) for side in words.split()[1].split("x"))
    lab.check("row 12: without EDID the kernel's safe mode is taken", size == (1024, 768), words)
    lab.check("row 12: picture without EDID", True, f"{seen(lab, 'gpu1', begun, size):.1f} s after the start")
    lab.stop(terminal)


class Listening(threading.Thread):
    """Records the loudspeaker for the length of a `with`; `longest`: seconds of silence after the first sound."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.longest = lab, 0.0
        self.file = lab.folder / "heard.wav"

    def run(self):
        record = "arecord -q -D hw:CARD=Loopback,DEV=1,SUBDEV=1 -B 1000000 -t wav -f S16_LE -r 48000 -c 1"
        self.lab.guest.sh(f"{record} /tmp/heard.wav; cp /tmp/heard.wav /host/{self.lab.folder.name}/", 300)

    def __enter__(self):
        self.start()
        time.sleep(1)
        return self

    def __exit__(self, *_):
        self.lab.guest.sh("killall -INT arecord")
        self.join()
        samples = judge.sound(self.file)
        first = next((at for at, value in enumerate(samples) if abs(value) > 500), len(samples))
        spans = judge.quiet_spans(samples[first:])
        self.longest = max((end - start for start, end in spans), default=0.0) if first < len(samples) else 99.0
