"""A GPIO chip "kiosk" of the kernel's simulator, with buttons to ground and lamps, and what hands do to it."""

import datetime
import re

CONFIG = "/sys/kernel/config/gpio-sim/kiosk"
BUTTONS = {"mute": 0, "camera": 1, "spare": 2}
LAMPS = {"live": 4, "muted": 5, "standby": 6, "fault": 7}

BOARD = """
[[button]]
name = "mute"
driver = "gpio"
chip = "kiosk"
line = 0
short = "toggle-mute"
long = "standby"
[[button]]
name = "camera"
driver = "gpio"
chip = "kiosk"
line = "CAMERA"
active = "low"
bias = "pull-up"
short = "switch-camera"
[[button]]
name = "spare"
driver = "gpio"
chip = "kiosk"
line = 2
short = "snapshot"
""" + "".join(
    f'[[lamp]]\nname = "{name}"\ndriver = "gpio"\nchip = "kiosk"\nline = {line}\nshows = "{name}"\n'
    for name, line in LAMPS.items()
)


class Panel:
    """The chip in the guest, which is not there at first."""

    def __init__(self, guest):
        self.guest, self.lines = guest, ""
        guest.do("modprobe gpio-sim")

    def appear(self, spare_is_taken=False):
        """The chip is plugged in; something else may hold the line of the spare button."""
        bank = f"{CONFIG}/bank0"
        taken = f"mkdir {bank}/line2/hog; echo doorbell >{bank}/line2/hog/name; echo input >{bank}/line2/hog/direction"
        self.guest.do(
            f"mkdir -p {bank}/line1 {bank}/line2; echo 8 >{bank}/num_lines; echo kiosk >{bank}/label; "
            f"echo CAMERA >{bank}/line1/name; {taken if spare_is_taken else 'true'}"
        )
        times = self.guest.uptime_around(f"echo 1 >{CONFIG}/live")
        self.lines = self.guest.do(
            f"echo /sys/devices/platform/$(cat {CONFIG}/dev_name)/$(cat {bank}/chip_name)"
        ).strip()
        return times

    def vanish(self):
        """The chip is pulled, whoever uses it."""
        times = self.guest.uptime_around(f"echo 0 >{CONFIG}/live")
        bank = f"{CONFIG}/bank0"
        self.guest.do(f"rmdir {bank}/line2/hog 2>/dev/null; rmdir {bank}/line1 {bank}/line2 {bank} {CONFIG}")
        return times

    def _edges(self, name, edges):
        line = f"{self.lines}/sim_gpio{BUTTONS[name]}/pull"
        words = {"1": f"echo pull-down >{line}", "0": f"echo pull-up >{line}"}
        return "; ".join(words.get(edge, f"sleep {edge}") for edge in edges.split())

    def touch(self, name, edges):
        """What a finger and its contact do, in one go: "1" is contact, "0" is none, a number with a point waits."""
        self.guest.do(self._edges(name, edges), 60)

    def press(self, name):
        """A short press of a contact that bounces."""
        self.touch(name, "1 0 1 0 1 0 1 0.2 0 1 0 1 0 0.3")

    def until_lamp(self, button, edges, lamp, lit):
        """Touches a button and waits for a lamp: the seconds from the last edge to the lamp, as the guest sees them."""
        line = f"{self.lines}/sim_gpio{LAMPS[lamp]}/value"
        script = (
            f"{self._edges(button, edges)}; read from _ </proc/uptime; "
            f"until read value <{line} && test $value = {int(lit)}; do :; done; read to _ </proc/uptime; echo $from $to"
        )
        begun, ended = self.guest.do(script, 30).split()
        return float(ended) - float(begun)

    def lit(self, lamp):
        """Whether the line of a lamp is high."""
        return self.guest.do(f"cat {self.lines}/sim_gpio{LAMPS[lamp]}/value").strip() == "1"


def moments(log, words):
    """When each line with `words` was written into the daemon's log, in seconds of the guest's calendar."""
    stamps = [line.split()[0] for line in log.splitlines() if words in line]
    return [datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() for stamp in stamps]


def deeds(log, words):
    """How long each action took that the daemon's log tells of with `words`, from the kernel's stamp on, in seconds."""
    found = re.findall(re.escape(words) + r" \(after ([0-9.]+) (ms|s)\)", log)
    return [float(number) / (1000 if unit == "ms" else 1) for number, unit in found]
