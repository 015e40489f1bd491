"""A stream pushed by ffmpeg is seen on the kernel's screen, pixel by pixel, and heard; else a card says why not."""

import time

import devices
import film
import judge

SHORT = True

BOARD = """
name = "guest"
[display]
driver = "drm"
card = "virtio_gpu"
[speaker.speaker]
driver = "alsa"
device = "hw:CARD=Loopback,DEV=0,SUBDEV=1"
"""
# Against the film's own picture, scaled by ffmpeg; what is lost is H.264 at crf 18 and the difference of two scalers.
PSNR = 33.0
BLACK = 12


def player(url):
    """A configuration that plays `url` from the start."""
    return f'[[player]]\nid = "agent"\nsrc = "{url}"\nmode = "RTC"\nautoplay = true\n'


def run(lab):
    reel = film.Film(lab.folder)
    devices.microphone(lab.guest, tone=False)
    console = "echo 'a line on the console'; for row in 1 2 3 4; do echo '################'; done"
    lab.guest.do(f"({console}) >/dev/tty1; sleep 1")
    before = shot(lab, "console")
    terminal = lab.terminal(player(lab.server.from_guest("agent")), BOARD)
    display = terminal.wait_until(lambda now: now["display"]["state"] == "running")["display"]
    lab.check("the screen runs in the mode it prefers", "640x360" in display["words"], display["words"])
    card(lab, terminal, "waiting")
    with reel.at(lab.server.from_host("agent")):
        terminal.wait(2004)
        contained(lab, reel)
        heard(lab)
        terminal.ctl("player agent set object-fit=fillCrop")
        filled(lab, reel)
        status = terminal.status()["players"][0]
        lab.check("the status says so", status["screen"] == "picture", f"{status['net']['videoFPS']} pictures a second")
    card(lab, terminal, "ended")
    lab.server.end()
    card(lab, terminal, "no-connection")
    terminal.ctl("player agent stop")
    terminal.ctl("standby on")
    card(lab, terminal, "standby")
    begun = time.monotonic()
    lab.stop(terminal)
    lab.within("the daemon ends", time.monotonic() - begun, 5)
    psnr = shot(lab, "console-again").psnr(before)
    # The cursor blinks.
    good = psnr > 30 and max(before.rgb) > 100
    lab.check("the console is back", good, f"{psnr:.1f} dB against what it showed before")


def shot(lab, name):
    """What the screen shows now."""
    file = lab.folder / f"{name}.ppm"
    lab.guest.screendump(file)
    return judge.ppm(file)


def until_shot(lab, name, true_of, seconds=10):
    """Looks at the screen until `true_of(picture)`: the last picture."""
    limit = time.monotonic() + seconds
    while not true_of(picture := shot(lab, name)) and time.monotonic() < limit:
        time.sleep(0.1)
    return picture


def is_card(picture):
    """A calm dark blue with light words in the middle."""
    edges = [picture.part(0, y, picture.width, picture.height // 4) for y in (0, picture.height * 3 // 4)]
    calm = all(red < green < blue < 110 for red, green, blue in (edge.mean() for edge in edges))
    words = picture.part(picture.width // 4, picture.height // 3, picture.width // 2, picture.height // 3)
    return calm and all(max(edge.rgb) < 110 for edge in edges) and max(words.rgb) > 150


def card(lab, terminal, name):
    """Judges that this card is shown; the bound holds for a lost server, whose last picture stays for three seconds."""
    begun = time.monotonic()
    terminal.wait_until(lambda now: now["players"][0]["screen"] == name, 20, f"the card {name}")
    picture = until_shot(lab, f"card-{name}", is_card)
    lab.check(f"the card {name}", is_card(picture), f"after {time.monotonic() - begun:.1f} s")


def judged(lab, reel, words, view, scaled):
    """Judges two looks at the screen: `view(picture)` gives the film's picture as far as it is seen."""

    def shown(picture):
        mark = view(picture)[0].time_mark()
        return mark and mark[1] not in seen

    first, seen = None, []
    for name in (words, f"{words}-later"):
        picture = until_shot(lab, name, shown)
        first = first or picture
        whole, visible = view(picture)
        found = whole.time_mark()
        number = found and found[1]
        seen.append(number)
        if found:
            at, part = number / reel.rate, 0.5 / reel.rate
            source = judge.pictures(reel.file, *scaled, at, part, scaler="bicubic")[0]
            psnr = visible(whole).psnr(visible(source))
            lab.check(f"{words}: picture {number} is the film's", psnr >= PSNR, f"{psnr:.1f} dB (bound {PSNR:g} dB)")
    lab.check(f"{words}: it moves", None not in seen and seen[0] != seen[1], seen)
    return first


def contained(lab, reel):
    """4:3 on 16:9: the whole picture, bars of 80 pixels left and right."""
    inside = (80, 0, 480, 360)
    picture = judged(lab, reel, "contain", lambda it: (it.part(*inside), lambda whole: whole), (480, 360))
    picture.save(lab.folder / "picture.png")
    bars = [picture.part(0, 0, 80, 360), picture.part(560, 0, 80, 360)]
    lab.check("contain: black bars of 80 pixels", all(max(bar.rgb) <= BLACK for bar in bars))
    edges = [picture.part(81, 20, 2, 320).mean(), picture.part(557, 20, 2, 320).mean()]
    lab.check("contain: the picture begins right beside them", all(max(edge) > 100 for edge in edges), edges)


def filled(lab, reel):
    """4:3 on 16:9: 480 lines of which the middle 360 are seen."""
    black = bytes(3 * 640 * 60)

    def view(picture):
        whole = judge.Picture(640, 480, black + picture.rgb + black)
        return whole, lambda it: it.part(0, 60, 640, 360)

    until_shot(lab, "fill", lambda picture: max(picture.part(4, 100, 40, 200).mean()) > 100)
    picture = judged(lab, reel, "fill", view, (640, 480))
    corners = [picture.part(x, y, 8, 8).mean() for x in (0, 632) for y in (2, 350)]
    lab.check("fillCrop: no bars", all(max(corner) > 30 for corner in corners), corners)


def heard(lab):
    """The film's tone on the other end of the loudspeaker's loopback."""
    record = "arecord -q -D hw:CARD=Loopback,DEV=1,SUBDEV=1 -B 1000000 -t wav -f S16_LE -r 48000 -c 1 -d 4"
    lab.guest.do(f"{record} /tmp/heard.wav; cp /tmp/heard.wav /host/{lab.folder.name}/", 60)
    samples = judge.sound(lab.folder / "heard.wav", after=0.5)
    # The emulator leaves gaps in it; what is between them has to be right.
    size = judge.RATE // 10
    pieces = [samples[at : at + size] for at in range(0, len(samples) - size, size)]
    heard = sorted(judge.frequency(piece) for piece in pieces if judge.level(piece) > -40)
    hz = heard[len(heard) // 2] if heard else 0.0
    words = f"{hz:.1f} Hz in {len(heard)} of {len(pieces)} pieces of 100 ms"
    lab.check("the tone is heard", abs(hz - film.TONE_HZ) < 5 and len(heard) >= 10, words)
