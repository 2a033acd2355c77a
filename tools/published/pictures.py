"""Lays out 30 photographs from Debian packages like BTAD: three classes of five normal and five faulty, with masks.

    python3 tools/published/pictures.py PHOTOGRAPHS OUT

PHOTOGRAPHS is a folder into which the packages that README.md names were unpacked.
"""
import json
import shutil
import sys
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

NATURE = "usr/share/backgrounds/mate/nature/{}.jpg"
PLASMA = "usr/share/wallpapers/{}/contents/images/2560x1600.jpg"
PHONE = "usr/share/backgrounds/{}.jpg"
PHOTOGRAPHS = {
    NATURE: "Aqua Blinds Dune FreshFlower Garden GreenMeadow LadyBird RainDrops Storm TwoWings Wood YellowFlower",
    PLASMA: "BytheWater ColdRipple ColorfulCups EveningGlow FallenLeaf Kite OneStandsOut Path",
    PHONE: "Bridge_by_Sander_Klootwijk Dragonfly_by_Bolly Picture_0B_by_freespace Wine_by_Jakkub_Mede "
    "aitzgorri_by_Aitzol_Berasategi free_by_Peter_Nerlich friends_by_Aitzol_Berasategi greentock_by_Peter_Nerlich "
    "life_by_Aitzol_Berasategi picosdeeuropa_by_Aitzol_Berasategi",
}
# Each class in a format of its own, as BTAD has them.
FORMATS = {"01": "jpg", "02": "png", "03": "bmp"}
LARGEST = 1600


def faulty(picture: Image.Image, random: Random) -> tuple[Image.Image, Image.Image]:
    """The picture with one to three ellipses of itself, turned upside down, and the mask of them."""
    width, height = picture.size
    mask = Image.new("L", picture.size)
    for _ in range(random.randint(1, 3)):
        w, h = (int(side * random.uniform(0.06, 0.2)) for side in picture.size)
        x, y = random.randrange(width - w), random.randrange(height - h)
        ImageDraw.Draw(mask).ellipse((x, y, x + w, y + h), fill=255)
    return Image.composite(picture.rotate(180), picture, mask), mask


def lay_out(photograph: Path, number: int, out: Path) -> dict:
    """Writes one sample, and its mask if it is a faulty one; returns its line of the list."""
    name = list(FORMATS)[number % 3]
    bad = number // 3 % 2 == 1
    relative = f"{name}/test/{'ko' if bad else 'ok'}/{number:04}.{FORMATS[name]}"
    line = {"image_path": relative, "label": float(bad), "class_name": name}
    target = out / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    if name == "01" and not bad:
        shutil.copyfile(photograph, target)
        return line
    picture = Image.open(photograph).convert("RGB")
    if name != "01":
        picture.thumbnail((LARGEST, LARGEST))
    if bad:
        picture, mask = faulty(picture, Random(number))
        line["mask_path"] = f"{name}/ground_truth/ko/{number:04}.png"
        (out / line["mask_path"]).parent.mkdir(parents=True, exist_ok=True)
        mask.save(out / line["mask_path"])
    picture.save(target, **({"quality": 90} if name == "01" else {}))
    return line


def main(source: Path, out: Path) -> None:
    paths = [source / pattern.format(name) for pattern, names in PHOTOGRAPHS.items() for name in names.split()]
    lines = [lay_out(path, number, out) for number, path in enumerate(paths)]
    (out / "full-shot.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    print(f"{out}: {len(lines)} pictures")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
