"""Two GPIO chips of the kernel's simulator with buttons, a switch and lamps, and what hands do to them."""

import datetime
import re

# By name: chip, line, and the level of a closed contact or a lit lamp.
CONTACTS = {
    "mute": ("kiosk", 0, "low"),
    "camera": ("kiosk", 1, "low"),
    "spare": ("annex", 0, "low"),
    "privacy": ("annex", 1, "high"),
}
LAMPS = {
    "live": ("kiosk", 4, "high"),
    "muted": ("kiosk", 5, "high"),
    "standby": ("kiosk", 6, "high"),
    "fault": ("kiosk", 7, "low"),
}
DEEDS = {
    "mute": 'short = "toggle-mute"\nlong = "standby"',
    "camera": 'bias = "pull-up"\nshort = "switch-camera"',
    "spare": 'short = "snapshot"',
    "privacy": 'switch = "mute"',
}


def _table(kind, name, place, more):
    chip, line, active = place
    line = '"CAMERA"' if name == "camera" else line
    driver = f'driver = "gpio"\nchip = "{chip}"\nline = {line}\nactive = "{active}"'
    return f'[[{kind}]]\nname = "{name}"\n{driver}\n{more}\n'


BOARD = "".join(_table("button", name, place, DEEDS[name]) for name, place in CONTACTS.items())
BOARD += "".join(_table("lamp", name, place, f'shows = "{name}"') for name, place in LAMPS.items())


class Chip:
    """A chip of eight lines that can be plugged in and pulled."""

    def __init__(self, guest, label):
        self.guest, self.label, self.lines = guest, label, ""
        self.config = f"/sys/kernel/config/gpio-sim/{label}"

    def appear(self):
        """It is plugged in: the guest's time just before and after."""
        bank = f"{self.config}/bank0"
        self.guest.do(
            f"modprobe gpio-sim; mkdir -p {bank}/line1; echo CAMERA >{bank}/line1/name; "
            f"echo 8 >{bank}/num_lines; echo {self.label} >{bank}/label"
        )
        times = self.guest.uptime_around(f"echo 1 >{self.config}/live")
        place = f"echo /sys/devices/platform/$(cat {self.config}/dev_name)/$(cat {bank}/chip_name)"
        self.lines = self.guest.do(place).strip()
        return times

    def vanish(self):
        """It is pulled, whoever uses it."""
        bank = f"{self.config}/bank0"
        self.guest.do(f"echo 0 >{self.config}/live; rmdir {bank}/line1 {bank} {self.config}")

    def occupy(self, line, taken):
        """Another user takes a line, or gives it back."""
        base = f"for chip in /sys/class/gpio/gpiochip*; do grep -q {self.label} $chip/label && cat $chip/base; done"
        self.guest.do(f"echo $(($({base}) + {line})) >/sys/class/gpio/{'export' if taken else 'unexport'}")


class Panel:
    """The chip "annex" is always there, "kiosk" is not there at first."""

    def __init__(self, guest):
        self.guest = guest
        self.chips = {label: Chip(guest, label) for label in ("kiosk", "annex")}
        self.kiosk, self.annex = self.chips["kiosk"], self.chips["annex"]
        self.annex.appear()

    def edge(self, name, closed):
        """The shell command that closes or opens a contact."""
        chip, line, active = CONTACTS[name]
        pull = "pull-up" if closed == (active == "high") else "pull-down"
        return f"echo {pull} >{self.chips[chip].lines}/sim_gpio{line}/pull"

    def _edges(self, name, edges):
        return "; ".join(self.edge(name, edge == "1") if edge in "01" else f"sleep {edge}" for edge in edges.split())

    def touch(self, name, edges):
        """What a finger and its contact do, in one go: "1" is contact, "0" is none, a number with a point waits."""
        self.guest.do(self._edges(name, edges), 60)

    def press(self, name):
        """A short press of a contact that bounces."""
        self.touch(name, "1 0 1 0 1 0 1 0.2 0 1 0 1 0 0.3")

    def chatter(self, name):
        """A contact that opens and closes as fast as the emulator can, 300 times."""
        self.guest.do(f"for time in $(seq 300); do {self.edge(name, True)}; {self.edge(name, False)}; done", 60)

    def _lamp(self, name):
        chip, line, active = LAMPS[name]
        return f"{self.chips[chip].lines}/sim_gpio{line}/value", {"high": 1, "low": 0}[active]

    def until_lamp(self, button, edges, lamp, lit):
        """Touches a button and waits for a lamp: the seconds from the last edge to the lamp, as the guest sees them."""
        file, level = self._lamp(lamp)
        wanted = level if lit else 1 - level
        script = (
            f"{self._edges(button, edges)}; read from _ </proc/uptime; "
            f"until read value <{file} && test $value = {wanted}; do :; done; read to _ </proc/uptime; echo $from $to"
        )
        begun, ended = self.guest.do(script, 30).split()
        return float(ended) - float(begun)

    def lit(self, lamp):
        """Whether a lamp is lit."""
        file, level = self._lamp(lamp)
        return int(self.guest.do(f"cat {file}")) == level


def moments(log, words):
    """When each line with `words` was written into the daemon's log, in seconds of the guest's calendar."""
    stamps = [line.split()[0] for line in log.splitlines() if words in line]
    return [datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() for stamp in stamps]


def deeds(log, words):
    """How long each action took that the daemon's log tells of with `words`, from the kernel's stamp on, in seconds."""
    found = re.findall(re.escape(words) + r" \(after ([0-9.]+) (ms|s)\)", log)
    return [float(number) / (1000 if unit == "ms" else 1) for number, unit in found]
