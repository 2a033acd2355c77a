"""The losses of both stages."""
import torch
import torch.nn.functional as F
from maps import probabilities
from torch import Tensor


def focal(prob: Tensor, mask: Tensor) -> Tensor:
    """Focal loss, gamma 2, of prob [B, 2, S, S] against a mask [B, 1, S, S] of 0 and 1, its choice softened by 1e-5."""
    chosen = torch.cat([1 - mask, mask], dim=1).to(prob.dtype).clamp(1e-5, 1 - 1e-5)
    own = (chosen * prob).sum(dim=1) + 1e-5
    return -((1 - own) ** 2 * own.log()).mean()


def dice(prob: Tensor, target: Tensor) -> Tensor:
    """1 minus the mean dice coefficient of the pictures, with 1 added to numerator and denominator."""
    prob, target = prob.flatten(1), target.flatten(1)
    overlap = 2 * (prob * target).sum(dim=1) + 1
    return 1 - (overlap / (prob.sum(dim=1) + target.sum(dim=1) + 1)).mean()


def segmentation(features: Tensor, text: Tensor, mask: Tensor) -> Tensor:
    """The loss of one level."""
    prob = probabilities(features, text, mask.shape[-1])
    return focal(prob, mask) + dice(prob[:, 0], 1 - mask) + dice(prob[:, 1], mask)


def stage_one(features: list[Tensor], text: Tensor, mask: Tensor) -> Tensor:
    """
    The last level's loss, and a tenth of the squared mean cosine of the two anchors; text [B, E, 2]. The published
    program computes one loss a level and steps on the last one only.
    """
    overlap = (text[..., 0] * text[..., 1]).sum(dim=1).mean()
    return segmentation(features[-1], text, mask) + 0.1 * overlap**2


def stage_two(features: list[Tensor], detection: Tensor, text: Tensor, mask: Tensor, label: Tensor) -> Tensor:
    """Cross entropy of the pictures' cosines with their anchors, and the loss of every level."""
    cosines = torch.einsum("be,bec->bc", detection, text)
    return F.cross_entropy(cosines, label) + sum(segmentation(level, text, mask) for level in features)
