"""Two players on one sound card: one has it and the other says why it is silent, or ALSA mixes and both are heard."""

import array
import math
import time

import devices
import judge
from server import Publisher

# Who is heard by which tone.
TONES = {"agent": 600, "interpreter": 900}
CARD = "hw:CARD=Loopback,DEV={},SUBDEV={}"
BOARD = """
name = "guest"
[speaker.speaker]
driver = "alsa"
device = "{}"
[display]
driver = "none"
"""
# As in docs/reference.md: short periods, so that little waits in the card.
MIXED = f"""
pcm.shared {{
    type dmix
    ipc_key 21763
    ipc_perm 0660
    slave {{ pcm "{CARD.format(0, 3)}" format S16_LE rate 48000 channels 2 period_size 240 buffer_size 1920 }}
}}
"""


def run(lab):
    devices.microphone(lab.guest, tone=False)
    (lab.folder / "asound.conf").write_text(MIXED)
    lab.guest.do(f"cp /host/{lab.folder.name}/asound.conf /etc/")
    with Publisher(lab.server.from_host("agent"), TONES["agent"]):
        with Publisher(lab.server.from_host("interpreter"), TONES["interpreter"]):
            held(lab)
            mixed(lab)
    lab.guest.do("rm /etc/asound.conf")


def started(lab, device):
    """A terminal whose two players play to this device."""
    player = '[[player]]\nid = "{}"\nsrc = "{}"\nmode = "RTC"\nautoplay = true\n'
    config = "".join(player.format(name, lab.server.from_guest(name)) for name in TONES)
    terminal = lab.terminal(config, BOARD.format(device))
    terminal.plays()
    return terminal


def speakers(status):
    """What each player says of its loudspeaker."""
    return [player["speaker"] for player in status["players"]]


def held(lab):
    """A card itself is had by one only."""
    terminal = started(lab, CARD.format(0, 4))
    status = terminal.wait_until(lambda now: {"running", "lost"} == {speaker["state"] for speaker in speakers(now)})
    words = next(speaker["words"] for speaker in speakers(status) if speaker["state"] == "lost")
    lab.check("a card is had by one player, the other says what to do", "dmix" in words, words)
    lab.stop(terminal)


def mixed(lab):
    """One that mixes is had by both."""
    terminal = started(lab, "plug:shared")
    running = terminal.wait_until(lambda now: all(speaker["state"] == "running" for speaker in speakers(now)))
    lab.check("a card that mixes is had by both", True, speakers(running)[1]["words"])
    heard(lab, "both are heard", TONES.values())
    terminal.ctl("player interpreter stop")
    heard(lab, "the one that is left is heard", [TONES["agent"]])
    terminal.ctl("player interpreter play")
    heard(lab, "and both again", TONES.values())
    begun = time.monotonic()
    lab.stop(terminal)
    lab.within("the daemon ends while both play", time.monotonic() - begun, 5)


def heard(lab, what, wanted, known=tuple(TONES.values())):
    """Of the known tones just these come out of the card, now or when the emulator has caught up with a start."""
    for _ in range(3):
        time.sleep(2)
        levels = recorded(lab, known)
        if good := all((level > -30) == (hz in wanted) for hz, level in levels.items()):
            break
    lab.check(what, good, ", ".join(f"{hz} Hz at {level:.0f} dB" for hz, level in levels.items()))


def recorded(lab, known):
    """Three seconds of the card: how loud each of these tones is in them."""
    record = f"arecord -q -D {CARD.format(1, 3)} -t raw -c 2 -r 48000 -f S16_LE -d 3 /tmp/shared.raw"
    lab.guest.do(f"{record}; cp /tmp/shared.raw /host/{lab.folder.name}/", 60)
    samples = array.array("h", (lab.folder / "shared.raw").read_bytes())[::2]
    return {hz: strength(samples, hz) for hz in known}


def strength(samples, hz):
    """How loud a tone is most of the time, in dB of full scale: the median of pieces of a twentieth of a second."""
    size, levels = judge.RATE // 20, []
    wave = [(math.cos(turn), math.sin(turn)) for turn in (2 * math.pi * hz * at / judge.RATE for at in range(size))]
    for at in range(0, len(samples) - size, size):
        piece = samples[at : at + size]
        sums = [sum(value * turn[part] for value, turn in zip(piece, wave)) for part in (0, 1)]
        levels.append(20 * math.log10(max(math.hypot(*sums) * math.sqrt(2) / size / 32767, 1e-6)))
    return sorted(levels)[len(levels) // 2]
