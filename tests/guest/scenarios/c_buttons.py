"""Buttons and lamps of a simulated GPIO chip: what a hand does is heard, seen and lit, and a bad contact is not."""

import time

import devices
import judge
import panel
from a_cameras import colour_name, squeezed

SHORT = True

# From the edge's stamp to the deed: the debounce and 100 ms, as a rule; the emulator may be busy once. The lamp is
# the deed and the emulator's way to look at it.
DEED, SLOWEST, LAMP = 0.03 + 0.1, 1.0, 1.0
MUTE, CAMERA, STANDBY = (
    "button mute: short press, toggle-mute",
    "button camera: short press, switch-camera",
    "button mute: long press, standby",
)


def run(lab):
    devices.cameras(lab.guest)
    devices.microphone(lab.guest)
    hands = panel.Panel(lab.guest)
    hands.annex.occupy(0, True)
    begun = time.monotonic()
    terminal = lab.terminal(devices.pusher(lab.server.from_guest("door")), devices.BOARD + panel.BOARD)
    started = time.monotonic() - begun
    missing(lab, terminal, hands, started)
    hands.annex.occupy(0, False)
    freed = float(lab.guest.do("date +%s"))
    terminal.start()
    terminal.wait(1007)
    time.sleep(4)
    silence = muted(lab, terminal, hands)
    standby(lab, terminal, hands)
    bad_contacts(lab, terminal, hands)
    switched(lab, terminal, hands)
    other_camera(lab, terminal, hands)
    terminal.ctl("pusher stop")
    pulled(lab, terminal, hands, freed)
    lab.check("the standby lamp is lit", until(terminal, "standby on", lambda: hands.lit("standby")))
    lab.stop(terminal)
    lab.check("it is dark when the program has ended", not hands.lit("standby"))
    hands.kiosk.vanish()
    hands.annex.vanish()
    recording(lab, lab.server.recordings("door")[0], silence)


def button(status, name):
    """A button's state and words."""
    found = next(it for it in status["buttons"] if it["name"] == name)
    return found["state"], found["words"]


def log(terminal):
    """What the daemon has written down."""
    return terminal.guest.do("cat /tmp/visavis/log")


def until(terminal, order, true):
    """Gives an order and waits for what follows."""
    terminal.ctl(order)
    limit = time.monotonic() + 5
    while not true():
        if time.monotonic() > limit:
            return False
        time.sleep(0.1)
    return True


def missing(lab, terminal, hands, started):
    """Row 49: no chip at the start, then one with a line that is taken."""
    lab.within("row 49: ready without its chip", started, 10.0)
    status = terminal.wait_until(lambda now: button(now, "mute")[0] == "lost", what="the mute button is lost")
    words = status["degraded"]
    lab.check("row 49: it says so", any("button mute" in it and "no such chip" in it for it in words), words[:1])
    came, _ = hands.kiosk.appear()
    status = terminal.wait_until(lambda now: button(now, "mute")[0] == "ready", 40, "the chip is used")
    used = float(lab.guest.do("cut -d' ' -f1 /proc/uptime"))
    lab.within("row 49: the chip is used when it has come", used - came, 30.0)
    state, words = button(terminal.status(), "spare")
    lab.check("row 49: a line in use is lost alone, and its user named", state == "lost" and "sysfs" in words, words)
    lab.check("the fault lamp is lit", hands.lit("fault"))


def muted(lab, terminal, hands):
    """Press: silence and a lamp; press again: sound and none. Gives the time between the two deeds."""
    took = hands.until_lamp("mute", "1 0.2 0", "muted", True)
    lab.within("from the finger to the muted lamp (emulated)", took, LAMP)
    status = terminal.status()["pusher"]
    lab.check("muted", status["muted-by"] == ["muted"], status["muted-by"])
    time.sleep(5)
    took = hands.until_lamp("mute", "1 0.2 0", "muted", False)
    lab.within("and back again", took, LAMP)
    lab.check("not muted", not terminal.status()["pusher"]["muted"])
    lab.check("the live lamp is lit", hands.lit("live"))
    time.sleep(4)
    first, second = panel.moments(log(terminal), MUTE)
    return second - first


def standby(lab, terminal, hands):
    """A long press closes the camera, and only a hand opens it again."""
    cameras = f"ls -l /proc/{terminal.pid}/fd | grep -c /dev/video"
    lab.check("a camera is open", lab.guest.sh(cameras)[1].strip() == "1")
    held = [name for name in terminal.status()["open-devices"] if name.startswith("/dev/video")]
    lab.check("and the terminal lists it", len(held) == 1, f"{held}")
    took = hands.until_lamp("mute", "1", "standby", True)
    lab.check("standby after three seconds, still held", 3.0 <= took <= 3.0 + LAMP, f"{took:.2f} s")
    terminal.wait_until(lambda now: now["pusher"]["picture"] == "waiting-image", what="the card is sent")
    time.sleep(1)
    lab.check("no camera is open", lab.guest.sh(cameras)[1].strip() == "0")
    held = [name for name in terminal.status()["open-devices"] if name.startswith("/dev/video")]
    lab.check("and the terminal lists none", held == [], f"{held}")
    hands.touch("mute", "0")
    status, words = lab.guest.sh("visavisctl standby off")
    lab.check("the socket can not end it", status == 1 and "only a button" in words, words.strip())
    time.sleep(3)
    took = hands.until_lamp("mute", "1", "standby", False)
    hands.touch("mute", "0 0.3")
    lab.check("a hand can", terminal.status()["standby"] is False and took >= 3.0, f"{took:.2f} s")
    terminal.wait_until(lambda now: now["pusher"]["picture"] == "camera", what="the camera is back")
    time.sleep(4)


def bad_contacts(lab, terminal, hands):
    """Row 48: bounce, noise, chatter, a stuck contact and two buttons at once."""
    acted = len(panel.deeds(log(terminal), MUTE))
    hands.press("mute")
    hands.touch("mute", "1 0 0.3")
    hands.press("mute")
    deeds = panel.deeds(log(terminal), MUTE)[acted:]
    lab.check("row 48: two presses that bounce, and a spike between them, act twice", len(deeds) == 2, len(deeds))

    hands.chatter("mute")
    state, words = button(terminal.status(), "mute")
    lab.check("row 48: a chattering line is told of", state == "chattering", words)
    more = len(panel.deeds(log(terminal), MUTE)) - acted - 2
    lab.check("row 48: it acts once at most", more <= 1, more)
    hands.press("mute")
    lab.check("row 48: and is ignored", len(panel.deeds(log(terminal), MUTE)) == acted + 2 + more)
    terminal.wait_until(lambda now: button(now, "mute")[0] == "ready", what="the line is calm again")
    if terminal.status()["pusher"]["muted"]:
        hands.press("mute")

    switched = len(panel.deeds(log(terminal), CAMERA))
    held = float(lab.guest.do("date +%s"))
    hands.touch("camera", "1")
    terminal.wait_until(lambda now: button(now, "camera")[0] == "stuck", what="the button is stuck")
    told = panel.moments(log(terminal), "button camera: stuck")[0]
    lab.within("row 48: a stuck button is told of", told - held, 10.0 + 2.0)
    hands.touch("camera", "0 0.3")
    status = terminal.status()
    lab.check("row 48: it is well when it is released", button(status, "camera")[0] == "ready")
    lab.check("row 48: it acted once", len(panel.deeds(log(terminal), CAMERA)) == switched + 1)
    both = [hands.edge(name, closed) for closed in (True, False) for name in ("mute", "camera")]
    counts = len(panel.deeds(log(terminal), MUTE)), len(panel.deeds(log(terminal), CAMERA))
    lab.guest.do("; ".join([*both[:2], "sleep 0.2", *both[2:], "sleep 0.3"]))
    now = len(panel.deeds(log(terminal), MUTE)), len(panel.deeds(log(terminal), CAMERA))
    lab.check("row 48: two buttons at once do what each does", now == (counts[0] + 1, counts[1] + 1), (counts, now))
    hands.press("mute")


def switched(lab, terminal, hands):
    """A mute switch, active high, that neither socket nor button overrides."""
    hands.touch("privacy", "1")
    what = "the switch silences"
    terminal.wait_until(lambda now: now["pusher"]["muted-by"] == ["mute-switch"], what=what)
    terminal.ctl("pusher unmute")
    hands.press("mute")
    hands.press("mute")
    reasons = terminal.status()["pusher"]["muted-by"]
    lab.check("neither socket nor button overrides a mute switch", reasons == ["mute-switch"], reasons)
    hands.touch("privacy", "0 0.1")
    terminal.wait_until(lambda now: not now["pusher"]["muted"], what="the switch is off")


def other_camera(lab, terminal, hands):
    """The camera button leads from the front camera to the back one."""
    status = terminal.wait_until(lambda now: now["pusher"]["camera"]["state"] == "running", what="a camera runs")
    lab.check("two presses led back to the front camera", status["pusher"]["camera-position"] == "front")
    time.sleep(3)
    hands.press("camera")
    terminal.wait_until(lambda now: now["pusher"]["camera-position"] == "back", what="the other camera")
    time.sleep(4)
    deeds = [seconds for words in (MUTE, CAMERA, STANDBY) for seconds in panel.deeds(log(terminal), words)]
    lab.within(f"from the kernel's stamp to the deed, median of {len(deeds)}", sorted(deeds)[len(deeds) // 2], DEED)
    lab.within("the slowest of them (emulated)", max(deeds), SLOWEST)


def pulled(lab, terminal, hands, freed):
    """Row 49: the line that was in use is taken, and the chip goes away and comes back."""
    terminal.wait_until(lambda now: button(now, "spare")[0] == "ready", 40, "the line that was in use")
    taken = panel.moments(log(terminal), "button spare: ready")[0]
    lab.within("row 49: a line that is free again is used", taken - freed, 31.0)
    hands.kiosk.vanish()
    status = terminal.wait_until(lambda now: button(now, "camera")[0] == "lost", what="the buttons are lost")
    lamps = [lamp["state"] for lamp in status["lamps"]]
    lab.check("row 49: a pulled chip is told of, lamps too", lamps == ["lost"] * 4, lamps)
    came, _ = hands.kiosk.appear()
    terminal.wait_until(lambda now: now["degraded"] == [], 40, "nothing is degraded any more")
    used = float(lab.guest.do("cut -d' ' -f1 /proc/uptime"))
    lab.within("row 49: every line is used again", used - came, 30.0)
    lab.check("the fault lamp is dark", not hands.lit("fault"))


def recording(lab, file, silence):
    """Judges what the server received."""
    samples = judge.sound(file)
    silences = [(begin, end) for begin, end in judge.quiet_spans(samples) if end - begin > 3.0 and begin > 1.0]
    if not lab.check("a silence between sounds", silences and silences[0][1] < len(samples) / judge.RATE, silences):
        return
    begin, end = silences[0]
    lab.within(f"silent as long as it was muted ({silence:.2f} s), but for", abs(end - begin - silence), 0.25)
    inside = judge.level(judge.sound(file, after=begin + 0.5, seconds=3))
    before, after = (judge.level(judge.sound(file, after=at, seconds=1)) for at in (begin - 1.5, end + 0.5))
    lab.check("no sound inside", inside < -90, f"{inside:.1f} dB")
    lab.check("the tone before and after", before > -30 and after > -30, f"{before:.1f} and {after:.1f} dB")
    names = squeezed("".join(colour_name(picture.mean()) for picture in judge.pictures(file, 32, 18)))
    lab.check("red, a card, red; blue and red again; blue", names == "r-rbrb", names)
