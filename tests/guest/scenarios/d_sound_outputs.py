"""Two sound cards of a terminal: the one or the other plays, and one whose clock is wrong is followed."""

import array
import time

import devices
import judge
from server import Publisher

TONE_HZ = 600
CARD = "hw:CARD=Loopback,DEV={},SUBDEV={}"
BOARD = f"""
name = "guest"
[speaker.speaker]
driver = "alsa"
device = "{CARD.format(0, 1)}"
[speaker.ear]
driver = "alsa"
device = "{CARD.format(0, 2)}"
[display]
driver = "none"
"""


def run(lab):
    devices.microphone(lab.guest, tone=False)
    config = f'[[player]]\nid = "agent"\nsrc = "{lab.server.from_guest("agent")}"\nmode = "RTC"\nautoplay = true\n'
    with Publisher(lab.server.from_host("agent")):
        terminal = lab.terminal(config, BOARD)
        terminal.wait(2004, source="player:agent")
        terminal.wait_until(lambda now: now["speaker"]["state"] == "running", what="the loudspeaker runs")
        switched(lab, terminal)
        wrong_clock(lab, terminal)
        lab.stop(terminal)


def heard(lab, subdevice, seconds):
    """What comes out of one of the cards."""
    name = f"heard-{subdevice}.raw"
    record = f"arecord -q -D {CARD.format(1, subdevice)} -t raw -c 1 -r 48000 -f S16_LE -d {seconds}"
    lab.guest.do(f"{record} /tmp/{name}; cp /tmp/{name} /host/{lab.folder.name}/", seconds + 30)
    return array.array("h", (lab.folder / name).read_bytes())


def switched(lab, terminal):
    """`sound-mode` while the tone plays."""
    plays_the_tone(lab, "the loudspeaker", heard(lab, 1, 2))
    for mode, subdevice in (("ear", 2), ("speaker", 1)):
        before = lab.guest.uptime_around(f"visavisctl player set sound-mode={mode}")[0]
        lab.guest.sh("sleep 1")
        noted = lab.guest.sh(f"grep -c 'loudspeaker: {mode}:' /tmp/visavis/log")[1].strip()
        status = terminal.wait_until(lambda now: now["speaker"]["words"].startswith(mode), what=f"{mode} plays")
        lab.check(f"the {mode} is open", status["speaker"]["state"] == "running", f"{noted} times, since {before:.1f}")
        plays_the_tone(lab, f"the {mode}", heard(lab, subdevice, 2))
    lab.check("no sound of the other card", judge.level(heard(lab, 2, 1)) < -100)


def wrong_clock(lab, terminal):
    """The card's crystal is off by 6000 ppm, both ways, far more than any is: no more is missing than with a right one."""
    def missing():
        return terminal.status()["players"][0]["net"]["soundMissingMs"]

    right = None
    for ppm in (0, 6000, -6000):
        control = "iface=PCM,name='PCM Rate Shift 100000',device=1,subdevice=1"
        lab.guest.do(f'amixer -q -c Loopback cset "{control}" {100000 + ppm // 10}')
        time.sleep(6)
        before, seconds = missing(), 20
        time.sleep(seconds)
        told = missing() - before
        right = told if right is None else right
        # A slow emulator starves any card.
        bound = 2 * right + 200
        lab.check(f"a card at {ppm:+} ppm", told <= bound, f"{told} ms missing in {seconds} s (bound {bound})")
        plays_the_tone(lab, f"the card at {ppm:+} ppm", heard(lab, 1, 2))


def plays_the_tone(lab, what, samples):
    """It is the tone, as loud as it was sent."""
    hz, level = judge.tone(samples[len(samples) // 4 :])
    lab.check(f"{what} plays the tone", abs(hz - TONE_HZ) < 8 and level > -30, f"{hz:.1f} Hz at {level:.0f} dB")
