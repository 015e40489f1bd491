"""The figures of debug lie on a plane of their own where the driver has one, and in the picture where it has none."""

import re
import time

from b_screen import until_shot

PLAYER = '[[player]]\nid = "agent"\nsrc = "rtmp://127.0.0.1:9/live/nobody"\n'


def board(card):
    """A board with this card, as small as the guest's own screen."""
    return f'name = "guest"\n[display]\ndriver = "drm"\ncard = "{card}"\nmode = "640x360"\n'


def run(lab):
    # vkms is a screen without hardware: the kernel itself puts the planes together, and tells a sum of what it shows.
    lab.guest.do("modprobe vkms enable_overlay=1; udevadm settle -t 20")
    planes(lab)
    lab.guest.do("modprobe -r vkms")
    picture(lab)


def planes(lab):
    """Where there are overlay planes."""
    terminal = lab.terminal(PLAYER, board("vkms"))
    words = terminal.wait_until(lambda now: now["display"]["state"] == "running")["display"]["words"]
    folder = lab.guest.do("dirname $(grep -l vkms /sys/kernel/debug/dri/[0-9]*/name | head -n1)").strip()
    before, plain = until_layers(lab, folder, 1), shown(lab, folder)
    lab.check("a card is one plane", len(before) == 1, f"{before} on {words}")
    terminal.ctl("player agent set debug=true")
    found = until_layers(lab, folder, 2)
    veil = [layer for layer in found if layer["format"] == "AR24"]
    lab.check("the figures are a second one, translucent", len(found) == 2 and len(veil) == 1, found)
    width, height = (veil[0]["width"], veil[0]["height"]) if veil else (0, 0)
    full = (before[0]["width"], before[0]["height"]) if before else (0, 0)
    small = 0 < width < full[0] and 0 < height < full[1]
    lab.check("it is as large as they are", small, f"{width}x{height} of {full[0]}x{full[1]}")
    lab.check("they are seen", shown(lab, folder) != plain, "the sum of what is shown is another one")
    terminal.ctl("player agent set debug=false")
    lab.check("without them one plane is left", len(until_layers(lab, folder, 1)) == 1)
    lab.check("and what is shown is what it was", shown(lab, folder) == plain)
    turned(lab, terminal, folder)
    lab.stop(terminal)


def turned(lab, terminal, folder):
    """On a screen that is turned the upper left corner of who looks at it is another one."""
    screen = layers(lab, folder)[0]
    terminal.ctl("player agent set debug=true")
    terminal.ctl("player agent play")

    def corner(layer):
        right = screen["width"] - layer["x"] - layer["width"]
        below = screen["height"] - layer["y"] - layer["height"]
        place = "left" if layer["x"] < right else "right", "above" if layer["y"] < below else "below"
        return layer["format"] == "AR24" and place

    for direction, wanted in ((0, ("left", "above")), (90, ("right", "above")), (-90, ("left", "below"))):
        terminal.ctl(f"player agent request-full-screen {direction}")
        limit = time.monotonic() + 10
        while wanted not in map(corner, found := layers(lab, folder)) and time.monotonic() < limit:
            time.sleep(0.2)
        words = f"turned by {direction} the figures lie {' '.join(wanted)} on a plane of their own"
        lab.check(words, wanted in map(corner, found), found)


def layers(lab, folder):
    """The planes that show something, by the kernel's word."""
    found = []
    for plane in re.split(r"^plane\[", lab.guest.do(f"cat {folder}/state"), flags=re.M)[1:]:
        plane = plane.split("\ncrtc[")[0]
        form = re.search(r"format=(\w+)", plane)
        place = re.search(r"crtc-pos=(\d+)x(\d+)\+(\d+)\+(\d+)", plane)
        if form and place and not re.search(r"^\s*crtc=\(null\)", plane, re.M):
            width, height, x, y = map(int, place.groups())
            found.append({"format": form[1], "width": width, "height": height, "x": x, "y": y})
    return found


def until_layers(lab, folder, count, seconds=10):
    """Looks until so many planes show something: what they are."""
    limit = time.monotonic() + seconds
    while len(found := layers(lab, folder)) != count and time.monotonic() < limit:
        time.sleep(0.2)
    return found


def shown(lab, folder):
    """The kernel's sum of what the screen shows: equal sums are equal pixels."""
    crc = f"{folder}/crtc-0/crc"
    script = f"echo auto >{crc}/control; timeout 10 head -n 3 {crc}/data | tail -n 1"
    return lab.guest.do(script, 30).split()[-1]


def picture(lab):
    """Where there are none."""
    terminal = lab.terminal(PLAYER, board("virtio_gpu"))
    terminal.wait_until(lambda now: now["display"]["state"] == "running")

    def left(picture):
        return max(picture.part(20, 20, 200, 100).mean())

    def panel(picture):
        return left(picture) < 0.8 * bare

    bare = left(until_shot(lab, "bare", lambda picture: left(picture) > 30))
    terminal.ctl("player agent set debug=true")
    covered = until_shot(lab, "panel", panel)
    letters = max(covered.part(20, 20, 200, 100).rgb)
    lab.check("the figures are in the picture", panel(covered) and letters > 150, f"{bare} became {left(covered)}")
    terminal.ctl("player agent set debug=false")
    lab.check("and go", left(until_shot(lab, "bare-again", lambda picture: not panel(picture))) == bare)
    lab.stop(terminal)
