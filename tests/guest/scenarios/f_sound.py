"""A loudspeaker that mixes, for the service as it is shut in: its players share it, and so does a program that joins."""

import json
import shutil
import time

import d_sound_shared as shared
import devices
import f_service
from server import Publisher

GUEST = f_service.GUEST
SETTINGS = f_service.SETTINGS
INSTALL = f"{f_service.PROJECT.replace('f_service', 'f_sound')}/board/install"
# The program of the kiosk that plays to the same card.
BELL_HZ = 1300
PLAY = "aplay -q -D plug:shared -t raw -c 1 -r 48000 -f S16_LE /run/bell.raw"
BELL = f"""
[Unit]
After=visavisd.service
JoinsNamespaceOf=visavisd.service
[Service]
User=kiosk
PrivateIPC=yes
ExecStart={PLAY}
Restart=on-failure
"""
OPEN = "[Service]\nPrivateIPC=no\n"


def run(lab):
    guest = lab.guest
    for folder in ("board", "systemd"):
        shutil.copytree(f_service.ROOT / folder, lab.folder / "project" / folder)
    devices.microphone(guest, tone=False)
    try:
        install(lab)
        with Publisher(lab.server.from_host("agent"), shared.TONES["agent"]):
            with Publisher(lab.server.from_host("interpreter"), shared.TONES["interpreter"]):
                players(lab)
                another_program(lab)
    finally:
        guest.sh(f"journalctl --no-pager -o short-monotonic >/host/{lab.name}/journal.txt")
        guest.sh(f"sh {INSTALL} --uninstall --purge; rm -f /etc/asound.conf", 180)


def install(lab):
    """The service with two players and a device that mixes."""
    player = '[[player]]\nid = "{}"\nsrc = "{}"\nmode = "RTC"\nautoplay = true\n'
    config = "".join(player.format(name, lab.server.from_guest(name)) for name in shared.TONES)
    (lab.folder / "visavis.toml").write_text(config)
    (lab.folder / "sound.toml").write_text(shared.BOARD.format("plug:shared"))
    (lab.folder / "asound.conf").write_text(shared.MIXED.replace("ipc_perm", "ipc_gid audio\n    ipc_perm"))
    lab.guest.do(
        f"mkdir -p /etc/visavis/boards; cd /host/{lab.name}; cp asound.conf /etc/; cp visavis.toml {SETTINGS};"
        f"cp sound.toml /etc/visavis/boards/; sh {INSTALL} --binaries /host/bin --board sound",
        300,
    )


def plays(lab):
    """Waits until both players have the card."""
    def running():
        return all(speaker["state"] == "running" for speaker in shared.speakers(f_service.status(lab)))

    f_service.wait(lab, running, 60, json.dumps(shared.speakers(f_service.status(lab))))


def players(lab):
    guest = lab.guest
    plays(lab)
    shared.heard(lab, "both players are heard", shared.TONES.values())
    guest.do("systemctl restart visavisd", 180)
    plays(lab)
    shared.heard(lab, "and after a restart", shared.TONES.values())
    guest.do("systemctl kill -s KILL visavisd")
    time.sleep(3)
    plays(lab)
    shared.heard(lab, "and after a crash", shared.TONES.values())


def another_program(lab):
    guest = lab.guest
    (lab.folder / "bell.raw").write_bytes(devices.tone(BELL_HZ) * 120)
    (lab.folder / "bell.service").write_text(BELL)
    guest.do(
        f"cd /host/{lab.name}; cp bell.raw /run/; cp bell.service /run/systemd/system/; systemctl daemon-reload;"
        "grep -q ^kiosk: /etc/passwd || echo kiosk:x:1500:1500::/:/bin/sh >>/etc/passwd;"
        "sed -i '/^audio:/s/$/,kiosk/;s/:,kiosk/:kiosk/' /etc/group"
    )
    code, said = guest.sh(PLAY)
    lab.check("a program outside does not share it", code != 0 and "busy" in said, said.strip().splitlines()[-1])
    everybody = [*shared.TONES.values(), BELL_HZ]
    guest.do("systemctl start bell")
    shared.heard(lab, "one that joins is heard beside them", everybody, everybody)
    guest.do("systemctl restart visavisd", 180)
    plays(lab)
    shared.heard(lab, "and when the service begins anew", everybody, everybody)
    guest.do("systemctl stop bell; rm /run/systemd/system/bell.service; systemctl daemon-reload")
    shared.heard(lab, "the players go on when it leaves", shared.TONES.values(), everybody)
    dropin = "/etc/systemd/system/visavisd.service.d/open.conf"
    (lab.folder / "open.conf").write_text(OPEN)
    guest.do(f"cp /host/{lab.name}/open.conf {dropin}; systemctl daemon-reload; systemctl restart visavisd", 180)
    plays(lab)
    guest.do(f"{PLAY} >/dev/null 2>&1 & echo $! >/run/bell.pid")
    shared.heard(lab, "without a line of the sandbox a program outside is heard", everybody, everybody)
    guest.sh("kill $(cat /run/bell.pid)")
