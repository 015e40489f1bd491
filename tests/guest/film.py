"""A film whose pictures can be told apart, and its showing at a server."""

import subprocess

import judge

WIDTH, HEIGHT, SECONDS, TONE_HZ = 320, 240, 10, 600
BARS = [(230, 230, 230), (200, 200, 30), (40, 190, 190), (40, 180, 50), (190, 60, 190), (200, 50, 40), (50, 70, 210),
        (230, 140, 60)]


def picture(number, colours=BARS):
    """Picture `number` of the film: a grey ramp, colour bars, and its number as the test card writes it."""
    ramp = bytes(32 + 190 * x // WIDTH for x in range(WIDTH) for _ in range(3))
    bars = bytes(value for x in range(WIDTH) for value in colours[8 * x // WIDTH])
    lines = [ramp] * (HEIGHT // 4) + [bars] * (HEIGHT - HEIGHT // 4)
    bits = judge.mark(1_000_000 + number, number)
    for row in range(4):
        line = bytearray(bars)
        for cell in range(24):
            value = 224 if bits >> (95 - 24 * row - cell) & 1 else 24
            left, right = WIDTH * (8 + cell) // 40, WIDTH * (9 + cell) // 40
            line[3 * left : 3 * right] = bytes([value]) * (3 * (right - left))
        for y in range(HEIGHT * (30 + 2 * row) // 45, HEIGHT * (32 + 2 * row) // 45):
            lines[y] = bytes(line)
    return judge.Picture(WIDTH, HEIGHT, b"".join(lines))


class Film:
    """Ten seconds of pictures and a tone, coded once; shown in a loop for the length of a `with film.at(url)`."""

    def __init__(self, folder, rate=15, name="film", colours=BARS):
        self.file, self.rate, self.count = folder / f"{name}.flv", rate, rate * SECONDS
        raw = f"-f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r {rate} -i - -f lavfi -t {SECONDS}"
        tone = f"-i sine=frequency={TONE_HZ}:sample_rate=48000"
        coding = "-c:v libx264 -preset veryfast -tune zerolatency -crf 18 -pix_fmt yuv420p -c:a aac -ac 1"
        coding += f" -g {rate} -f flv"
        command = ["ffmpeg", "-v", "error", "-y", *raw.split(), *tone.split(), *coding.split(), self.file]
        pictures = b"".join(picture(number, colours).rgb for number in range(self.count))
        subprocess.run([str(word) for word in command], input=pictures, check=True)

    def at(self, url):
        """Publishes to `url`."""
        self.url = url
        return self

    def __enter__(self):
        command = f"ffmpeg -nostdin -v fatal -re -stream_loop -1 -i {self.file} -c copy -f flv {self.url}"
        self.process = subprocess.Popen(command.split())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
