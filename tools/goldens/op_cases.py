"""Cases `op.*`: single operations in float64, with the gradients of their inputs under a random cotangent."""
from functools import partial
from typing import Callable

import torch
import torch.nn.functional as F
from adapters import residual_adapter
from clip import attention, resized_positions
from job import Case, Job
from losses import dice, focal
from maps import probabilities, scores
from torch import Tensor

WIDTH = 96
ROWS = (2, 37, WIDTH)


def save_gradients(job: Job, name: str, op: Callable[..., Tensor], inputs: dict[str, Tensor], **metadata) -> None:
    """Inputs, output, cotangent and the gradient of every input."""
    doubles = {key: x.double().requires_grad_() for key, x in inputs.items()}
    out = op(*doubles.values())
    cotangent = job.noise(f"{name}.ct", out.shape, dtype=torch.float64)
    gradients = torch.autograd.grad(out, list(doubles.values()), cotangent)
    tensors = {f"in.{key}": x for key, x in inputs.items()}
    tensors |= {"out": out, "ct": cotangent}
    tensors |= {f"grad.{key}": g for key, g in zip(inputs, gradients)}
    job.save(f"op.{name}", tensors, **metadata)


def linear(job: Job) -> None:
    inputs = {"x": job.noise("x", ROWS), "w": job.noise("w", (130, WIDTH), 0.1), "b": job.noise("b", (130,))}
    save_gradients(job, "linear", F.linear, inputs)


def layer_norm(job: Job) -> None:
    inputs = {
        "x": job.noise("x", ROWS, 3, 1),
        "w": job.noise("w", (WIDTH,), 0.1, 1),
        "b": job.noise("b", (WIDTH,)),
    }
    save_gradients(job, "layer_norm", lambda x, w, b: F.layer_norm(x, (WIDTH,), w, b), inputs)


def elementwise(name: str, op: Callable[[Tensor], Tensor], job: Job) -> None:
    save_gradients(job, name, op, {"x": job.noise("x", ROWS, 2)})


def adapter(job: Job) -> None:
    inputs = {"x": job.noise("x", ROWS, 2), "w": job.noise("w", (WIDTH, WIDTH), 0.1)}
    save_gradients(job, "residual_adapter", residual_adapter, inputs)


def attend(tokens: int, job: Job) -> None:
    inputs = {name: job.noise(f"{name}{tokens}", (2, 3, tokens, 64)) for name in "qkv"}
    save_gradients(job, f"attention_{tokens}", attention, inputs, layout="[batch, head, token, head_width]")


def attend_causal(job: Job) -> None:
    inputs = {name: job.noise(f"c{name}", (2, 3, 77, 64)) for name in "qkv"}
    save_gradients(job, "attention_causal_77", partial(attention, causal=True), inputs)


def similarity_map(job: Job) -> None:
    inputs = {"f": job.noise("f", (2, 16, 48), 0.1), "t": job.noise("t", (2, 48, 2), 0.1)}
    save_gradients(job, "similarity_map", lambda f, t: probabilities(f, t, 56), inputs)


def loss_mask(job: Job) -> Tensor:
    return (job.noise("mask", (2, 1, 56, 56)) > 1.2).float()


def loss(name: str, op: Callable[[Tensor, Tensor], Tensor], job: Job) -> None:
    mask = loss_mask(job).double()
    prob = job.noise("logit", (2, 2, 56, 56)).softmax(dim=1)
    save_gradients(job, name, lambda p: op(p, mask).reshape(()), {"p": prob})


def cross_entropy(job: Job) -> None:
    label = torch.tensor([1, 0, 1])
    inputs = {"x": job.noise("ce", (3, 2))}
    save_gradients(job, "cross_entropy", lambda x: F.cross_entropy(x, label), inputs, label="1,0,1")


def score_map(domain: str, job: Job) -> None:
    features = F.normalize(job.noise("mf", (2, 25, 48)), dim=-1)
    text = F.normalize(job.noise("mt", (48, 2)), dim=0)
    out = scores(features.double(), text.double(), 70, domain)
    job.save(f"op.score_map_{domain}", {"f": features, "t": text, "out": out})


def positional(size: int, job: Job) -> None:
    positions = job.noise("pe", (577, 32))
    out = resized_positions(positions.double(), size // 14)
    job.save(f"op.positional_{size}", {"x": positions, "out": out})


ELEMENTWISE = {
    "gelu": F.gelu,
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "leaky_relu": F.leaky_relu,
    "l2_normalize": lambda x: F.normalize(x, dim=-1),
}

CASES: dict[str, Case] = {
    "op.linear": linear,
    "op.layer_norm": layer_norm,
    **{f"op.{name}": partial(elementwise, name, op) for name, op in ELEMENTWISE.items()},
    "op.residual_adapter": adapter,
    **{f"op.attention_{tokens}": partial(attend, tokens) for tokens in (5, 65)},
    "op.attention_causal_77": attend_causal,
    "op.similarity_map": similarity_map,
    "op.focal_loss": partial(loss, "focal_loss", focal),
    "op.dice_loss": partial(loss, "dice_loss", lambda prob, mask: dice(prob[:, 1], mask)),
    "op.loss_mask": lambda job: job.save("op.loss_mask", {"mask": loss_mask(job)}),
    "op.cross_entropy": cross_entropy,
    **{f"op.score_map_{domain}": partial(score_map, domain) for domain in ("Industrial", "Medical")},
    **{f"op.positional_{size}": partial(positional, size) for size in (518, 336, 98, 700)},
}
# Made only with --large: it is too large for the repository.
LARGE: dict[str, Case] = {"op.attention_197": partial(attend, 197)}
