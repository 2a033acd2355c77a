"""CLIP's two towers (Radford and others, 2021) in PyTorch, with weights by the names of OpenAI's files."""
import math
from typing import Callable, Iterator, Optional

import torch
import torch.nn.functional as F
from synth import synth
from torch import Tensor

Spec = tuple[str, tuple[int, ...], float, float]
Hook = Callable[[int, Tensor], Tensor]

_SHARED = {"context": 77, "head_width": 64, "mlp_ratio": 4, "quick_gelu": False}
# `levels` counts blocks from one; `image` is the side of the picture that the positions were trained for.
SIZES = {
    "ViT-L-14-336": {
        **_SHARED, "embed": 768, "patch": 14, "image": 336, "v_width": 1024, "v_layers": 24, "vocab": 49408,
        "t_width": 768, "t_layers": 12, "t_heads": 12, "levels": [6, 12, 18, 24],
    },
    "tiny": {
        **_SHARED, "embed": 48, "patch": 14, "image": 56, "v_width": 128, "v_layers": 4, "vocab": 49408,
        "t_width": 64, "t_layers": 3, "t_heads": 2, "levels": [1, 2, 3, 4],
    },
}


def weight_specs(sizes: dict) -> Iterator[Spec]:
    """Name, shape, deviation and mean of every weight."""
    vision, text, embed, patch = sizes["v_width"], sizes["t_width"], sizes["embed"], sizes["patch"]

    def norm(name: str, width: int) -> Iterator[Spec]:
        yield f"{name}.weight", (width,), 0.1, 1.0
        yield f"{name}.bias", (width,), 0.05, 0.0

    def layer(name: str, rows: int, columns: int, gain: float, bias: float, joint: str = ".") -> Iterator[Spec]:
        yield f"{name}{joint}weight", (rows, columns), gain * columns**-0.5, 0.0
        yield f"{name}{joint}bias", (rows,), bias, 0.0

    yield "visual.class_embedding", (vision,), 0.5, 0.0
    yield "visual.positional_embedding", ((sizes["image"] // patch) ** 2 + 1, vision), 0.3, 0.0
    yield "visual.proj", (vision, embed), vision**-0.5, 0.0
    yield "visual.conv1.weight", (vision, 3, patch, patch), (3 * patch * patch) ** -0.5, 0.0
    yield from norm("visual.ln_pre", vision)
    yield from norm("visual.ln_post", vision)
    for tower, width, depth in (("visual.", vision, sizes["v_layers"]), ("", text, sizes["t_layers"])):
        for i in range(depth):
            block = f"{tower}transformer.resblocks.{i}"
            yield from norm(f"{block}.ln_1", width)
            yield from norm(f"{block}.ln_2", width)
            yield from layer(f"{block}.attn.in_proj", 3 * width, width, 1.5, 0.05, "_")
            yield from layer(f"{block}.attn.out_proj", width, width, 0.5, 0.02)
            yield from layer(f"{block}.mlp.c_fc", 4 * width, width, 1.0, 0.05)
            yield from layer(f"{block}.mlp.c_proj", width, 4 * width, 0.5, 0.02)
    yield "token_embedding.weight", (sizes["vocab"], text), 0.5, 0.0
    yield "positional_embedding", (sizes["context"], text), 0.1, 0.0
    yield from norm("ln_final", text)
    yield "text_projection", (text, embed), text**-0.5, 0.0
    yield "logit_scale", (), 0.0, math.log(1 / 0.07)


def made_up(specs, seed: int, dtype=torch.float32) -> dict[str, Tensor]:
    """Weights of these specs by `synth`."""
    return {name: torch.from_numpy(synth(seed, name, *spec)).to(dtype) for name, *spec in specs}


def resized_positions(positions: Tensor, grid: int, how: str = "bicubic") -> Tensor:
    """
    Position embeddings [1 + g g, W] for another grid of patches; the class token keeps its own. Only "bicubic" is
    antialiased.
    """
    trained = math.isqrt(len(positions) - 1)
    if trained == grid:
        return positions
    square = positions[1:].T.reshape(1, -1, trained, trained)
    square = F.interpolate(square, (grid, grid), mode=how, align_corners=False, antialias=how == "bicubic")
    return torch.cat([positions[:1], square.flatten(2)[0].T])


class Clip:
    """Both towers for pictures of one size."""

    def __init__(self, sizes: dict, weights: dict[str, Tensor], image_size: int, resize: str = "bicubic"):
        self.sizes = sizes
        name = "visual.positional_embedding"
        self.weights = {**weights, name: resized_positions(weights[name], image_size // sizes["patch"], resize)}

    def norm(self, x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def linear(self, x: Tensor, name: str, joint: str = ".") -> Tensor:
        return F.linear(x, self.weights[f"{name}{joint}weight"], self.weights[f"{name}{joint}bias"])

    def activate(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x) if self.sizes["quick_gelu"] else F.gelu(x)

    def attend(self, x: Tensor, name: str, heads: int, causal: bool, vv: Optional[str]) -> Tensor:
        """
        Attention over x [B, T, W]. With `vv` values take the place of queries and keys: "token" attends along the
        tokens of a picture, "batch" along the pictures at each token, which is what the published program does.
        """
        query, key, value = self.linear(x, f"{name}.in_proj", "_").chunk(3, dim=-1)
        if vv == "batch":
            value = value.transpose(0, 1)
        if vv:
            query = key = value
        query, key, value = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key, value))
        out = attention(query, key, value, causal).transpose(1, 2).flatten(2)
        return self.linear(out.transpose(0, 1) if vv == "batch" else out, f"{name}.out_proj")

    def block(self, x: Tensor, name: str, heads: int, causal: bool = False, vv: Optional[str] = None) -> Tensor:
        x = x + self.attend(self.norm(x, f"{name}.ln_1"), f"{name}.attn", heads, causal, vv)
        hidden = self.activate(self.linear(self.norm(x, f"{name}.ln_2"), f"{name}.mlp.c_fc"))
        return x + self.linear(hidden, f"{name}.mlp.c_proj")

    def embedded(self, images: Tensor) -> Tensor:
        """Tokens [B, 1 + G G, W] before the first block."""
        patches = F.conv2d(images, self.weights["visual.conv1.weight"], stride=self.sizes["patch"])
        patches = patches.flatten(2).transpose(1, 2)
        first = self.weights["visual.class_embedding"].expand(len(images), 1, -1)
        x = torch.cat([first, patches], dim=1) + self.weights["visual.positional_embedding"]
        return self.norm(x, "visual.ln_pre")

    def image_levels(
        self, images: Tensor, after: Optional[Hook] = None, vv: Optional[str] = None
    ) -> tuple[Tensor, list[Tensor]]:
        """
        Tokens [B, 1 + G G, W] of the last block, and of every level.
        `after` changes what a block leaves (the adapters); `vv` is the attention of the last blocks, 19 of 24 or all
        but the first of a small tower.
        """
        x = self.embedded(images)
        depth, heads = self.sizes["v_layers"], self.sizes["v_width"] // self.sizes["head_width"]
        plain = depth - min(19, depth - 1)
        levels = []
        for i in range(depth):
            x = self.block(x, f"visual.transformer.resblocks.{i}", heads, vv=vv if i >= plain else None)
            if after:
                x = after(i, x)
            if i + 1 in self.sizes["levels"]:
                levels.append(x)
        return x, levels

    def embed_images(self, images: Tensor) -> Tensor:
        """CLIP's own embedding [B, E], not of unit length."""
        tokens, _ = self.image_levels(images)
        return self.norm(tokens[:, 0], "visual.ln_post") @ self.weights["visual.proj"]

    def text_ends(self, ids: Tensor, after: Optional[Hook] = None) -> Tensor:
        """The text tower's output at the end of each text, the place of the largest id: [N, W]."""
        x = self.weights["token_embedding.weight"][ids] + self.weights["positional_embedding"]
        for i in range(self.sizes["t_layers"]):
            x = self.block(x, f"transformer.resblocks.{i}", self.sizes["t_heads"], causal=True)
            if after:
                x = after(i, x)
        x = self.norm(x, "ln_final")
        return x[torch.arange(len(ids)), ids.argmax(dim=1)]

    def embed_texts(self, ids: Tensor) -> Tensor:
        """CLIP's own embedding [N, E], not of unit length."""
        return self.text_ends(ids) @ self.weights["text_projection"]


def attention(query: Tensor, key: Tensor, value: Tensor, causal: bool = False) -> Tensor:
    """softmax(q kᵀ / sqrt(D)) v over the last two axes [.., T, D]; causal: a token sees those up to itself."""
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -math.inf)
    return scores.softmax(dim=-1) @ value
