"""Two streams on the kernel's screen, in halves, in a corner and alone: what becomes of one leaves the other as it is."""

import time

import devices
import film
import judge
from b_screen import is_card, judged, shot, until_shot

BOARD = """
name = "guest"
[display]
driver = "drm"
card = "virtio_gpu"
[speaker.speaker]
driver = "null"
"""
# Parts of a screen of 640x360 in which a film of 320x240 lies: left, top, width, height.
HALVES = {"agent": (0, 60, 320, 240), "interpreter": (320, 60, 320, 240)}
ALONE = (80, 0, 480, 360)
CORNER = (510, 10, 120, 90)


def players(lab):
    """Two that play from the start, the first with the better place."""
    return "".join(
        f'[[player]]\nid = "{name}"\nsrc = "{lab.server.from_guest(name)}"\nmode = "RTC"\nautoplay = true\n'
        for name in HALVES
    )


def run(lab):
    reels = {
        "agent": film.Film(lab.folder, rate=8, name="agent"),
        "interpreter": film.Film(lab.folder, rate=8, name="interpreter", colours=film.BARS[::-1]),
    }
    showings = {name: reel.at(lab.server.from_host(name)) for name, reel in reels.items()}
    with showings["agent"]:
        with showings["interpreter"]:
            terminal = lab.terminal(players(lab) + '[screen]\nlayout = "grid"\n', BOARD)
            terminal.plays()
            halves(lab, reels, "grid")
            stays(lab, "the other one stops", lambda: terminal.ctl("player interpreter stop"))
            judged(lab, reels["agent"], "alone", within(ALONE), (480, 360))
            stays(lab, "it plays again", lambda: terminal.ctl("player interpreter play"))
            halves(lab, reels, "grid again")
            terminal.ctl("screen set layout=pip")
            cornered(lab, reels)
            terminal.ctl("screen set layout=grid")
            until_shot(lab, "before-the-end", lambda picture: picture.part(*HALVES["agent"]).time_mark())
            ended = len(terminal.codes(source="player:interpreter"))
        stays(lab, "the other one's stream ends", lambda: None)
        terminal.wait_until(lambda now: now["players"][1]["screen"] == "ended", what="its card is shown")
        picture = until_shot(lab, "ended", lambda picture: is_card(half(picture)))
        lab.check("its card has its half", is_card(half(picture)), terminal.codes(source="player:interpreter")[ended:])
        judged(lab, reels["agent"], "beside the card", within(HALVES["agent"]), (320, 240))
        lab.stop(terminal)


def half(picture):
    """The right half of the screen."""
    return picture.part(320, 0, 320, 360)


def within(part):
    """A view of a film that lies whole in a part of the screen."""
    return lambda picture: (picture.part(*part), lambda whole: whole)


def halves(lab, reels, words):
    """Each of the two has its half, and moves."""
    for name, part in HALVES.items():
        judged(lab, reels[name], f"{words}: {name}", within(part), (320, 240))
    rims = [shot(lab, words).part(x, y, 320, 58) for x in (0, 320) for y in (0, 302)]
    lab.check(f"{words}: black over and under them", all(max(rim.rgb) <= 12 for rim in rims))


def cornered(lab, reels):
    """One has the screen, the other the upper right corner."""
    source = judge.pictures(reels["interpreter"].file, *CORNER[2:], 0, 0.1, scaler="bicubic")[0]

    def still(picture):
        return picture.part(4, 4, 112, 50)

    def there(picture):
        return still(picture.part(*CORNER)).psnr(still(source)) > 24

    picture = until_shot(lab, "pip", there)
    psnr = still(picture.part(*CORNER)).psnr(still(source))
    lab.check("pip: the interpreter is in the corner", psnr > 24, f"{psnr:.1f} dB (bound 24 dB)")

    def marks(picture):
        return picture.part(*CORNER).part(20, 60, 80, 22).rgb

    later = until_shot(lab, "pip-later", lambda later: marks(later) != marks(picture))
    lab.check("pip: it moves", marks(later) != marks(picture))
    judged(lab, reels["agent"], "pip: agent", lambda picture: (picture.part(*ALONE), without_corner), (480, 360))


def without_corner(picture):
    """What the corner does not cover."""
    return picture.part(0, 104, 480, 256)


def stays(lab, words, act):
    """What happens to the other player is not seen on this one: its picture is there all the while, and moves."""
    act()
    begun = last = time.monotonic()
    missed, numbers = 0.0, set()
    while time.monotonic() < begun + 2:
        picture = shot(lab, "while")
        found = [mark for part in (HALVES["agent"], ALONE) if (mark := picture.part(*part).time_mark())]
        now = time.monotonic()
        if found:
            numbers.add(found[0][1])
            last = now
        else:
            picture.save(lab.folder / "missing.png")
            missed = max(missed, now - last)
    # A look while QEMU takes the picture over may see half of it; a card, or nothing, would stay for a picture's time.
    told = f"{len(numbers)} pictures, unseen for {1000 * missed:.0f} ms at most"
    lab.check(f"{words}: the agent is seen all the while", missed < 0.1 and len(numbers) > 3, told)
