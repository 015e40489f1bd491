"""A visavisd in the guest: started with a configuration and a board profile, steered and heard through visavisctl."""

import json
import time

from guest import GuestError, Lines

SOCKET = "/run/visavis/control.sock"


class Terminal:
    """A running daemon. `config` and `board` are TOML texts; `under` are words before the command, if any."""

    def __init__(self, guest, config, board, folder, under=""):
        self.guest, self.folder = guest, folder
        (folder / "visavis.toml").write_text(config)
        (folder / "board.toml").write_text(board)
        place = f"/host/{folder.name}"
        guest.do(f"rm -f {SOCKET}; mkdir -p /run/visavis /tmp/visavis; cp {place}/*.toml /tmp/visavis")
        run = f"{under} visavisd run --config /tmp/visavis/visavis.toml --board /tmp/visavis/board.toml"
        self.pid = int(guest.do(f"RUST_LOG=${{RUST_LOG-info}} {run} >/tmp/visavis/log 2>&1 & echo $!"))
        limit = time.monotonic() + 30
        while guest.sh(f"test -S {SOCKET}")[0] != 0:
            if time.monotonic() > limit or guest.sh(f"kill -0 {self.pid}")[0] != 0:
                raise GuestError("visavisd does not start:\n" + guest.sh("cat /tmp/visavis/log")[1])
        self.heard = Lines(guest.stream("visavisctl --json watch"))
        self._wait(lambda: self.heard.lines, 20, "the event stream begins")

    def ctl(self, words, seconds=30):
        """visavisctl with these words: its answer."""
        text = self.guest.do(f"visavisctl --json {words}", seconds)
        return json.loads(text) if text.strip() else None

    def status(self):
        """Everything the terminal says of itself."""
        return self.ctl("status")

    def start(self, seconds=30):
        """Starts the pusher and waits until it publishes."""
        self.ctl("pusher start")
        return self.wait(1002, seconds=seconds)

    def told(self, kind="event"):
        """What was told so far, as a list of dictionaries."""
        lines = [json.loads(line) for line in list(self.heard.lines) if line.startswith("{")]
        return [line["data"] for line in lines if line["type"] == kind]

    def codes(self, after=0.0, source="pusher"):
        """The codes told after the guest's time `after` (s)."""
        return [
            event["code"]
            for event in self.told()
            if event["object"] == source and event["monotonic_ms"] >= 1000 * after and event["code"]
        ]

    def wait(self, code, after=0.0, seconds=30, source=None):
        """Waits for an event, of `source` alone if given, told after the guest's time `after` (s): its own time."""
        found = []

        def wanted(event):
            known = source is None or event["object"] == source
            return known and event["code"] == code and event["monotonic_ms"] >= 1000 * after

        def there():
            found[:] = filter(wanted, self.told())
            return found

        self._wait(there, seconds, f"event {code}")
        return found[0]["monotonic_ms"] / 1000

    def wait_until(self, true_of, seconds=30, what="the status is as expected"):
        """Waits until `true_of(status)`, by asking: the status."""
        limit = time.monotonic() + seconds
        while not true_of(status := self.status()):
            if time.monotonic() > limit:
                raise AssertionError(f"not within {seconds} s: {what}; status {json.dumps(status)}")
            time.sleep(0.2)
        return status

    def _wait(self, there, seconds, what):
        limit = time.monotonic() + seconds
        with self.heard.changed:
            while not there():
                rest = limit - time.monotonic()
                if rest <= 0 or self.heard.ended:
                    why = "the event stream ended" if self.heard.ended else f"not within {seconds} s"
                    raise AssertionError(f"{why}: {what}; codes so far {self.codes()}")
                self.heard.changed.wait(rest)

    def plays(self):
        """Waits until every player is live. (Its events may have been told before somebody listened.)"""
        return self.wait_until(lambda now: all(player["state"] == "live" for player in now["players"]), what="it plays")

    def stop(self):
        """Ends the daemon as systemd would: its exit status. Log and events stay in the scenario's folder."""
        self.guest.sh(f"kill {self.pid}")
        limit = time.monotonic() + 20
        while self.guest.sh(f"kill -0 {self.pid}")[0] == 0:
            if time.monotonic() > limit:
                self.guest.sh(f"kill -9 {self.pid}")
                break
        number = len(list(self.folder.glob("visavisd*.log"))) + 1
        self.guest.sh(f"cp /tmp/visavis/log /host/{self.folder.name}/visavisd-{number}.log")
        (self.folder / f"events-{number}.jsonl").write_text("\n".join(self.heard.lines) + "\n")
