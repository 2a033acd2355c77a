"""Cases `train.*`: losses, gradients, moments and weights over some steps of either stage."""
import json
from dataclasses import dataclass
from functools import partial
from typing import Callable

import numpy as np
import tensor_file
import torch
from adapters import Adapted, adapter_specs, anchors, stage_one_features
from clip import SIZES, Clip, made_up, weight_specs
from job import Case, Job
from losses import stage_one, stage_two
from model_cases import made_up_ids
from picture_cases import CLIP_MEAN, CLIP_STD
from torch import Tensor

PREFIX = {1: "text_adapter.", 2: "image_adapter."}


@dataclass
class Batch:
    images: Tensor  # [B, 3, S, S]
    mask: Tensor  # [B, 1, S, S]
    label: Tensor  # [B]
    # Which class's anchors each picture is compared with.
    owner: Tensor  # [B]


@dataclass
class Training:
    stage: int
    clip: Clip
    adapters: dict[str, Tensor]
    # Normal and abnormal prompts of every class.
    prompts: list[tuple[Tensor, Tensor]]
    batch: Callable[[int], Batch]
    steps: int
    rate: float


def sampled(x: Tensor, most: int) -> Tensor:
    """Every element; with `most`, about that many evenly spaced elements of a large tensor."""
    return x if most == 0 else x.flatten()[:: max(1, x.numel() // most)]


def run(t: Training, most: int = 0, moments: bool = True) -> dict[str, Tensor]:
    """The tensors of a case; `most` limits how many elements of each weight are stored."""
    trained = {name: w.requires_grad_() for name, w in t.adapters.items() if name.startswith(PREFIX[t.stage])}
    adapted = Adapted(t.clip, t.adapters)
    adam = torch.optim.Adam(list(trained.values()), lr=t.rate, betas=(0.5, 0.999))
    tensors: dict[str, Tensor] = {}
    losses = []
    for step in range(t.steps):
        batch = t.batch(step)
        with torch.set_grad_enabled(t.stage == 1):
            classes = torch.stack([anchors(*prompts, adapted.embed_texts) for prompts in t.prompts])
        text = classes[batch.owner]
        if t.stage == 1:
            with torch.no_grad():
                features = stage_one_features(t.clip, batch.images, "batch")
            loss = stage_one(features, text, batch.mask)
        else:
            loss = stage_two(*adapted.features(batch.images), text, batch.mask, batch.label)
        adam.zero_grad()
        loss.backward()
        if step == 0:
            for name, w in trained.items():
                tensors[f"grad0.{name}"] = sampled(w.grad, most).clone()
                tensors[f"gradnorm0.{name}"] = w.grad.norm()[None]
        adam.step()
        losses.append(loss.item())
    for name, w in trained.items():
        tensors[f"after.{name}"] = sampled(w, most)
        if moments:
            state = adam.state[w]
            tensors[f"adam_m.{name}"] = sampled(state["exp_avg"], most)
            tensors[f"adam_v.{name}"] = sampled(state["exp_avg_sq"], most)
    tensors["loss"] = torch.tensor(losses, dtype=torch.float64)
    return tensors


def made_up_batch(job: Job, batch: int, size: int, step: int) -> Batch:
    label = (torch.arange(batch) + step) % 2
    mask = (job.noise(f"mask.{step}", (batch, 1, size, size)) > 1.2).float()
    mask[label == 0] = 0
    return Batch(job.noise(f"image.{step}", (batch, 3, size, size)), mask, label, torch.zeros(batch, dtype=torch.long))


def synthetic(
    name: str, kind: str, size: int, batch: int, steps: int, rate: float, stage: int, most: int, job: Job
) -> None:
    sizes = SIZES[kind]
    prompts = [made_up_ids(job, n, sizes["context"], k) for k, n in enumerate((6, 10))]
    training = Training(
        stage,
        Clip(sizes, made_up(weight_specs(sizes), job.base + 7), size),
        made_up(adapter_specs(sizes), job.base + 11),
        [(prompts[0], prompts[1])],
        partial(made_up_batch, job, batch, size),
        steps,
        rate,
    )
    job.save(
        name,
        run(training, most, moments=most == 0),
        config=json.dumps(sizes),
        image_size=size,
        batch=batch,
        steps=steps,
        lr=rate,
        stage=stage,
        clip_seed=job.base + 7,
        adapter_seed=job.base + 11,
        image="synth(seed*1000,'image.<step>',[B,3,S,S],1)",
        mask="synth(seed*1000,'mask.<step>',[B,1,S,S],1) > 1.2, zero where label is 0",
        label="(i+step)%2",
        normal_tokens=json.dumps(prompts[0].tolist()),
        abnormal_tokens=json.dumps(prompts[1].tolist()),
        sampled="flatten()[::max(1, numel//2048)]" if most else "all",
    )


def embedded(part: str, job: Job) -> None:
    """
    The packaged model in float64 on the pictures that the case carries, which `tools/pictures` drew; the file's
    metadata and its inputs are taken over as they are.
    """
    name = f"train.embedded.{part}.safetensors"
    inputs, metadata = tensor_file.read(job.goldens / name)
    packaged, _ = tensor_file.read(job.goldens.parent.parent / metadata["clip"])
    sizes = json.loads(metadata["config"])
    row = {int(token): i for i, token in enumerate(packaged.pop("token_ids"))}
    weights = {key: torch.from_numpy(w).double() for key, w in packaged.items()}

    def ids(rows: list[list[int]]) -> Tensor:
        # Texts are padded with zeros after their end, where nothing is read. The end's row is the last: still the largest.
        return torch.tensor([[row[token] if token else 0 for token in tokens] for tokens in rows])

    pixels = torch.from_numpy(inputs["pictures"]).double() / 255
    images = ((pixels - torch.tensor(CLIP_MEAN).double()) / torch.tensor(CLIP_STD).double()).permute(0, 3, 1, 2)
    masks = torch.from_numpy((inputs["masks"][:, None] > 0).astype(np.float64))
    labels, owners, order = (torch.from_numpy(inputs[key]).long() for key in ("labels", "owners", "batches"))

    def batch(step: int) -> Batch:
        chosen = order[step]
        return Batch(images[chosen], masks[chosen], labels[chosen], owners[chosen])

    adapters = made_up(adapter_specs(sizes), int(metadata["adapter_seed"]), torch.float64)
    training = Training(
        int(metadata["stage"]),
        Clip(sizes, weights, int(metadata["image_size"])),
        adapters,
        [(ids(c["normal"]), ids(c["abnormal"])) for c in json.loads(metadata["classes"])],
        batch,
        int(metadata["steps"]),
        float(metadata["lr"]),
    )
    carried = {key: inputs[key] for key in ("labels", "owners", "batches", "pictures", "masks")}
    tensor_file.write(job.path(name), {**run(training, 2048), **carried}, metadata)


CASES: dict[str, Case] = {
    "train.tiny.text": partial(synthetic, "train.tiny.text", "tiny", 56, 3, 8, 1e-3, 1, 0),
    "train.tiny.image": partial(synthetic, "train.tiny.image", "tiny", 56, 3, 8, 1e-3, 2, 0),
    "train.embedded.text": partial(embedded, "text"),
    "train.embedded.image": partial(embedded, "image"),
}
LARGE: dict[str, Case] = {
    "train.vitl14.text": partial(synthetic, "train.vitl14.text", "ViT-L-14-336", 98, 2, 2, 1e-4, 1, 2048),
    "train.vitl14.image": partial(synthetic, "train.vitl14.image", "ViT-L-14-336", 98, 2, 2, 5e-4, 2, 2048),
}
