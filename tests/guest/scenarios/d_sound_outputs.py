"""Two sound cards of a terminal: the one or the other plays, and one whose clock is wrong is followed."""

import array
import math
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
        terminal.plays()
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
    """`sound-mode` while the tone plays: the one card falls silent and the other begins, and neither clicks."""
    plays_the_tone(lab, "the loudspeaker", heard(lab, 1, 2))
    for mode, old, new in (("ear", 1, 2), ("speaker", 2, 1)):
        asked, answered, cards = both(lab, mode, f"visavisctl player set sound-mode={mode}")
        words = terminal.status()["speaker"]["words"]
        lab.check(f"the {mode} is open", words.startswith(mode), words)
        silent, sounds = loud(cards[old])[-1], loud(cards[new])[0]
        told = f"{1000 * (sounds - silent):.0f} ms after the other fell silent, {1000 * (sounds - asked):.0f} ms"
        told += f" after visavisctl began, which took {1000 * (answered - asked):.0f} ms"
        lab.check(f"the {mode} is heard", asked < sounds < answered + 1, told)
        # The ramps of 10 ms and what is silent; before and behind them a slow emulator may let a card run dry.
        steps = [step(cards[old], silent - 0.012, silent + 0.1), step(cards[new], sounds - 0.1, sounds + 0.012)]
        lab.check("neither clicks", max(steps) < 1.5, f"{[round(step, 2) for step in steps]} of a tone's steepest step")
        plays_the_tone(lab, f"the {mode}", heard(lab, new, 2))
    lab.check("no sound of the other card", judge.level(heard(lab, 2, 1)) < -100)


def both(lab, name, order, seconds=5):
    """What comes out of both cards around an order: the guest's time (s) before and after it, and for each card the time
    of its first sample and its samples. The recordings stay as `name`-1.raw and `name`-2.raw."""
    record = "arecord -q -B 500000 -t raw -c 1 -r 48000 -f S16_LE"
    script = f"for card in 1 2; do {record} -d {seconds} -D {CARD.format(1, '$card')} /tmp/{name}-$card.raw & done; sleep 2\n"
    script += "sed -n 's/^trigger_time: //p' /proc/asound/Loopback/pcm1c/sub[12]/status\n"
    script += f"clock() {{ cut -d' ' -f1 /proc/uptime; }}; clock; {order} >/dev/null; clock; wait\n"
    script += f"cp /tmp/{name}-?.raw /host/{lab.folder.name}/"
    times = [float(time) for time in lab.guest.do(script, 60).split()]
    samples = [array.array("h", (lab.folder / f"{name}-{card}.raw").read_bytes()) for card in (1, 2)]
    return times[2], times[3], {1: (times[0], samples[0]), 2: (times[1], samples[1])}


def loud(card):
    """When it was heard: the guest's time of each piece of a millisecond (s)."""
    begun, samples = card
    return [begun + at / 48000 for at in range(0, len(samples) - 48, 48) if judge.level(samples[at : at + 48]) > -50]


def step(card, begin, end):
    """The largest step from a sample to the next between two moments, as part of the steepest of the tone."""
    begun, samples = card
    part = samples[max(0, int((begin - begun) * 48000)) : int((end - begun) * 48000)]
    largest = max(abs(after - before) for before, after in zip(part, part[1:]))
    return largest / (max(map(abs, part)) * 2 * math.pi * TONE_HZ / 48000)


def wrong_clock(lab, terminal):
    """The card's crystal is off by 6000 ppm, both ways, far more than any is: nothing is missing for it."""
    def missing():
        return terminal.status()["players"][0]["net"]["soundMissingMs"]

    for ppm in (0, 6000, -6000):
        # The larger the number the slower the card.
        control = "iface=PCM,name='PCM Rate Shift 100000',device=1,subdevice=1"
        lab.guest.do(f'amixer -q -c Loopback cset "{control}" {100000 - ppm // 10}')
        time.sleep(12)
        # A busy machine starves the emulator's cards now and then; what a clock does it does every time.
        told, seconds = [], 20
        while not told or told[-1] > 60 and len(told) < 4:
            before = missing()
            time.sleep(seconds)
            told.append(missing() - before)
        lab.check(f"a card at {ppm:+} ppm", told[-1] <= 60, f"{told} ms missing in {seconds} s each (bound 60 ms)")
        plays_the_tone(lab, f"the card at {ppm:+} ppm", heard(lab, 1, 2))
    lab.guest.do(f'amixer -q -c Loopback cset "{control}" 100000')


def plays_the_tone(lab, what, samples):
    """It is the tone, as loud as it was sent."""
    hz, level = judge.tone(samples[len(samples) // 4 :])
    lab.check(f"{what} plays the tone", abs(hz - TONE_HZ) < 8 and level > -30, f"{hz:.1f} Hz at {level:.0f} dB")
