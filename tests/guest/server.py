"""nginx-rtmp on the host: relays and records what the guest publishes, and what is published for it."""

import socket
import subprocess
import time

from guest import GuestError, free_port

CONFIGURATION = """load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log info;
events {{ worker_connections 64; }}
rtmp {{ access_log off; server {{
  listen 127.0.0.1:{port};
  application live {{
    live on; sync 10ms; wait_key off; wait_video off; idle_streams on; play_restart on; drop_idle_publisher 15s;
    record all; record_path {folder}; record_suffix -%s.flv;
  }}
}} }}
"""


class Server:
    """Application `live` on a free loopback port; recordings and the log lie in `folder`."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=self.port))
        command = ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "nginx.log"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        limit = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > limit or self.process.poll() is not None:
                    raise GuestError(f"nginx does not start; see {folder}/nginx.log") from None
                time.sleep(0.05)

    def from_guest(self, stream):
        """The stream's address as the guest sees it."""
        return f"rtmp://10.0.2.2:{self.port}/live/{stream}"

    def from_host(self, stream):
        """The stream's address on this machine."""
        return f"rtmp://127.0.0.1:{self.port}/live/{stream}"

    def recordings(self, stream):
        """The recordings of the stream, one for each connection that published it, in order."""
        return sorted(self.folder.glob(f"{stream}-*.flv"))

    def publishers(self, stream):
        """How many connections have published the stream."""
        return (self.folder / "nginx.log").read_text().count(f" publish: name='{stream}'")

    def end(self):
        """Ends the server; recordings are complete then."""
        self.process.terminate()
        self.process.wait()


class Publisher:
    """ffmpeg publishes a moving picture of 320x180 and a tone of so many Hz to `url` for the length of a `with`."""

    def __init__(self, url, hz=600):
        source = "-re -f lavfi -i testsrc2=size=320x180:rate=15"
        source += f" -re -f lavfi -i sine=frequency={hz}:sample_rate=48000"
        coding = "-c:v libx264 -preset ultrafast -tune zerolatency -g 15 -pix_fmt yuv420p "
        coding += "-b:v 150k -maxrate 150k -bufsize 75k -c:a aac -b:a 48k -ac 1 -f flv"
        self.command = ["ffmpeg", "-nostdin", "-v", "fatal", *source.split(), *coding.split(), url]

    def __enter__(self):
        self.process = subprocess.Popen(self.command)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
