"""Cameras that are pulled, fail, stall, are damaged, busy or renumbered: the call goes on, and says what happened."""

import time

import devices
import judge
from devices import FRONT

UNBIND = "echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind"
BIND = "echo vivid.0 >/sys/bus/platform/drivers/vivid/bind"


def run(lab):
    devices.cameras(lab.guest)
    devices.microphone(lab.guest)
    terminal = lab.terminal(devices.pusher(lab.server.from_guest("door")), devices.BOARD)
    terminal.start()
    terminal.wait(1007)
    time.sleep(2)
    before = held(lab, terminal)
    for fault in (pulled, fatal_error, short_stall, long_stall, damaged_picture, damaged_pictures, gone_and_renumbered):
        fault(lab, terminal)
    after = held(lab, terminal)
    lab.check("descriptors and threads as before", after == before, f"{before} before, {after} after")
    codes = terminal.codes()
    lab.check("the session was never lost", codes.count(1001) == 1 and 1102 not in codes)
    terminal.ctl("pusher stop")
    busy(lab, terminal)
    lab.stop(terminal)
    recording(lab, lab.server.recordings("door")[0])
    broken_jpegs(lab)


def control(lab, words):
    """Sets a control of the front camera: the guest's time just before and just after."""
    return lab.guest.uptime_around(f"v4l2-ctl -d {FRONT} -c {words}")


def between(lab, what, span, told, bound):
    """Judges how long after something that happened within `span` an event was told: at least, and at most."""
    least, most = max(0.0, told - span[1]), told - span[0]
    lab.check(what, least <= bound, f"{least:.2f} to {most:.2f} s (bound {bound:g} s)")


def held(lab, terminal):
    """What the daemon holds: (descriptors, threads). A helper of tokio's, which ends after ten idle seconds, is none."""
    threads = f"cat /proc/{terminal.pid}/task/*/comm | grep -cv '^tokio-rt-worker$'"
    numbers = lab.guest.do(f"ls /proc/{terminal.pid}/fd | wc -l; {threads}")
    return tuple(int(number) for number in numbers.split())


def camera_codes(terminal, after):
    """The codes of the camera; a slow emulator may have others to tell (1006, 1101)."""
    return [code for code in terminal.codes(after) if code in (-1301, -1305, 1003, 1007, 1009, 1010)]


def pictures_flow(terminal, seconds=20):
    """Waits until pictures of the camera are encoded: the seconds it took."""
    begun = time.monotonic()
    first = terminal.status()["pusher"]["net"]["picturesFromCamera"]
    terminal.wait_until(lambda now: now["pusher"]["net"]["picturesFromCamera"] > first + 3, seconds, "pictures flow")
    return time.monotonic() - begun


def pulled(lab, terminal):
    """Row 1 and 2: disconnected; the simulated camera is back as soon as its node is closed."""
    before, after = control(lab, "disconnect=1")
    removed = terminal.wait(1009, before)
    between(lab, "row 1: 1009 after the camera is pulled", (before, after), removed, 0.5)
    back = terminal.wait(1010, removed)
    lab.within("row 2: 1010 after it is back", back - removed, 2.0)
    terminal.wait(1007, removed)
    codes = camera_codes(terminal, before)
    lab.check("row 2: opened, first picture, no error", codes[:4] == [1009, 1010, 1003, 1007], codes)
    pictures_flow(terminal)


def fatal_error(lab, terminal):
    """Row 1: EIO of the stream, but not of the device."""
    _, after = control(lab, "inject_fatal_streaming_error=1")
    seconds = pictures_flow(terminal)
    codes = camera_codes(terminal, after)
    lab.check("row 1: a failed stream is made anew without a word", codes == [], codes)
    lab.within("row 1: pictures after it", seconds, 3.0)


def short_stall(lab, terminal):
    """Row 3: a stall that a restart of the stream ends."""
    control(lab, "percentage_of_dropped_buffers=100")
    time.sleep(1.8)
    _, after = control(lab, "percentage_of_dropped_buffers=0")
    seconds = pictures_flow(terminal)
    lab.within("row 3: pictures after a stall of two seconds", seconds, 3.0)
    lab.check("row 3: no word of it", 1009 not in terminal.codes(after - 3))


def long_stall(lab, terminal):
    """Row 3: a stall that does not end is as good as unplugged."""
    before, _ = control(lab, "percentage_of_dropped_buffers=100")
    removed = terminal.wait(1009, before, 20)
    lab.within("row 3: 1009 after the last restart", removed - before, 5.0)
    failed = terminal.wait(-1301, removed, 20)
    lab.check("row 1: -1301 ten seconds later", 9.5 < failed - removed < 11.5, f"{failed - removed:.2f} s")
    healed, _ = control(lab, "percentage_of_dropped_buffers=0")
    lab.within("row 3: 1010 when pictures come again", terminal.wait(1010, healed) - healed, 3.0)
    lab.check("row 1: -1301 once", camera_codes(terminal, before).count(-1301) == 1)
    pictures_flow(terminal)


def damaged_picture(lab, terminal):
    """Row 5: single pictures with an error flag are left out."""
    before, _ = control(lab, "inject_v4l2_buf_flag_error=1")
    control(lab, "inject_v4l2_buf_flag_error=1")
    pictures_flow(terminal)
    codes = camera_codes(terminal, before)
    lab.check("row 5: damaged pictures are left out without a word", codes == [], codes)


def damaged_pictures(lab, terminal):
    """Row 5: when most pictures are damaged the camera is opened again."""
    terminal.ctl("pusher set fps=5")
    pictures_flow(terminal)
    loop = f"while v4l2-ctl -d {FRONT} -c inject_v4l2_buf_flag_error=1; do :; done"
    before, _ = lab.guest.uptime_around(f"setsid sh -c '{loop}' >/dev/null 2>&1 & echo $! >/tmp/loop")
    removed = terminal.wait(1009, before, 20)
    lab.within("row 5: 1009 when most pictures are damaged", removed - before, 8.0)
    lab.guest.sh("kill $(cat /tmp/loop)")
    lab.within("row 5: opened again", terminal.wait(1010, removed) - removed, 3.0)
    terminal.ctl("pusher set fps=15")
    pictures_flow(terminal)


def gone_and_renumbered(lab, terminal):
    """Rows 1 and 2: away for long, and back under another number, because somebody holds the old node."""
    holder = lab.guest.do(f"readlink -f {FRONT}").strip()
    lab.guest.do(f"setsid sleep 1000 <{holder} >/dev/null 2>&1 & echo $! >/tmp/holder")
    before, after = lab.guest.uptime_around(UNBIND)
    removed = terminal.wait(1009, before)
    between(lab, "row 1: 1009 after the driver is unbound", (before, after), removed, 0.5)
    failed = terminal.wait(-1301, removed, 20)
    lab.check("row 1: -1301 ten seconds later", 9.5 < failed - removed < 11.5, f"{failed - removed:.2f} s")
    span = lab.guest.uptime_around(f"{BIND}; until test -e {FRONT}; do usleep 20000; done")
    back = terminal.wait(1010, span[0], 30)
    node = lab.guest.do(f"readlink -f {FRONT}").strip()
    between(lab, f"row 2: 1010 after {holder} came back as {node}", span, back, 2.0)
    lab.check("row 2: it has another number", node != holder, node)
    lab.guest.do("kill $(cat /tmp/holder)")
    devices.cameras(lab.guest)
    pictures_flow(terminal)


def busy(lab, terminal):
    """Row 4: another program streams from the camera."""
    lab.guest.do(f"setsid v4l2-ctl -d {FRONT} --stream-mmap >/dev/null 2>&1 & echo $! >/tmp/holder")
    time.sleep(1)
    before = float(lab.guest.do("cut -d' ' -f1 /proc/uptime"))
    terminal.ctl("pusher start")
    lab.within("row 4: -1301 for a camera that is in use", terminal.wait(-1301, before) - before, 1.0)
    terminal.wait(1002, before)
    status = terminal.wait_until(lambda now: now["pusher"]["net"]["picturesFromCard"] > 5, what="the card is sent")
    words = status["pusher"]["camera"]["words"]
    lab.check("row 4: the call begins with the waiting card", "using the camera" in words, words)
    released, _ = lab.guest.uptime_around("kill $(cat /tmp/holder)")
    lab.within("row 4: the camera's picture after it is free", terminal.wait(1007, released) - released, 3.0)
    terminal.ctl("pusher stop")


def recording(lab, file):
    """Judges what was sent meanwhile."""
    picture, sound = judge.longest_gap(judge.picture_times(file)), judge.longest_gap(judge.sound_times(file))
    lab.within("row 3: longest time without a picture", picture, 5.0)
    lab.within("rows 1 to 5: longest time without sound", sound, 0.1)
    samples = judge.sound(file, after=3)
    silent = sum(end - begin for begin, end in judge.quiet_spans(samples)) * judge.RATE / len(samples)
    lab.check("the microphone was heard, but for the emulator's own hold-ups", silent < 0.02, f"silent {silent:.1%}")


def broken_jpegs(lab):
    """Row 5: every other picture of a JPEG camera is cut off or noise."""
    devices.webcam(lab.guest, damaged=True)
    terminal = lab.terminal(devices.pusher(lab.server.from_guest("webcam")), devices.WEBCAM_BOARD)
    terminal.start()
    terminal.wait(1007)
    time.sleep(8)
    camera = terminal.status()["pusher"]["camera"]
    lab.check("row 5: a camera whose JPEG pictures are broken goes on", camera["state"] == "running", camera["words"])
    lab.stop(terminal)
    devices.webcam_off(lab.guest)
    colours = [picture.mean() for picture in judge.pictures(lab.server.recordings("webcam")[0], 32, 18)]
    green = sum(colour[1] > 128 for colour in colours)
    lab.check("row 5: its good pictures are sent", green > 10, f"{green} of {len(colours)} are green")
