"""Two cameras and a microphone of the kernel, sent to a server; the camera is switched in mid-call."""

import time

import devices
import judge

SHORT = True


def run(lab):
    devices.cameras(lab.guest)
    devices.microphone(lab.guest)
    url = lab.server.from_guest("door")
    terminal = lab.terminal(devices.pusher(url), devices.BOARD)
    begun = terminal.start()
    lab.check("publishing", True)
    terminal.wait(1007)
    time.sleep(6)
    status = terminal.status()["pusher"]
    lab.check("the front camera runs", status["camera"]["state"] == "running", status["camera"]["words"])
    lab.check("the microphone runs", status["microphone"]["state"] == "running", status["microphone"]["words"])
    terminal.ctl("pusher switch-camera")
    terminal.wait_until(lambda status: status["pusher"]["camera-position"] == "back")
    time.sleep(5)
    status = terminal.status()["pusher"]
    lab.check("the back camera runs", status["camera"]["state"] == "running", status["camera"]["words"])
    terminal.ctl("pusher stop")
    codes = terminal.codes(begun - 5)
    lab.check("connected and published once", codes.count(1001) == 1 and codes.count(1002) == 1, codes)
    lab.stop(terminal)
    lab.check("one connection at the server", lab.server.publishers("door") == 1)
    picture_and_sound(lab, lab.server.recordings("door")[0])
    webcam(lab)


def picture_and_sound(lab, file):
    """Judges the recording: codecs, exact size, rate, both cameras' colours, the tone."""
    found = judge.streams(file)
    video, audio = found["video"], found["audio"]
    words = f"{video['codec_name']} {video['width']}x{video['height']}, {audio['codec_name']} {audio['sample_rate']} Hz"
    good = (video["codec_name"], video["width"], video["height"]) == ("h264", 320, 180)
    lab.check("H.264 of 320x180 and AAC", good and audio["codec_name"] == "aac", words)
    times = judge.picture_times(file)
    rate = (len(times) - 1) / (times[-1] - times[0])
    lab.check("about fifteen pictures a second", 8 <= rate <= 16, f"{rate:.1f}")
    colours = [picture.mean() for picture in judge.pictures(file, 32, 18)]
    names = "".join(colour_name(colour) for colour in colours)
    lab.check("red of the front camera, then blue of the back one", squeezed(names) == "rb", squeezed(names))
    gap = judge.longest_gap(times)
    lab.check("no hole in the picture at the switch", gap < 1.0, f"{gap:.2f} s at most between two pictures")
    hz, level = judge.tone(judge.sound(file, after=2, seconds=7))
    lab.check("the tone is heard", abs(hz - devices.TONE_HZ) < 5 and level > -30, f"{hz:.1f} Hz at {level:.1f} dB")
    judge.save_png(file, lab.folder / "front.png", 3)


def webcam(lab):
    """A camera of JPEG pictures."""
    devices.webcam(lab.guest)
    board = devices.BOARD.replace(devices.FRONT, devices.WEBCAM).replace("NV12", "MJPEG")
    terminal = lab.terminal(devices.pusher(lab.server.from_guest("webcam")), board)
    terminal.start()
    terminal.wait(1007)
    time.sleep(4)
    camera = terminal.status()["pusher"]["camera"]
    lab.check("a camera of JPEG pictures runs", camera["words"].startswith("MJPEG 320x180"), camera["words"])
    lab.stop(terminal)
    lab.guest.do("kill -- -$(cat /tmp/webcam.pid)")
    file = lab.server.recordings("webcam")[0]
    names = squeezed("".join(colour_name(picture.mean()) for picture in judge.pictures(file, 32, 18)))
    lab.check("its green is sent", names == "g", names)


def colour_name(colour):
    """The letter of a full colour; "-" for anything else (the waiting card)."""
    red, green, blue = (value > 128 for value in colour)
    letters = {(True, False, False): "r", (False, True, False): "g", (False, False, True): "b"}
    return letters.get((red, green, blue), "-")


def squeezed(names):
    """Each run of equal letters as one, without the card before the first camera's picture."""
    runs = [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]
    return "".join(runs).lstrip("-")
