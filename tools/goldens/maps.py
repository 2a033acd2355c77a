"""From patch features and anchors to maps at the size of the picture."""
import math

import torch
import torch.nn.functional as F
from torch import Tensor

# Taps and deviation of the blur on the patch grid.
BLUR = {"Industrial": (7, 1.0), "Medical": (9, 1.5)}


def similarity(features: Tensor, text: Tensor) -> Tensor:
    """Cosines times 100 as channels of the patch grid: [B, G G, E] and [E, 2] or [B, E, 2] to [B, 2, G, G]."""
    grid = math.isqrt(features.shape[1])
    return (100 * (features @ text)).transpose(1, 2).unflatten(2, (grid, grid))


def upsampled(x: Tensor, size: int) -> Tensor:
    return F.interpolate(x, (size, size), mode="bilinear", align_corners=True)


def blurred(x: Tensor, domain: str) -> Tensor:
    """Gaussian blur of [B, 1, G, G]; the border is mirrored without repeating the edge."""
    taps, sigma = BLUR[domain]
    place = torch.arange(taps, dtype=x.dtype) - taps // 2
    kernel = torch.exp(place**2 / (-2 * sigma**2))
    kernel = kernel / kernel.sum()
    x = F.pad(x, [taps // 2] * 4, mode="reflect")
    return F.conv2d(F.conv2d(x, kernel.reshape(1, 1, 1, -1)), kernel.reshape(1, 1, -1, 1))


def probabilities(features: Tensor, text: Tensor, size: int) -> Tensor:
    """The training map [B, 2, S, S]."""
    return upsampled(similarity(features, text), size).softmax(dim=1)


def scores(features: Tensor, text: Tensor, size: int, domain: str) -> Tensor:
    """The test map of one level, [B, 1, S, S]."""
    grid = similarity(features, text)
    return upsampled(blurred((grid[:, 1:] + 1 - grid[:, :1]) / 2, domain), size)
