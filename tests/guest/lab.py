"""What a scenario works with: the guest, a server, terminals, and the list of what was judged."""

import time
import traceback

from server import Server
from terminal import Terminal


class Lab:
    """One scenario's run. `folder` keeps its artefacts and is /host/NAME in the guest."""

    def __init__(self, guest, name, folder):
        self.guest, self.name, self.folder = guest, name, folder
        self.server = Server(folder)
        self.verdicts, self.terminals = [], []
        self.begun = self.last = time.monotonic()

    def check(self, what, good, measured=""):
        """Judges: `what` should hold, `measured` says what was found. A failure does not end the scenario."""
        now = time.monotonic()
        words = f"{what}: {measured}" if measured != "" else what
        print(f"  {'ok  ' if good else 'FAIL'} {now - self.last:6.1f} s  {words}", flush=True)
        self.verdicts.append((bool(good), words))
        self.last = now
        return good

    def within(self, what, seconds, bound):
        """Judges a measured time against its bound."""
        return self.check(what, seconds <= bound, f"{seconds:.2f} s (bound {bound:g} s)")

    def terminal(self, config, board, under=""):
        """Starts a terminal; it is stopped at the scenario's end at the latest."""
        self.terminals.append(Terminal(self.guest, config, board, self.folder, under))
        return self.terminals[-1]

    def stop(self, terminal):
        """Stops a terminal before the scenario's end."""
        self.terminals.remove(terminal)
        terminal.stop()

    def run(self, scenario):
        """Runs the function `scenario(lab)`: true when everything it judged was good."""
        try:
            scenario(self)
        except Exception as error:  # pylint: disable=broad-except
            (self.folder / "traceback.txt").write_text(traceback.format_exc())
            self.check("runs to its end", False, f"{type(error).__name__}: {error}")
        finally:
            for terminal in list(self.terminals):
                try:
                    self.stop(terminal)
                except Exception as error:  # pylint: disable=broad-except
                    self.check("the terminal can be stopped", False, str(error))
            self.server.end()
        lines = [f"{'ok' if good else 'FAIL'} {words}" for good, words in self.verdicts]
        (self.folder / "verdicts.txt").write_text("\n".join(lines) + "\n")
        return bool(self.verdicts) and all(good for good, _ in self.verdicts)
