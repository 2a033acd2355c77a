"""Cases whose inputs are listed in the file itself: `synth`, `resize` and `pictures`. The results are computed again."""
import base64
import hashlib
import io
import json

import numpy as np
from job import Case, Job
from PIL import Image
from synth import mixed, synth


def synth_bits(job: Job) -> None:
    cases = []
    for case in job.listed("synth"):
        values = synth(case["seed"], case["name"], tuple(case["shape"]), case["std"], case["mean"]).ravel()
        bits = values.view(np.uint32)
        chosen = bits[case["at"]] if "at" in case else bits
        cases.append({**case, "bits": chosen.tolist()})
    job.save_json("synth", cases, separators=(",", ":"), ensure_ascii=False)


def scrambled(width: int, height: int) -> np.ndarray:
    """Noise in which three of seven pixels are pure black or white, so that overshoot is clipped at both ends."""
    noise = (mixed(np.arange(3 * width * height, dtype=np.uint64)) & np.uint64(255)).astype(np.uint8)
    pixels = noise.reshape(-1, 3)
    pure = np.arange(len(pixels)) % 7 < 3
    pixels[pure] = np.where(pixels[pure] > 127, 255, 0)
    return pixels.reshape(height, width, 3)


def resize(job: Job) -> None:
    """Digests of what Pillow resizes that noise to: bicubic in colour, nearest of the red channel as a mask."""

    def digest(array: np.ndarray) -> str:
        return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]

    listed = job.listed("resize")
    cases = []
    for case in listed["cases"]:
        pixels = scrambled(*case["from"])
        bicubic = Image.fromarray(pixels).resize(case["to"], Image.BICUBIC)
        nearest = Image.fromarray(pixels[..., 0].copy()).resize(case["to"], Image.NEAREST)
        mask = (np.array(nearest) > 0).astype(np.uint8)
        cases.append({**case, "bicubic": digest(np.array(bicubic)), "nearest": digest(mask)})
    lines = ",\n".join(json.dumps(case) for case in cases)
    job.path("resize.json").write_text(f'{{"source": {json.dumps(listed["source"])}, "cases": [\n{lines}\n]}}\n')


def pictures(job: Job) -> None:
    """What Pillow decodes small files of every kind to."""
    listed = job.listed("pictures")
    cases = {}
    for name, case in listed["cases"].items():
        picture = Image.open(io.BytesIO(base64.b64decode(case["file"])))
        rgb = base64.b64encode(np.array(picture.convert("RGB")).tobytes()).decode()
        cases[name] = {**case, "width": picture.width, "height": picture.height, "rgb": rgb}
    job.save_json("pictures", {**listed, "cases": cases}, indent=0)


CASES: dict[str, Case] = {"synth": synth_bits, "resize": resize, "pictures": pictures}
