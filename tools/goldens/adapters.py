"""What AA-CLIP adds to CLIP: residual adapters in both towers, anchors of a class, features of each level."""
from typing import Callable, Iterator, Optional

import torch
import torch.nn.functional as F
from clip import Clip, Spec
from torch import Tensor

MIX = 0.1
# Adapters after the first blocks of the text tower; one more projects.
TEXT_BLOCKS = 3


def adapter_specs(sizes: dict) -> Iterator[Spec]:
    """Name, shape, deviation and mean of every adapter: the published names, with the file's own in front."""
    vision, text, embed = sizes["v_width"], sizes["t_width"], sizes["embed"]
    for i in range(TEXT_BLOCKS):
        yield f"text_adapter.{i}.fc.0.weight", (text, text), text**-0.5, 0.0
    yield f"text_adapter.{TEXT_BLOCKS}.fc.0.weight", (embed, text), text**-0.5, 0.0
    for i in range(6 if sizes["v_layers"] >= 24 else 2):
        yield f"image_adapter.layer_adapters.{i}.fc.0.weight", (vision, vision), vision**-0.5, 0.0
    for i in range(len(sizes["levels"])):
        yield f"image_adapter.seg_proj.{i}.fc.weight", (embed, vision), vision**-0.5, 0.0
    yield "image_adapter.det_proj.fc.weight", (embed, vision), vision**-0.5, 0.0


def residual_adapter(x: Tensor, weight: Tensor, mix: float = MIX) -> Tensor:
    """A mix of x and of LeakyReLU(x Wᵀ) scaled to the length of x, lengths along the last axis."""
    turned = F.leaky_relu(F.linear(x, weight))
    scale = x.norm(dim=-1, keepdim=True) / turned.norm(dim=-1, keepdim=True)
    return mix * (turned * scale) + (1 - mix) * x


class Adapted:
    """CLIP with adapters."""

    def __init__(self, clip: Clip, weights: dict[str, Tensor]):
        self.clip = clip
        self.weights = weights

    def _after_text(self, i: int, x: Tensor) -> Tensor:
        return residual_adapter(x, self.weights[f"text_adapter.{i}.fc.0.weight"]) if i < TEXT_BLOCKS else x

    def _after_image(self, i: int, x: Tensor) -> Tensor:
        weight = self.weights.get(f"image_adapter.layer_adapters.{i}.fc.0.weight")
        return x if weight is None else residual_adapter(x, weight)

    def embed_texts(self, ids: Tensor) -> Tensor:
        """[N, E], not of unit length; the last adapter takes the place of CLIP's projection."""
        ends = self.clip.text_ends(ids, self._after_text)
        return F.leaky_relu(F.linear(ends, self.weights[f"text_adapter.{TEXT_BLOCKS}.fc.0.weight"]))

    def features(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """Unit patch features [B, G G, E] of every level, and the picture's own [B, E]: the mean over patches."""
        _, levels = self.clip.image_levels(images, self._after_image)
        patches = [self.clip.norm(tokens[:, 1:], "visual.ln_post") for tokens in levels]

        def projected(x: Tensor, name: str) -> Tensor:
            return F.normalize(F.linear(x, self.weights[f"image_adapter.{name}.fc.weight"]), dim=-1)

        segments = [projected(x, f"seg_proj.{i}") for i, x in enumerate(patches)]
        return segments, projected(patches[-1], "det_proj").mean(dim=1)


def stage_one_features(clip: Clip, images: Tensor, vv: str) -> list[Tensor]:
    """What stage one compares the text with: unit patches of plain CLIP with V-V attention, plus the unit picture."""
    picture = F.normalize(clip.embed_images(images), dim=-1)
    _, levels = clip.image_levels(images, vv=vv)
    patches = (clip.norm(tokens[:, 1:], "visual.ln_post") @ clip.weights["visual.proj"] for tokens in levels)
    return [F.normalize(x, dim=-1) + picture[:, None] for x in patches]


def anchors(normal: Tensor, abnormal: Tensor, embed: Optional[Callable[[Tensor], Tensor]] = None) -> Tensor:
    """[E, 2]: the unit mean of the unit embeddings of normal prompts, then of abnormal ones."""

    def mean(ids: Tensor) -> Tensor:
        rows = embed(ids) if embed else ids
        return F.normalize((rows / rows.norm(dim=-1, keepdim=True)).mean(dim=0), dim=0)

    return torch.stack([mean(normal), mean(abnormal)], dim=1)
