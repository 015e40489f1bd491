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
    image = terminal.ctl("pusher set-zoom 2")["status"]["image"]
    # The driver has neither lens nor focus: a crop zooms, and the status says so of the focus.
    lab.check("zoom by a crop, a fixed focus", (image["zoom-by"], image["focus"]) == ("crop", "fixed"), image)
    terminal.ctl("pusher switch-camera")
    terminal.wait_until(lambda status: status["pusher"]["camera-position"] == "back")
    time.sleep(5)
    status = terminal.status()["pusher"]
    lab.check("the back camera runs", status["camera"]["state"] == "running", status["camera"]["words"])
    # A picture for people, at the end.
    lab.guest.do(f"v4l2-ctl -d {devices.BACK} -c osd_text_mode=0,test_pattern=0")
    time.sleep(2)
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
    names = "".join(map(colour_name, colours))
    lab.check("red of the front camera, then blue of the back one", squeezed(names) == "rb", squeezed(names))
    blue = names.find("b")
    lab.within("from the last red picture to the first blue one", times[blue] - times[blue - 1], 1.0)
    hz, level = judge.tone(judge.sound(file, after=2, seconds=7))
    lab.check("the tone is heard", abs(hz - devices.TONE_HZ) < 5 and level > -30, f"{hz:.1f} Hz at {level:.1f} dB")
    judge.save_png(file, lab.folder / "camera.png", times[-1] - times[0] - 1)


def webcam(lab):
    """A camera of JPEG pictures."""
    devices.webcam(lab.guest)
    terminal = lab.terminal(devices.pusher(lab.server.from_guest("webcam")), devices.WEBCAM_BOARD)
    terminal.start()
    terminal.wait(1007)
    time.sleep(4)
    camera = terminal.status()["pusher"]["camera"]
    lab.check("a camera of JPEG pictures runs", camera["words"].startswith("MJPEG 320x180"), camera["words"])
    lab.stop(terminal)
    devices.webcam_off(lab.guest)
    file = lab.server.recordings("webcam")[0]
    names = squeezed("".join(colour_name(picture.mean()) for picture in judge.pictures(file, 32, 18)))
    lab.check("its green is sent", names == "g", names)


def colour_name(colour):
    """The letter of a full colour; "-" for anything else (the waiting card)."""
    red, green, blue = (value > 128 for value in colour)
    letters = {(True, False, False): "r", (False, True, False): "g", (False, False, True): "b"}
    return letters.get((red, green, blue), "-")


def squeezed(names):
    """Each run of equal letters as one, without what is neither camera's before and after."""
    runs = [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]
    return "".join(runs).strip("-")
