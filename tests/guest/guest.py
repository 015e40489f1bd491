"""A booted guest: QEMU, commands inside it, files shared with it, and what only the host can do to it."""

import json
import os
import shlex
import socket
import struct
import subprocess
import threading
import time

MACHINE = "-M virt,gic-version=3 -accel tcg,thread=multi,tb-size=256 -cpu cortex-a72 -smp 2".split()


class GuestError(Exception):
    """The guest does not do what every scenario relies on."""


def free_port():
    """A loopback port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Guest:
    """Boots `image` (a folder made by the script image). `shared` is the guest's /host; the host is 10.0.2.2 there."""

    def __init__(self, image, shared, log, modules="", init=None, memory=512, devices=()):
        self.port, self.shared, self.log = free_port(), shared, log
        self.monitor = log.with_suffix(".qmp")
        words = f"console=ttyAMA0 quiet panic=-1 net.ifnames=0 guest.modules={modules}"
        words += f" guest.init={init}" if init else ""
        command = ["qemu-system-aarch64", *MACHINE, "-m", str(memory)]
        command += "-nodefaults -no-user-config -display none -no-reboot -device virtio-rng-pci".split()
        command += ["-kernel", image / "vmlinuz", "-initrd", image / "stage1.cpio.zst", "-append", words]
        command += ["-drive", f"if=none,id=root,file={image}/root.squashfs,format=raw,readonly=on"]
        command += ["-device", "virtio-blk-pci,drive=root"]
        command += ["-fsdev", f"local,id=host,path={shared},security_model=none,multidevs=remap"]
        command += ["-device", "virtio-9p-pci,fsdev=host,mount_tag=host"]
        command += ["-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:1"]
        command += ["-device", "virtio-net-pci,netdev=net,romfile="]
        command += ["-serial", f"file:{log}", "-qmp", f"unix:{self.monitor},server=on,wait=off", *devices]
        if any("id=gpu0" in word for word in devices):
            self.viewer = log.with_suffix(".vnc")
            command += ["-vnc", f"unix:{self.viewer},display=gpu0"]
        self.qemu = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL)
        # Its devices run in real time, whatever else this machine is doing; only root may ask for that.
        try:
            os.setpriority(os.PRIO_PROCESS, self.qemu.pid, -10)
        except PermissionError:
            pass
        try:
            # A guest with a service manager takes half a minute, and several where the machine is busy.
            self._wait_for_commands(300)
        except GuestError:
            self.end()
            raise

    def _wait_for_commands(self, seconds):
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            if self.qemu.poll() is not None:
                raise GuestError(f"QEMU ended with status {self.qemu.returncode}; see {self.log}")
            try:
                if self.sh("echo up", 5)[1].strip() == "up":
                    return
            except (OSError, GuestError):
                pass
            time.sleep(0.2)
        raise GuestError(f"the guest takes no commands after {seconds} s; see {self.log}")

    def stream(self, script, seconds=None):
        """Runs a shell script in the guest; the socket its output comes from until it ends. Closing it ends nothing."""
        connection = socket.create_connection(("127.0.0.1", self.port), 5)
        connection.settimeout(seconds)
        connection.sendall(f"exec sh -c {shlex.quote(script)} </dev/null 2>&1\n".encode())
        return connection

    def sh(self, script, seconds=30):
        """Runs a shell script in the guest to its end: (status, output)."""
        script = f"({script}\n); echo \"end of script $?\""
        said = b""
        with self.stream(script, seconds) as connection:
            try:
                while piece := connection.recv(65536):
                    said += piece
            except TimeoutError:
                said = said.decode(errors="replace")
                raise GuestError(f"still running after {seconds} s: {script}\n{said}") from None
        text, found, status = said.decode(errors="replace").rpartition("end of script ")
        if not found:
            raise GuestError(f"no answer to: {script}\n{said.decode(errors='replace')}")
        return int(status), text

    def do(self, script, seconds=30):
        """Runs a shell script that has to succeed: its output."""
        status, output = self.sh(script, seconds)
        if status != 0:
            raise GuestError(f"status {status} of: {script}\n{output}")
        return output

    def uptime_around(self, script, seconds=30):
        """Runs a script that has to succeed: the guest's clock (CLOCK_MONOTONIC, s) just before and just after."""
        clock = "cut -d' ' -f1 /proc/uptime"
        times = self.do(f"{clock}; {{ {script}\n}} >/dev/null && {clock}", seconds).split()
        return float(times[0]), float(times[-1])

    def qmp(self, command, **arguments):
        """One command of QEMU's monitor: its return value."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(self.monitor))
            lines = connection.makefile("rw")
            lines.readline()
            for name, words in (("qmp_capabilities", {}), (command, arguments)):
                lines.write(json.dumps({"execute": name, "arguments": words}) + "\n")
                lines.flush()
                answer = json.loads(lines.readline())
                while "return" not in answer and "error" not in answer:
                    answer = json.loads(lines.readline())
        if "error" in answer:
            raise GuestError(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    def screendump(self, file):
        """Writes what the guest's screen (a device with id=gpu0) shows to `file`, as PPM."""
        self.qmp("screendump", filename=str(file), device="gpu0")

    def resize_screen(self, width, height):
        """Gives the guest's screen another size, as a viewer's window does; 0 by 0 unplugs it (RFC 6143, 7)."""
        with socket.socket(socket.AF_UNIX) as viewer:
            viewer.settimeout(30)
            viewer.connect(str(self.viewer))
            take = viewer.makefile("rb").read
            take(12)
            viewer.sendall(b"RFB 003.008\n")
            take(take(1)[0])
            viewer.sendall(b"\x01")
            take(4)
            viewer.sendall(b"\x01")
            take(20)
            take(int.from_bytes(take(4), "big"))
            # SetEncodings: ExtendedDesktopSize; then SetDesktopSize with one screen.
            viewer.sendall(struct.pack(">BxHi", 2, 1, -308))
            viewer.sendall(struct.pack(">BxHHBxIHHHHI", 251, width, height, 1, 0, 0, 0, width, height, 0))
            # Its answer to a request shows that the one before was read.
            viewer.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, 1, 1))
            take(1)

    def end(self):
        """Switches the guest off."""
        self.qemu.terminate()
        try:
            self.qemu.wait(10)
        except subprocess.TimeoutExpired:
            self.qemu.kill()
            self.qemu.wait()
        self.monitor.unlink(missing_ok=True)


class Lines(threading.Thread):
    """Reads the lines of a running script in the guest into a list, and wakes whoever waits for one."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection, self.lines, self.ended = connection, [], False
        self.changed = threading.Condition()
        self.start()

    def run(self):
        try:
            for line in self.connection.makefile("r", errors="replace"):
                with self.changed:
                    self.lines.append(line.rstrip("\n"))
                    self.changed.notify_all()
        except OSError:
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()
