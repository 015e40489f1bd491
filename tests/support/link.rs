//! Two hosts of a test's own, as network namespaces joined by a link whose rate the test sets: a real queue, real
//! acknowledgements and real losses. Needs root, iproute2 and ethtool; gone when dropped.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The near host's address.
pub const NEAR: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 2);
/// The far host's address.
pub const FAR: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);
/// Bytes that wait before the slow side's bottleneck; what comes then is lost.
const QUEUE: u32 = 64 << 10;
/// The device at both ends.
const DEVICE: &str = "up0";
/// Where `ip netns` keeps the names.
const NAMES: &str = "/run/netns";

/// A near host behind a bottleneck, a far host beyond it. What the near one sends is slowed down; the other direction
/// has 20 Mbit/s.
pub struct Link {
    near: String,
    far: String,
}

impl Link {
    /// Two hosts with `kbps` from the near to the far one; `None`, with a line that says so, without root.
    ///
    /// # Panics
    /// iproute2 or ethtool is missing, or the kernel has no namespaces, veth or tbf.
    pub fn new(kbps: u32) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if !rustix::process::geteuid().is_root() {
            eprintln!("left out: network namespaces need root");
            return None;
        }
        remove_stale();
        let tag = format!("visavis{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let this = Self { near: format!("{tag}n"), far: format!("{tag}f") };
        for name in [&this.near, &this.far] {
            run(&format!("ip netns add {name}"));
            run(&format!("ip -n {name} link set lo up"));
        }
        run(&format!("ip -n {} link add {DEVICE} type veth peer name {DEVICE} netns {}", this.near, this.far));
        for (name, address) in [(&this.near, NEAR), (&this.far, FAR)] {
            run(&format!("ip -n {name} link set {DEVICE} address {}", hardware(address)));
            run(&format!("ip -n {name} address add {address}/24 dev {DEVICE}"));
            // Segments of a real size: no offload, or the queue would hold 64 KiB in one packet.
            run(&format!("ip netns exec {name} ethtool -K {DEVICE} tso off gso off gro off"));
            run(&format!("ip -n {name} link set {DEVICE} gso_max_segs 1 up"));
        }
        this.rate(kbps);
        Some(this)
    }

    /// The near host sends `kbps` from now on; 0 lets nothing pass in either direction.
    pub fn rate(&self, kbps: u32) {
        let (near, far) = match kbps {
            0 => ("rate 1kbit burst 1600 limit 1600".to_owned(), "rate 1kbit burst 1600 limit 1600"),
            _ => (format!("rate {kbps}kbit burst 3200 limit {QUEUE}"), "rate 20mbit burst 32000 limit 65536"),
        };
        run(&format!("tc -n {} qdisc replace dev {DEVICE} root tbf {near}", self.near));
        run(&format!("tc -n {} qdisc replace dev {DEVICE} root tbf {far}", self.far));
    }

    /// Everything that either host sends is lost on its way (true), or arrives again: to the hosts all seems well. What
    /// a host's own queue drops it would offer again soon, whatever TCP says (`TCP_RESOURCE_PROBE_INTERVAL`).
    pub fn lose(&self, everything: bool) {
        for (name, peer) in [(&self.near, FAR), (&self.far, NEAR)] {
            // An address of nobody: the other end ignores what it gets.
            let hardware = if everything { "02:00:00:00:00:99".into() } else { hardware(peer) };
            run(&format!("ip -n {name} neighbour replace {peer} lladdr {hardware} dev {DEVICE} nud permanent"));
        }
    }

    /// The near host's cable is pulled (false) or plugged in again.
    pub fn plug(&self, plugged: bool) {
        run(&format!("ip -n {} link set {DEVICE} {}", self.near, if plugged { "up" } else { "down" }));
    }

    /// Both hosts steer TCP by this algorithm ("cubic", "bbr") from the next connection on.
    pub fn congestion(&self, algorithm: &str) {
        for (name, address) in [(&self.near, NEAR), (&self.far, FAR)] {
            run(&format!("ip -n {name} route replace 10.78.0.0/24 dev {DEVICE} src {address} congctl {algorithm}"));
        }
    }

    /// Does `work` on the near host; whatever it starts stays there.
    pub fn near<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        inside(&self.near, work)
    }

    /// Does `work` on the far host; whatever it starts stays there.
    pub fn far<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        inside(&self.far, work)
    }

    /// Bytes that arrived on the far host, heads of IP and Ethernet included.
    pub fn arrived(&self) -> u64 {
        let table = self.far(|| fs::read_to_string("/proc/thread-self/net/dev").unwrap());
        let line = table.lines().find_map(|line| line.trim_start().strip_prefix(DEVICE)?.strip_prefix(':'));
        line.unwrap().split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for name in [&self.near, &self.far] {
            delete(name);
        }
    }
}

/// The hardware address of the device that has `address`.
fn hardware(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

/// A thread of its own, so that this one stays where it is. The file system is the same everywhere: sockets that have
/// a path are reached from any host.
fn inside<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let there = scope.spawn(|| {
            let space = File::open(Path::new(NAMES).join(name)).unwrap();
            move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            work()
        });
        there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Removes what tests that were killed left behind.
fn remove_stale() {
    let names = fs::read_dir(NAMES).into_iter().flatten().flatten().filter_map(|it| it.file_name().into_string().ok());
    for name in names {
        let owner = name.strip_prefix("visavis").and_then(|rest| rest.split_once('-'));
        if owner.is_some_and(|(pid, _)| !Path::new("/proc").join(pid).exists()) {
            delete(&name);
        }
    }
}

fn delete(name: &str) {
    let _ = Command::new("ip").args(["netns", "delete", name]).stderr(Stdio::null()).status();
}

fn run(line: &str) {
    let mut words = line.split_whitespace();
    let output = Command::new(words.next().unwrap()).args(words).output();
    let output = output.unwrap_or_else(|error| panic!("{line}: {error} (install iproute2 and ethtool)"));
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}
