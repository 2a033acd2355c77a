"""APRIL-GAN and AnomalyCLIP on the towers of clip.py: what each makes of prompts and of pictures."""
import json
import math
from pathlib import Path
from typing import Iterator, Sequence

import torch
import torch.nn.functional as F
from clip import Clip, Spec, attention
from maps import upsampled
from torch import Tensor

# States and templates of APRIL-GAN, and the token ids of every word that the cases use.
TEXTS = json.loads((Path(__file__).parent / "method_texts.json").read_text())
START, END = 49406, 49407


def token_ids(sentences: Sequence[str], context: int) -> Tensor:
    rows = torch.zeros(len(sentences), context, dtype=torch.long)
    for row, sentence in zip(rows, sentences):
        words = sentence.replace(".", " .").split()
        ids = [START, *(i for word in words for i in TEXTS["ids"][word]), END]
        row[: len(ids)] = torch.tensor(ids)
    return rows


def unit(x: Tensor, dim: int = -1) -> Tensor:
    return x / x.norm(dim=dim, keepdim=True)


def on_grid(x: Tensor) -> Tensor:
    """[B, G G, C] to [B, C, G, G]."""
    side = math.isqrt(x.shape[1])
    return x.transpose(1, 2).unflatten(2, (side, side))


class AprilGan:
    """A linear layer for each level, and the mean of many sentences for each class."""

    SCALE = 100

    def __init__(self, clip: Clip, layers: dict[str, Tensor]):
        self.clip = clip
        self.layers = layers

    @staticmethod
    def specs(sizes: dict) -> Iterator[Spec]:
        for i in range(len(sizes["levels"])):
            name = f"trainable_linearlayer.fc.{i}"
            yield f"{name}.weight", (sizes["embed"], sizes["v_width"]), sizes["v_width"] ** -0.5, 0.0
            yield f"{name}.bias", (sizes["embed"],), 0.05, 0.0

    @staticmethod
    def sentences(name: str) -> list[list[str]]:
        """Normal and abnormal ones: states in turn, and every template for each."""
        return [
            [template.format(state.format(name)) for state in TEXTS[kind] for template in TEXTS["templates"]]
            for kind in ("normal", "abnormal")
        ]

    def features(self, images: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """The unit embedding of each picture; patch tokens of the levels as they are, and through their layers."""
        last, levels = self.clip.image_levels(images)
        whole = self.clip.norm(last[:, 0], "visual.ln_post") @ self.clip.weights["visual.proj"]
        raw = [tokens[:, 1:] for tokens in levels]
        name = "trainable_linearlayer.fc"
        through = [F.linear(x, self.layers[f"{name}.{i}.weight"], self.layers[f"{name}.{i}.bias"]) for i, x in enumerate(raw)]
        return unit(whole), raw, [unit(x) for x in through]

    def level_map(self, patches: Tensor, text: Tensor, size: int) -> Tensor:
        return upsampled(on_grid(self.SCALE * patches @ text), size).softmax(dim=1)[:, 1]

    def score(self, whole: Tensor, text: Tensor) -> Tensor:
        return (self.SCALE * whole @ text).softmax(dim=-1)[:, 1]

    @staticmethod
    def distances(raw: list[Tensor], references: list[Tensor], size: int) -> Tensor:
        """How far patches are from the nearest of the references' at their level, summed over the levels."""
        total = 0
        for x, seen in zip(raw, references):
            nearest = (unit(x) @ unit(seen.flatten(0, 1)).T).amax(dim=-1, keepdim=True)
            total = total + upsampled(on_grid(1 - nearest), size)[:, 0]
        return total


class AnomalyClip:
    """Two learned prompts, and a second path of V-V attention beside the last blocks of the image tower."""

    TEMPERATURE = 0.07
    SIGMA = 4.0
    LEARNED = 12
    DEEP = 4

    def __init__(self, clip: Clip, prompts: dict[str, Tensor], depth: int):
        self.clip = clip
        self.prompts = {name.removeprefix("prompt_learner."): value for name, value in prompts.items()}
        self.depth = depth

    @classmethod
    def specs(cls, sizes: dict, depth: int) -> Iterator[Spec]:
        """What is trained, and projections that the published program saves and never reads."""
        width = sizes["t_width"]
        for state in ("pos", "neg"):
            yield f"prompt_learner.ctx_{state}", (1, 1, cls.LEARNED, width), 0.3, 0.0
        for i in range(depth - 1):
            yield f"prompt_learner.compound_prompts_text.{i}", (cls.DEEP, width), 0.3, 0.0
        for i in range(depth - 1):
            yield f"prompt_learner.compound_prompt_projections.{i}.weight", (896, width), width**-0.5, 0.0
            yield f"prompt_learner.compound_prompt_projections.{i}.bias", (896,), 0.05, 0.0

    @classmethod
    def ids(cls, context: int) -> Tensor:
        blank = " ".join(["X"] * cls.LEARNED)
        return token_ids([f"{blank} object.", f"{blank} damaged object."], context)

    def anchors(self) -> Tensor:
        """[E, 2]. Deep prompts, as float16 holds them, take the place of tokens 1 to 4 before blocks 1, 2, ..."""
        clip, prompts = self.clip, self.prompts
        parts = ("token_prefix", "ctx", "token_suffix")
        rows = [torch.cat([prompts[f"{part}_{state}"][0, 0] for part in parts]) for state in ("pos", "neg")]
        x = torch.stack(rows) + clip.weights["positional_embedding"]
        for i in range(clip.sizes["t_layers"]):
            if 1 <= i < self.depth:
                deep = prompts[f"compound_prompts_text.{i - 1}"].half().to(x.dtype)
                x = x.clone()
                x[:, 1 : 1 + len(deep)] = deep
            x = clip.block(x, f"transformer.resblocks.{i}", clip.sizes["t_heads"], causal=True)
        ends = torch.cat([prompts["tokenized_prompts_pos"], prompts["tokenized_prompts_neg"]])[:, 0].argmax(dim=-1)
        x = clip.norm(x, "ln_final")[torch.arange(2), ends]
        return unit(x @ clip.weights["text_projection"]).T

    def features(self, images: Tensor, beside: int) -> tuple[Tensor, list[Tensor]]:
        """
        The unit class token, which skips ln_post, and unit patch tokens of the levels, which do not.
        `beside` is the number of last blocks that have the second path.
        """
        clip = self.clip
        depth, heads = clip.sizes["v_layers"], clip.sizes["v_width"] // clip.sizes["head_width"]
        x = clip.embedded(images)
        second, levels = None, []
        for i in range(depth):
            name = f"visual.transformer.resblocks.{i}"
            if i >= depth - beside:
                second = x if second is None else second
                second = second + clip.attend(clip.norm(x, f"{name}.ln_1"), f"{name}.attn", heads, False, "token")
            x = clip.block(x, name, heads)
            if i + 1 in clip.sizes["levels"]:
                levels.append(x if second is None else second)
        project = clip.weights["visual.proj"]
        return unit(x[:, 0] @ project), [unit(clip.norm(t[:, 1:], "visual.ln_post") @ project) for t in levels]

    def shares(self, features: Tensor, text: Tensor) -> Tensor:
        return (features @ text / self.TEMPERATURE).softmax(dim=-1)[..., 1]

    def level_map(self, patches: Tensor, text: Tensor, size: int) -> Tensor:
        grid = on_grid(self.shares(patches, text)[..., None])
        return F.interpolate(grid, (size, size), mode="bilinear", align_corners=False)[:, 0]

    def smoothed(self, maps: Tensor) -> Tensor:
        """Gaussian blur of [B, S, S]; the border is mirrored, its edge repeated."""
        reach = int(4 * self.SIGMA + 0.5)
        place = torch.arange(-reach, reach + 1, dtype=torch.float64)
        kernel = torch.exp(place**2 / (-2 * self.SIGMA**2))
        kernel = (kernel / kernel.sum()).to(maps.dtype)
        for axis in (1, 2):
            size = maps.shape[axis]
            at = (torch.arange(size)[:, None] + torch.arange(-reach, reach + 1)) % (2 * size)
            at = torch.where(at < size, at, 2 * size - 1 - at)
            matrix = torch.zeros(size, size, dtype=maps.dtype)
            matrix.scatter_add_(1, at, kernel.expand(size, -1))
            maps = torch.tensordot(maps, matrix, dims=([axis], [1])).movedim(-1, axis)
        return maps
