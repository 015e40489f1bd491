"""A bad network of the kernel's making, 100 ms +- 30 ms and 3 % loss each way: the call goes on."""

import time

import devices
import judge
from server import Publisher

WEATHER = "netem delay 100ms 30ms loss 3%"
PORT = 1935


def run(lab):
    devices.cameras(lab.guest)
    devices.microphone(lab.guest)
    room(lab)
    address = f"rtmp://10.9.0.1:{PORT}/live"
    config = devices.pusher(f"{address}/door")
    config += f'[[player]]\nid = "agent"\nsrc = "{address}/agent"\nmode = "RTC"\nautoplay = true\n'
    with Publisher(lab.server.from_host("agent")):
        terminal = lab.terminal(config, devices.BOARD, "ip netns exec room")
        terminal.start()
        terminal.wait(2004)
        time.sleep(5)
        begun = float(lab.guest.do("cut -d' ' -f1 /proc/uptime"))
        lab.guest.do(f"tc qdisc add dev outside root {WEATHER}; tc -n room qdisc add dev inside root {WEATHER}")
        judge_call(lab, terminal, begun)
        lab.guest.do("tc qdisc del dev outside root; tc -n room qdisc del dev inside root")
        terminal.ctl("pusher stop")
        lab.stop(terminal)
    lab.guest.do("kill $(cat /tmp/relay); ip netns del room")
    gap = judge.longest_gap(judge.sound_times(lab.server.recordings("door")[0]))
    lab.within("longest hole in the sound at the server", gap, 0.1)


def room(lab):
    """The terminal's own network, whose way out is a relay: both ends of the bad hop are the kernel's TCP."""
    lab.guest.do(
        "modprobe veth; modprobe sch_netem; ip netns add room;"
        "ip link add outside type veth peer name inside netns room;"
        "ip addr add 10.9.0.1/24 dev outside; ip link set outside up;"
        "ip -n room addr add 10.9.0.2/24 dev inside; ip -n room link set inside up; ip -n room link set lo up;"
        f"setsid nc -ll -p {PORT} -e nc 10.0.2.2 {lab.server.port} >/dev/null 2>&1 & echo $! >/tmp/relay"
    )


def judge_call(lab, terminal, begun):
    """Half a minute of bad weather."""
    time.sleep(30)
    net = terminal.status()["pusher"]["net"]
    lab.check("the round trip is what the weather makes it", net["rttMs"] > 150, f"{net['rttMs']:.0f} ms")
    for source, words in (("pusher", "sent"), ("player:agent", "shown")):
        rates = [it["videoFPS"] for it in terminal.told("netstatus") if it["object"] == source][-25:]
        mean = sum(rates) / len(rates)
        lab.check(f"pictures are {words} all the time", mean > 8, f"{mean:.1f} a second, {min(rates):.1f} at least")
    up, down = terminal.codes(begun), terminal.codes(begun, "player:agent")
    lab.check("up: at most 1101 and 1006", set(up) <= {1101, 1006}, up)
    lab.check("down: at most 2007, 2004, 2104, 2105, 2107", set(down) <= {2004, 2007, 2104, 2105, 2107}, down)
