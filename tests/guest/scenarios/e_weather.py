"""A bad network of the kernel's making, 100 ms +- 30 ms and 3 % loss each way: the call goes on."""

import time

import devices
import judge
from server import Publisher

WEATHER = "netem delay 100ms 30ms loss 3%"


def run(lab):
    devices.cameras(lab.guest)
    devices.microphone(lab.guest)
    config = devices.pusher(lab.server.from_guest("door"))
    config += f'[[player]]\nid = "agent"\nsrc = "{lab.server.from_guest("agent")}"\nmode = "RTC"\nautoplay = true\n'
    with Publisher(lab.server.from_host("agent")):
        terminal = lab.terminal(config, devices.BOARD)
        terminal.start()
        terminal.wait(2004, source="player:agent")
        time.sleep(5)
        begun = float(lab.guest.do("cut -d' ' -f1 /proc/uptime"))
        # What leaves the guest is delayed at eth0, what arrives at ifb0.
        lab.guest.do(
            "modprobe ifb numifbs=1; modprobe sch_netem; modprobe sch_ingress; modprobe act_mirred; modprobe cls_u32;"
            "ip link set ifb0 up && tc qdisc add dev eth0 ingress && tc filter add dev eth0 parent ffff: protocol ip "
            "u32 match u32 0 0 action mirred egress redirect dev ifb0"
            f" && tc qdisc add dev ifb0 root {WEATHER} && tc qdisc add dev eth0 root {WEATHER}"
        )
        try:
            judge_call(lab, terminal, begun)
        finally:
            lab.guest.do("tc qdisc del dev eth0 root; tc qdisc del dev eth0 ingress; tc qdisc del dev ifb0 root", 60)
        terminal.ctl("pusher stop")
        lab.stop(terminal)
    file = lab.server.recordings("door")[0]
    gap = judge.longest_gap(judge.sound_times(file))
    lab.within("longest time without a sound frame at the server", gap, 0.2)


def judge_call(lab, terminal, begun):
    """Half a minute of bad weather."""
    time.sleep(30)
    net = terminal.status()["pusher"]["net"]
    lab.check("the round trip is what the weather makes it", net["rttMs"] > 150, f"{net['rttMs']:.0f} ms")
    sent = [it["videoFPS"] for it in terminal.told("netstatus") if it["object"] == "pusher"][-25:]
    lab.check("pictures are sent all the time", sum(sent) / len(sent) > 8, f"{sum(sent) / len(sent):.1f} a second")
    shown = [it["videoFPS"] for it in terminal.told("netstatus") if it["object"] == "player:agent"][-25:]
    mean = sum(shown) / len(shown)
    lab.check("pictures are received all the time", mean > 8, f"{mean:.1f} a second")
    up, down = terminal.codes(begun), terminal.codes(begun, "player:agent")
    lab.check("up: at most 1101 and 1006", set(up) <= {1101, 1006}, up)
    lab.check("down: at most 2007, 2004, 2104, 2105, 2107", set(down) <= {2004, 2007, 2104, 2105, 2107}, down)
