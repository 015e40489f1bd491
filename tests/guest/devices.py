"""The kiosk guest's simulated devices, and the terminal's texts that name them."""

import array
import math
import random
import subprocess

FRONT = "/dev/v4l/by-path/platform-vivid-front-video-index0"
BACK = "/dev/v4l/by-path/platform-vivid-back-video-index0"
WEBCAM = "/dev/v4l/by-path/virtual-webcam-video-index0"
TONE_HZ = 1000

BOARD = f"""
name = "guest"
[camera.front]
driver = "v4l2"
path = "{FRONT}"
format = "NV12"
[camera.back]
driver = "v4l2"
path = "{BACK}"
format = "YUYV"
[microphone]
driver = "alsa"
device = "hw:CARD=Loopback,DEV=1,SUBDEV=0"
[speaker.speaker]
driver = "null"
[display]
driver = "none"
"""

# The same with the webcam in front.
WEBCAM_BOARD = BOARD.replace(FRONT, WEBCAM).replace("NV12", "MJPEG")


def pusher(url, more=""):
    """A configuration that sends small pictures to `url` when it is told to start."""
    return f"""
[pusher]
url = "{url}"
orientation = "horizontal"
video-width = 320
video-height = 180
fps = 15
max-bitrate = 300
audio-volume-type = "media"
{more}
"""


def cameras(guest, front_pattern=7, back_pattern=9):
    """Two vivid cameras; patterns as vivid numbers them (7 red, 8 green, 9 blue, 0 colour bars)."""
    guest.do("test -d /sys/module/vivid || modprobe vivid n_devs=2 node_types=0x1,0x1")
    guest.do(f"udevadm settle -t 20; until test -e {FRONT} -a -e {BACK}; do sleep 0.1; done")
    for node, pattern in ((FRONT, front_pattern), (BACK, back_pattern)):
        # No text in the picture; pictures stamped when they begin, as sensors do.
        guest.do(f"v4l2-ctl -d {node} -c osd_text_mode=2,timestamp_source=1,test_pattern={pattern}")


def webcam(guest, colour="lime", damaged=False):
    """A camera that gives JPEG pictures, in two shades of a colour by turns; `damaged`: and as many broken ones."""
    folder = guest.shared / "webcam"
    folder.mkdir(exist_ok=True)
    for number, brightness in enumerate((0.0, -0.1)):
        source = ["-f", "lavfi", "-i", f"color={colour}:s=320x180,eq=brightness={brightness}", "-frames:v", "1"]
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *source, "-pix_fmt", "yuvj420p", f"{folder}/{number}.jpg"]
        subprocess.run(command, check=True)
    whole = (folder / "0.jpg").read_bytes()
    for name, broken in (("0-cut.jpg", whole[: len(whole) // 2]), ("1-noise.jpg", whole[:2] + random.randbytes(2000))):
        (folder / name).write_bytes(broken)
        if not damaged:
            (folder / name).unlink()
    guest.do("test -d /sys/module/v4l2loopback || modprobe v4l2loopback card_label=webcam")
    guest.do(f"until test -e {WEBCAM}; do sleep 0.1; done")
    # The driver keeps the format as long as somebody has its node open.
    form = f"v4l2-ctl -d {WEBCAM} --set-fmt-video-out=width=320,height=180,pixelformat=MJPG --set-output-parm 15"
    feed = "while sleep 0.06; do for i in /tmp/webcam/*; do dd if=$i bs=1M >&9; sleep 0.06; done; done"
    guest.do("rm -rf /tmp/webcam; cp -r /host/webcam /tmp/")
    guest.do(f"setsid sh -c 'exec 9>{WEBCAM}; {form}; {feed}' >/dev/null 2>&1 & echo $! >/tmp/webcam.pid; sleep 1")


def webcam_off(guest):
    """Ends what feeds the webcam; its node stays."""
    guest.do("kill -- -$(cat /tmp/webcam.pid)")


def microphone(guest, tone=True):
    """An ALSA loopback whose other end is the microphone; a tone is played into it."""
    guest.do("test -d /sys/module/snd_aloop || modprobe snd-aloop id=Loopback; udevadm settle -t 20")
    if tone:
        play_tone(guest)


def tone(hz):
    """A second of a tone of so many Hz, without a click where it is repeated: 16 bits, 48 kHz, mono."""
    return array.array("h", (round(8000 * math.sin(2 * math.pi * hz * at / 48000)) for at in range(48000))).tobytes()


def play_tone(guest):
    """Plays a tone into the loopback until it goes away, in place of what was played before: it is heard now."""
    (guest.shared / "tone.raw").write_bytes(tone(TONE_HZ))
    play = "aplay -q -D hw:CARD=Loopback,DEV=0,SUBDEV=0 -t raw -c 1 -r 48000 -f S16_LE"
    feed = f"while cat /tmp/tone.raw; do :; done 2>/dev/null | {play} >/tmp/tone.log 2>&1"
    # A player that was told to end keeps the device for a moment, in which another one finds it busy and gives up.
    guest.do("killall aplay 2>/dev/null; while pidof aplay >/dev/null; do sleep 0.02; done; cp /host/tone.raw /tmp")
    guest.do(f"setsid sh -c '{feed}' >/dev/null 2>&1 &")
    running = "grep -q RUNNING /proc/asound/Loopback/pcm0p/sub0/status"
    guest.do(f"for i in $(seq 250); do {running} && exit; sleep 0.02; done; cat /tmp/tone.log; exit 1")
