"""Cases `image.*` and `augment.*`: picture files, decoded, resized and normalised by Pillow and torchvision."""
from functools import partial

import numpy as np
import torch
import torchvision.transforms.functional as TF
from job import Case, Job
from PIL import Image, ImageDraw
from synth import synth
from torchvision.transforms import InterpolationMode

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

# File: size and number of the picture, mode it is turned into, sides it is resized to, how it is saved.
FILES = {
    "rgb.png": ((123, 91, 1), None, (56, 140), {"format": "PNG"}),
    "grey.png": ((123, 91, 1), "L", (56,), {"format": "PNG"}),
    "palette.png": ((123, 91, 1), "P", (56,), {"format": "PNG"}),
    "rgba.png": ((123, 91, 1), "RGBA", (56,), {"format": "PNG"}),
    "baseline.jpg": ((200, 150, 2), None, (56,), {"format": "JPEG", "quality": 90}),
    "progressive.jpg": ((200, 150, 3), None, (56,), {"format": "JPEG", "quality": 85, "progressive": True}),
    "grey.jpg": ((200, 150, 4), "L", (56,), {"format": "JPEG", "quality": 90}),
    "photo.bmp": ((64, 80, 5), None, (56,), {"format": "BMP"}),
    "photo.tif": ((64, 80, 6), None, (56,), {"format": "TIFF", "compression": "tiff_lzw"}),
}


def drawn(job: Job, width: int, height: int, number: int) -> Image.Image:
    """Waves, noise, a red line and a blue disc."""
    row, column = np.mgrid[:height, :width].astype(np.float64)
    waves = [np.sin(column / (7 + 3 * c) + number) * np.cos(row / (11 - 2 * c)) for c in range(3)]
    noise = synth(job.base + number, "noise", (height, width, 3), 18.0)
    pixels = (127 + 90 * np.stack(waves, axis=-1) + noise).clip(0, 255)
    picture = Image.fromarray(pixels.astype(np.uint8))
    brush = ImageDraw.Draw(picture)
    brush.line([(width * 0.2, height * 0.3), (width * 0.8, height * 0.5)], (250, 20, 30), 3)
    brush.ellipse([width * 0.5, height * 0.55, width * 0.75, height * 0.85], (20, 40, 220))
    return picture


def as_bytes(picture: Image.Image) -> np.ndarray:
    return np.array(picture.convert("RGB"))


def prepared(picture: Image.Image, size: int) -> tuple[np.ndarray, torch.Tensor]:
    """Bytes [S, S, 3] after the bicubic resize, and planes [3, S, S] after CLIP's normalisation."""
    resized = picture.convert("RGB").resize((size, size), Image.BICUBIC)
    return as_bytes(resized), TF.normalize(TF.to_tensor(resized), CLIP_MEAN, CLIP_STD)


def image(name: str, job: Job) -> None:
    (width, height, number), mode, sizes, style = FILES[name]
    picture = drawn(job, width, height, number)
    if mode:
        picture = picture.quantize(32) if mode == "P" else picture.convert(mode)
    path = job.path(name)
    picture.save(path, **style)
    tensors: dict = {"rgb": as_bytes(Image.open(path))}
    for size in sizes:
        tensors[f"u8.{size}"], tensors[f"x.{size}"] = prepared(Image.open(path), size)
    job.save(f"image.{name}", tensors, file=name)


def mask(job: Job) -> None:
    """Some data sets mark a defect with 1, others with 255: both count."""
    picture = Image.new("L", (123, 91))
    brush = ImageDraw.Draw(picture)
    brush.ellipse([30, 20, 70, 60], 1)
    brush.rectangle([90, 70, 110, 85], 255)
    picture.save(job.path("mask.png"))
    tensors = {}
    for size in (56, 140, 518):
        resized = picture.resize((size, size), Image.NEAREST)
        tensors[f"mask.{size}"] = (np.array(resized)[None] > 0).astype(np.float32)
    job.save("image.mask.png", tensors, file="mask.png")


def geometry(job: Job) -> None:
    """A normalised picture with a mask as its fourth channel: nearest sampling, zeros where a pixel has no source."""
    _, x = prepared(drawn(job, 123, 91, 1), 56)
    x = torch.cat([x, (job.noise("am", (1, 56, 56)) > 1).float()])
    style = {"interpolation": InterpolationMode.NEAREST, "fill": [0.0] * 4}
    tensors = {"x": x}
    for angle in (-30.0, -7.3, 12.5, 30.0):
        tensors[f"rotate.{angle}"] = TF.rotate(x, angle, **style)
    for shift in ((8, -3), (-5, 8)):
        name = "translate.{}.{}".format(*shift)
        tensors[name] = TF.affine(x, angle=0.0, translate=list(shift), scale=1.0, shear=[0.0, 0.0], **style)
    tensors |= {"hflip": TF.hflip(x), "vflip": TF.vflip(x)}
    job.save("augment.geometry", tensors)


def colour(job: Job) -> None:
    picture = drawn(job, 123, 91, 1)
    tensors = {"x": as_bytes(picture)}
    for factor in (0.5, 0.83, 1.5):
        for step in ("brightness", "contrast", "saturation"):
            changed = getattr(TF, f"adjust_{step}")(picture, factor)
            tensors[f"{step}.{factor}"] = as_bytes(changed)
    job.save("augment.colour", tensors)


CASES: dict[str, Case] = {
    **{f"image.{name}": partial(image, name) for name in FILES},
    "image.mask.png": mask,
    "augment.geometry": geometry,
    "augment.colour": colour,
}
