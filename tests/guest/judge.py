"""Judges of pictures and sound: ffmpeg decodes, a little arithmetic decides."""

import array
import json
import math
import subprocess


def _run(*command):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} failed on {command[-1]}: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout


def _probe(file, *what):
    return json.loads(_run("ffprobe", "-v", "error", "-of", "json", *what, file))


def streams(file):
    """The streams of a recording by kind: {"video": {...}, "audio": {...}} as ffprobe tells them."""
    return {stream["codec_type"]: stream for stream in _probe(file, "-show_streams")["streams"]}


def picture_times(file):
    """When each picture of a recording is shown, in seconds of the stream."""
    packets = _probe(file, "-select_streams", "v", "-show_entries", "packet=pts_time")["packets"]
    return sorted(float(packet["pts_time"]) for packet in packets)


def sound_times(file):
    """When each sound frame of a recording is heard, in seconds of the stream."""
    packets = _probe(file, "-select_streams", "a", "-show_entries", "packet=pts_time")["packets"]
    return [float(packet["pts_time"]) for packet in packets]


def longest_gap(times):
    """The longest time between two neighbours, in seconds."""
    return max((after - before for before, after in zip(times, times[1:])), default=math.inf)


class Picture:
    """A decoded picture: `width` by `height` pixels of 8-bit red, green, blue in `rgb`."""

    def __init__(self, width, height, rgb):
        self.width, self.height, self.rgb = width, height, rgb

    def mean(self, left=0.0, top=0.0, right=1.0, bottom=1.0):
        """The mean colour of a part of the picture, given in fractions of its sides."""
        sums, count = [0, 0, 0], 0
        for line in range(int(top * self.height), max(int(bottom * self.height), int(top * self.height) + 1)):
            start = 3 * (line * self.width + int(left * self.width))
            end = 3 * (line * self.width + max(int(right * self.width), int(left * self.width) + 1))
            for channel in range(3):
                sums[channel] += sum(self.rgb[start + channel : end : 3])
            count += (end - start) // 3
        return tuple(round(value / count) for value in sums)

    def psnr(self, other):
        """Peak signal-to-noise ratio against a picture of the same size, in dB."""
        square = sum((a - b) ** 2 for a, b in zip(self.rgb, other.rgb, strict=True)) / len(self.rgb)
        return math.inf if square == 0 else 10 * math.log10(255**2 / square)

    def time_mark(self):
        """What the test card's cells say: (microseconds, picture number), or None (src/device/synthetic/mark.rs)."""
        levels = []
        for cell in range(96):
            column, line = cell % 24, cell // 24
            red, green, blue = self.mean(
                (8.25 + column) / 40, (15.25 + line) / 22.5, (8.75 + column) / 40, (15.75 + line) / 22.5
            )
            levels.append(red + green + blue)
        if max(levels) - min(levels) < 120:
            return None
        middle = (max(levels) + min(levels)) / 2
        bits = int("".join("1" if level > middle else "0" for level in levels), 2)
        time, number = bits >> 40, bits >> 24 & 0xFFFF
        return (time, number) if mark(time, number) == bits else None

    def save(self, png):
        """Keeps it as a PNG image."""
        raw = f"-f rawvideo -pix_fmt rgb24 -s {self.width}x{self.height} -i -".split()
        subprocess.run(["ffmpeg", "-v", "error", "-y", *raw, str(png)], input=self.rgb, check=True)

    def part(self, left, top, width, height):
        """A rectangle of the picture, in pixels."""
        lines = (3 * (self.width * line + left) for line in range(top, top + height))
        return Picture(width, height, b"".join(self.rgb[at : at + 3 * width] for at in lines))


def mark(time, number):
    """The 96 bits of the test card's time code: microseconds, picture number, CRC-24."""
    body, crc = time << 16 | number, 0xB704CE
    for bit in range(71, -1, -1):
        out = (crc >> 23 ^ body >> bit) & 1
        crc = (crc << 1 ^ out * 0x864CFB) & 0xFFFFFF
    return body << 24 | crc


def pictures(file, width, height, after=0.0, seconds=None, scaler="area"):
    """Every picture of a recording or image, scaled to `width` by `height`; `after` and `seconds` choose a part."""
    part = ["-ss", after] + (["-t", seconds] if seconds is not None else [])
    scaled = ["-vf", f"scale={width}:{height}:flags={scaler}", "-fps_mode", "passthrough"]
    raw = _run("ffmpeg", "-nostdin", "-v", "fatal", "-i", file, *part, *scaled, *"-f rawvideo -pix_fmt rgb24 -".split())
    size = 3 * width * height
    return [Picture(width, height, raw[at : at + size]) for at in range(0, len(raw) - size + 1, size)]


def ppm(file):
    """The picture of a PPM file, as a screendump writes it."""
    kind, size, _depth, rgb = file.read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    assert kind == b"P6" and len(rgb) == 3 * width * height, file
    return Picture(width, height, rgb)


def save_png(file, png, after):
    """Keeps the picture at `after` seconds of a recording."""
    _run("ffmpeg", "-nostdin", "-v", "error", "-y", "-i", file, "-ss", after, "-frames:v", 1, png)


RATE = 48000


def sound(file, after=0.0, seconds=None):
    """The sound of a recording: 16-bit samples, mono, 48 kHz."""
    part = ["-ss", after] + (["-t", seconds] if seconds is not None else [])
    raw = _run("ffmpeg", "-nostdin", "-v", "fatal", "-i", file, *part, *f"-vn -ac 1 -ar {RATE} -f s16le -".split())
    return array.array("h", raw[: len(raw) // 2 * 2])


def level(samples):
    """Root mean square in dB of full scale; -120 for silence."""
    power = sum(value * value for value in samples) / max(len(samples), 1)
    return max(-120.0, 10 * math.log10(power / 32767**2)) if power else -120.0


def frequency(samples, rate=RATE):
    """The frequency of a tone, from its rising zero crossings; 0.0 when there are none."""
    rises = [at for at in range(1, len(samples)) if samples[at - 1] < 0 <= samples[at]]
    return (len(rises) - 1) * rate / (rises[-1] - rises[0]) if len(rises) > 1 else 0.0


def tone(samples, rate=RATE):
    """What is heard most of the time: the median (frequency, level) of pieces of a quarter of a second."""
    size = rate // 4
    pieces = [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]
    middle = len(pieces) // 2
    return sorted(map(frequency, pieces))[middle], sorted(map(level, pieces))[middle]


def quiet_spans(samples, below=-60.0, step=0.02, rate=RATE):
    """Stretches quieter than `below` dB: [(from, to)] in seconds, in steps of `step`."""
    size, spans = int(step * rate), []
    for at in range(0, len(samples) - size + 1, size):
        if level(samples[at : at + size]) < below:
            start = at / rate
            if spans and abs(spans[-1][1] - start) < step / 2:
                spans[-1] = (spans[-1][0], start + step)
            else:
                spans.append((start, start + step))
    return spans
