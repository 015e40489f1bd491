"""systemd as the first process: installed, ready, shut in, watched, restarted, reloaded, and removed again."""

import json
import pathlib
import re
import shutil
import time

import devices

GUEST = {
    "name": "service",
    "packages": "systemd udev mount coreutils util-linux libasound2 libstdc++6 v4l-utils alsa-utils",
    "modules": "virtio_gpu",
    "init": "/lib/systemd/systemd",
    "memory": 640,
    "devices": "-device virtio-gpu-pci,id=gpu0,xres=640,yres=360",
}

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROJECT = "/host/f_service/project"
SETTINGS = "/etc/visavis/visavis.toml"
CONTROL = '[control]\nallow-users = ["root", "kiosk"]\n'


def run(lab):
    guest = lab.guest
    for folder in ("board", "systemd"):
        shutil.copytree(ROOT / folder, lab.folder / "project" / folder)
    camera_rules = ROOT / "tests/guest/overlay/kiosk/usr/lib/udev/rules.d/61-cameras.rules"
    shutil.copy(camera_rules, lab.folder / "project")
    try:
        install(lab)
        devices_that_come_later(lab)
        status_and_journal(lab)
        sandbox(lab)
        socket_users(lab)
        reload(lab)
        watchdog(lab)
        standby_outlives_a_crash(lab)
        ends_in_time(lab)
        doctor(lab)
        uninstall(lab)
    finally:
        guest.sh(f"journalctl --no-pager -o short-monotonic >/host/{lab.name}/journal.txt")


def show(lab, name):
    """A property of the service."""
    return lab.guest.do(f"systemctl show visavisd --property={name} --value").strip()


def status(lab):
    """Everything the terminal says of itself."""
    return json.loads(lab.guest.do("visavisctl --json status"))


def wait(lab, true_of, seconds, what):
    """Waits until `true_of()`: the seconds of the guest's clock it took."""
    clock = "cut -d' ' -f1 /proc/uptime"
    begun, limit = float(lab.guest.do(clock)), time.monotonic() + seconds
    while not true_of():
        if time.monotonic() > limit:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.2)
    return float(lab.guest.do(clock)) - begun


def settings(lab, text):
    """Writes the settings file."""
    (lab.folder / "visavis.toml").write_text(text)
    lab.guest.do(f"cat /host/{lab.name}/visavis.toml >{SETTINGS}")


def configured(lab, more=""):
    """Settings that push to the host's server, with pictures that leave the emulator time for its service manager."""
    text = devices.pusher(lab.server.from_guest("desk"), "autopush = true\n" + more) + CONTROL
    return text.replace("fps = 15", "fps = 5").replace("= 320", "= 160").replace("= 180", "= 90")


def moment(lab, name):
    """When something last happened to the service, by the service manager: seconds of the guest's clock."""
    return int(show(lab, f"{name}TimestampMonotonic")) / 1e6


def install(lab):
    said = lab.guest.do(f"sh {PROJECT}/board/install --binaries /host/bin", 300)
    (lab.folder / "install.txt").write_text(said)
    lab.check("installed, enabled and active", show(lab, "ActiveState") == "active", show(lab, "StatusText"))
    lab.check("the board is known by its device tree", status(lab)["board"] == "qemu-virt")
    settings(lab, configured(lab))
    lab.guest.do("mkdir -p /etc/credstore; printf key >/etc/credstore/visavis.push-key")
    lab.guest.do("systemctl restart visavisd", 180)
    # Two seconds on a board (tests/service.rs); the emulator is about ten times slower.
    lab.within("READY=1 without camera, sound card or buttons", moment(lab, "ActiveEnter") - moment(lab, "ExecMainStart"), 20)
    given = lab.guest.do("cat /run/credentials/visavisd.service/push-key")
    lab.check("the signing key is handed over", given == "key")


def devices_that_come_later(lab):
    guest = lab.guest
    lab.check("no camera driver when the service started", guest.sh("test -e /dev/video0")[0] != 0)
    camera = status(lab)["pusher"]["camera"]
    lab.check("the missing camera is told", camera["state"] == "lost", camera["words"])
    guest.do(f"cp {PROJECT}/61-cameras.rules /etc/udev/rules.d/; udevadm control --reload")
    buttons(guest)
    devices.cameras(guest)
    devices.microphone(guest)
    took = wait(lab, lambda: status(lab)["pusher"]["camera"]["state"] == "running", 90, "the camera runs")
    lab.within("a camera whose driver came after the start is let in", took, 5)
    wait(lab, lambda: status(lab)["pusher"]["microphone"]["state"] == "running", 90, "the microphone runs")
    wait(lab, lambda: status(lab)["pusher"]["state"] == "live", 90, "publishing")


def buttons(guest):
    """The chip whose lines the profile's buttons and lamps use."""
    chip = "/sys/kernel/config/gpio-sim/kiosk"
    guest.do(f"modprobe gpio-sim; mkdir -p {chip}/bank0; echo 8 >{chip}/bank0/num_lines")
    guest.do(f"echo kiosk >{chip}/bank0/label; echo 1 >{chip}/live; udevadm settle -t 20")


def status_and_journal(lab):
    wait(lab, lambda: show(lab, "StatusText") == "pusher live", 90, "systemctl status")
    lab.check("systemctl status tells it in a line", True, show(lab, "StatusText"))
    lab.guest.sh(f"systemctl status visavisd --no-pager >/host/{lab.name}/status.txt")
    found = lab.guest.do("journalctl -u visavisd -o json -n 1 CODE=1002").strip()
    entry = json.loads(found)
    fields = [entry.get(name) for name in ("OBJECT", "CODE", "NAME", "PRIORITY")]
    lab.check("events have fields", fields == ["pusher", "1002", "PUSH_EVT_PUSH_BEGIN", "6"], entry.get("MESSAGE"))
    said = lab.guest.do("systemd-analyze security visavisd --no-pager | tail -n 1").strip()
    score = float(re.search(r"service: ([0-9.]+)", said).group(1))
    lab.check("exposure of the running service", score <= 1.5, f"{score} (bound 1.5)")


PROBE = r"""
try() { if sh -c "$2" 2>/tmp/why; then echo "$1|done"; else echo "$1|$(tail -n 1 /tmp/why)"; fi; }
try camera ': </dev/video0'
try sound ': </dev/snd/controlC0'
try screen ': </dev/dri/card0'
try line ': </dev/gpiochip0'
try state 'echo x >$STATE_DIRECTORY/probe && rm $STATE_DIRECTORY/probe'
try memory ': </dev/mem'
try disk ': >/dev/vda'
try random ': </dev/hwrng'
try system 'echo x >/usr/share/visavis/x'
try settings 'echo x >/etc/visavis/x'
try log 'ls /var/log'
try home 'ls /root'
try load 'cat /proc/stat'
try 'own program' 'cp /bin/busybox $STATE_DIRECTORY/true && chmod +x $STATE_DIRECTORY/true && $STATE_DIRECTORY/true'
try 'foreign program' 'cp /bin/busybox /tmp/true && chmod +x /tmp/true && /tmp/true'
rm -f $STATE_DIRECTORY/true
"""


def sandbox(lab):
    """Runs a shell where the daemon runs: the same unit with another program, nodes open to everybody."""
    (lab.folder / "probe").write_text(PROBE)
    change = "s,^Type=.*,Type=oneshot,;s,^ExecStart=.*,ExecStart=/bin/sh /usr/share/visavis/probe,;"
    change += "/^WatchdogSec/d;/^Restart/d;/^ExecReload/d;/^RuntimeDirectory/d"
    unit = "/run/systemd/system/visavis-probe.service"
    lab.guest.do(
        f"cp /host/{lab.name}/probe /usr/share/visavis/probe; chmod 666 /dev/vda /dev/hwrng /dev/mem; chmod 777 /usr/share/visavis;"
        f"sed '{change}' /usr/lib/systemd/system/visavisd.service >{unit};"
        f"sed -i '/^Type=/aStandardOutput=file:/run/probe.txt' {unit};"
        "systemctl stop visavisd; systemctl daemon-reload; systemctl start visavis-probe",
        180,
    )
    said = lab.guest.do(f"rm {unit} /usr/share/visavis/probe; systemctl daemon-reload; cat /run/probe.txt")
    (lab.folder / "probe.txt").write_text(said)
    found = dict(line.split("|", 1) for line in said.strip().splitlines())
    allowed = ["camera", "sound", "screen", "line", "state"]
    lab.check("its devices are let in", all(found.get(name) == "done" for name in allowed), ", ".join(allowed))
    for what, words in (
        ("memory", "Operation not permitted"),
        ("disk", "Operation not permitted"),
        ("random", "Operation not permitted"),
        ("system", "Read-only file system"),
        ("settings", "Read-only file system"),
        ("log", "No such file or directory"),
        ("home", "Permission denied"),
        ("load", "No such file or directory"),
        ("own program", "Permission denied"),
        ("foreign program", "Permission denied"),
    ):
        lab.check(f"denied: {what}", found.get(what, "").endswith(words), found.get(what))


def socket_users(lab):
    group = lab.guest.do("sed -n 's/^visavis:[^:]*:\\([0-9]*\\):.*/\\1/p' /etc/group").strip()
    for number, name in enumerate(("kiosk", "guest"), 1500):
        lab.guest.do(f"echo {name}:x:{number}:{number}::/:/bin/sh >>/etc/passwd")
    # allow-users are looked up when the service starts.
    lab.guest.do("systemctl start visavisd", 180)

    def ask(user, groups):
        words = f"setpriv --reuid={user} --regid={user} {groups} visavisctl status"
        return lab.guest.sh(words)

    socket = lab.guest.do("stat -c '%a %U %G' /run/visavis/control.sock /run/visavis").split("\n")[:2]
    good = socket == ["660 visavis visavis", "750 visavis visavis"]
    lab.check("socket and folder belong to the group", good, ", ".join(socket))
    code, said = ask(1500, f"--groups={group}")
    lab.check("a named user of the group is served", code == 0 and "pusher" in said, code)
    code, said = ask(1501, f"--groups={group}")
    lab.check("another user of the group is turned away", code != 0 and "pusher" not in said, said.strip()[-90:])
    code, said = ask(1500, "--clear-groups")
    lab.check("without the group the socket can not be reached", code != 0, said.strip()[-90:])


def reload(lab):
    guest = lab.guest
    settings(lab, configured(lab).replace("fps = 5", "fps = 1500"))
    guest.do("systemctl reload visavisd")
    words = status(lab)["degraded"]
    lab.check("a mistake is told with its line and changes nothing", f"{SETTINGS}:7: pusher.fps" in words[0], words)
    line = show(lab, "StatusText")
    lab.check("systemctl status tells of it", line.startswith("degraded"), line)
    settings(lab, configured(lab).replace("fps = 5", "fps = 6"))
    guest.do("systemctl reload visavisd")
    fps = json.loads(guest.do("visavisctl --json pusher show"))["properties"]["fps"]
    lab.check("a good file is taken over", fps == 6 and status(lab)["degraded"] == [], fps)


def watchdog(lab):
    guest = lab.guest
    old = show(lab, "MainPID")
    wait(lab, lambda: status(lab)["pusher"]["state"] == "live", 90, "publishing")
    stopped, _ = guest.uptime_around(f"kill -STOP {old}")
    wait(lab, lambda: show(lab, "MainPID") not in (old, "0"), 120, "another process")
    took = moment(lab, "ExecMainStart") - stopped
    wait(lab, lambda: show(lab, "ActiveState") == "active", 90, "the new process is ready")
    told = guest.do("journalctl -u visavisd -o cat --no-pager | grep 'Watchdog timeout' | head -n 1").strip()
    # 15 s since the last sign of life, then the signal, and a second of pause.
    lab.within("a process that hangs is replaced", took, 20)
    lab.check("by the watchdog", "Watchdog timeout" in told, told)
    back = wait(lab, lambda: status(lab)["pusher"]["state"] == "live", 90, "publishing again")
    lab.check("and is on the air again", True, f"{back:.1f} s later")


def standby_outlives_a_crash(lab):
    guest = lab.guest
    guest.do("visavisctl standby on")
    wait(lab, lambda: guest.sh("grep -q '\"standby\":true' /var/lib/visavis/memory.json")[0] == 0, 10, "the memory")
    old = show(lab, "MainPID")
    killed, _ = guest.uptime_around("systemctl kill -s KILL visavisd")
    wait(lab, lambda: show(lab, "MainPID") not in (old, "0") and show(lab, "ActiveState") == "active", 90, "back")
    took = moment(lab, "ActiveEnter") - killed
    found = status(lab)
    good = found["standby"] and found["pusher"]["camera"]["state"] == "closed"
    lab.check("killed in standby, it is back in standby with its camera closed", good, f"{took:.1f} s")
    wait(lab, lambda: status(lab)["pusher"]["state"] == "live", 90, "publishing the card")
    opened = guest.do(f"journalctl -u visavisd -o cat _PID={show(lab, 'MainPID')} | grep -c 'camera delivers'; true")
    lab.check("the camera was not opened in between", opened.strip() == "0", opened.strip())
    guest.do("visavisctl standby off")
    took = wait(lab, lambda: status(lab)["pusher"]["camera"]["state"] == "running", 90, "the camera runs")
    lab.check("out of standby by order", True, f"camera after {took:.1f} s")


def ends_in_time(lab):
    wait(lab, lambda: status(lab)["pusher"]["state"] == "live", 90, "publishing")
    begun, _ = lab.guest.uptime_around("systemctl stop visavisd", 60)
    lab.within("stopped in mid-call", moment(lab, "ExecMainExit") - begun, 3)
    result = show(lab, "Result"), show(lab, "ExecMainStatus")
    lab.check("properly", result == ("success", "0"), result)


def doctor(lab):
    lab.guest.do("systemctl start visavisd", 180)
    wait(lab, lambda: status(lab)["pusher"]["camera"]["state"] == "running", 90, "the camera runs")
    said = lab.guest.do("visavisd doctor", 300)
    (lab.folder / "doctor.txt").write_text(said)
    for words in (
        f'driver = "v4l2", path = "{devices.FRONT}"',
        "held by visavisd (process ",
        'device = "hw:CARD=Loopback,DEV=1"',
        'driver = "drm", card = "virtio_gpu"',
        'chip = "9030000.pl061", 8 lines',
        "visavisd.service runs (process ",
    ):
        lab.check(f"the doctor sees {words}", words in said)


def uninstall(lab):
    guest = lab.guest
    said = guest.do(f"sh {PROJECT}/board/install --uninstall", 180)
    left = guest.do("ls /usr/bin/visavis* /usr/share/visavis /usr/lib/*/visavis* 2>/dev/null; true").strip()
    lab.check("uninstalled, nothing of the program is left", left == "", left)
    lab.check("settings and state are kept", guest.sh(f"test -s {SETTINGS} -a -d /var/lib/visavis")[0] == 0)
    lab.check("the service is gone", show(lab, "LoadState") == "not-found", said.strip().splitlines()[-1])
