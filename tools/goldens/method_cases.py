"""Cases `method.*`: APRIL-GAN and AnomalyCLIP on made-up weights, and the files in which torch saves those."""
import json
from functools import partial
from typing import Mapping, Optional

import torch
from clip import SIZES, Clip, made_up, weight_specs
from job import Case, Job
from methods import AnomalyClip, AprilGan, token_ids, unit
from torch import Tensor
from torch.nn import Module, Parameter

CLASSES = ("cable", "pipe_fryum", "macaroni2")
LARGE_MODEL = "ViT-L-14-336"


def as_modules(tensors: Mapping[str, Tensor], buffers: str) -> Module:
    """Modules whose state dict has these names, so that torch saves it as that of a trained model."""
    root = Module()
    for name, value in tensors.items():
        *parents, last = name.split(".")
        module = root
        for parent in parents:
            if parent not in module._modules:
                module.add_module(parent, Module())
            module = module._modules[parent]
        if last.startswith(buffers):
            module.register_buffer(last, value)
        else:
            module.register_parameter(last, Parameter(value))
    return root


def save_state(job: Job, file: str, root: str, tensors: Mapping[str, Tensor]) -> None:
    own = {name.removeprefix(f"{root}."): value for name, value in tensors.items()}
    torch.save({root: as_modules(own, "token").state_dict()}, str(job.path(file)))


def april_gan(name: str, kind: str, size: int, batch: int, classes: tuple[str, ...], job: Job, dtype=torch.float64, keep: slice = slice(None)) -> None:
    """In the small case two reference pictures more, and the checkpoint."""
    small = kind == "tiny"
    sizes = SIZES[kind]
    clip = Clip(sizes, made_up(weight_specs(sizes), job.base + 7, dtype), size)
    layers = made_up(AprilGan.specs(sizes), job.base + 13)
    if small:
        save_state(job, f"{name}.pth", "trainable_linearlayer", layers)
    method = AprilGan(clip, {key: value.to(dtype) for key, value in layers.items()})
    context = sizes["context"]
    ids = [[token_ids(kind, context) for kind in method.sentences(c)] for c in classes]
    width = 1 + max(int(rows.argmax(dim=1).max()) for pair in ids for rows in pair)
    images = job.noise("image", (batch, 3, size, size), dtype=dtype)
    with torch.no_grad():
        text = torch.stack([torch.stack([unit(unit(clip.embed_texts(rows)).mean(dim=0)) for rows in pair], dim=1) for pair in ids])
        some = torch.cat([rows[:4] for rows in ids[0]])
        whole, raw, patches = method.features(images)
        levels = [[method.level_map(x, t, size) for x in patches] for t in text]
        tensors = {
            "text": text,
            "text_rows": unit(clip.embed_texts(some)),
            "tokens.normal": torch.stack([pair[0][:, :width] for pair in ids]),
            "tokens.abnormal": torch.stack([pair[1][:, :width] for pair in ids]),
            "cls": whole,
            "map": torch.stack([sum(maps) for maps in levels]),
            "score": torch.stack([method.score(whole, t) for t in text]),
        }
        for i, own in enumerate(levels[0]):
            tensors |= {f"raw.{i}": raw[i][:1, keep], f"patch.{i}": patches[i][:, keep], f"level.{i}": own}
        if small:
            _, seen, _ = method.features(job.noise("reference", (2, 3, size, size), dtype=dtype))
            tensors["few"] = method.distances(raw, seen, size)
            tensors["map.few"] = tensors["map"][0] + tensors["few"]
            peaks = tensors["map.few"].amax(dim=(1, 2))
            scaled = (peaks - peaks.min()) / (peaks.max() - peaks.min())
            tensors["score.few"] = (tensors["score"][0] + scaled) / 2
    job.save(
        name,
        tensors,
        config=json.dumps(sizes),
        image_size=size,
        batch=batch,
        class_names=json.dumps(classes),
        clip_seed=job.base + 7,
        linear_seed=job.base + 13,
        kept_tokens=keep,
        tokens="[class, sentence, position], zeros cut off",
        few="first class: all its pictures against two more, synth(seed*1000,'reference',[2,3,S,S],std 1)",
        computed_in=dtype,
    )


def anomaly_clip(name: str, sizes: dict, size: int, batch: int, depth: int, job: Job, dtype=torch.float64, keep: slice = slice(None), file: Optional[str] = None) -> None:
    sizes = {**sizes, "quick_gelu": True}
    weights = made_up(weight_specs(sizes), job.base + 7)
    prompts = made_up(AnomalyClip.specs(sizes, depth), job.base + 17)
    ids = AnomalyClip.ids(sizes["context"])
    for state, own in zip(("pos", "neg"), ids):
        # The first and the last part are views of one tensor, as where the published program runs without a GPU.
        rows = weights["token_embedding.weight"][own][None, None]
        prompts[f"prompt_learner.token_prefix_{state}"] = rows[:, :, :1]
        prompts[f"prompt_learner.token_suffix_{state}"] = rows[:, :, 1 + AnomalyClip.LEARNED :]
    for state, own in zip(("pos", "neg"), ids):
        prompts[f"prompt_learner.tokenized_prompts_{state}"] = own[None, None].int()
    if file:
        save_state(job, file, "prompt_learner", prompts)
    clip = Clip(sizes, {key: w.to(dtype) for key, w in weights.items()}, size, resize="bilinear")
    exact = {key: w.to(dtype) if w.is_floating_point() else w for key, w in prompts.items()}
    method = AnomalyClip(clip, exact, depth)
    beside = min(19, sizes["v_layers"] - 1)
    with torch.no_grad():
        text = method.anchors()
        whole, patches = method.features(job.noise("image", (batch, 3, size, size), dtype=dtype), beside)
        levels = [method.level_map(x, text, size) for x in patches]
        tensors = {
            "text": text,
            "tokens": ids,
            "cls": whole,
            "score": method.shares(whole, text),
            "sum": sum(levels),
            "map": method.smoothed(sum(levels)),
            "map.last": method.smoothed(levels[-1]),
        }
        for i, x in enumerate(patches):
            tensors |= {f"patch.{i}": x[:, keep], f"level.{i}": levels[i]}
    job.save(
        name,
        tensors,
        config=json.dumps(sizes),
        image_size=size,
        batch=batch,
        clip_seed=job.base + 7,
        prompt_seed=job.base + 17,
        n_ctx=AnomalyClip.LEARNED,
        t_n_ctx=AnomalyClip.DEEP,
        depth=depth,
        vv_blocks=beside,
        kept_tokens=keep,
        map="of all levels; map.last of the last alone, as the published script; sum before the blur",
        computed_in=dtype,
    )


TINY = {**SIZES["tiny"], "t_layers": 4}
LARGE_OPTIONS = {"dtype": torch.float32, "keep": slice(0, None, 7)}

CASES: dict[str, Case] = {
    "method.april_gan.tiny": partial(april_gan, "method.april_gan.tiny", "tiny", 70, 3, CLASSES),
    "method.anomalyclip.tiny": partial(
        anomaly_clip, "method.anomalyclip.tiny", TINY, 70, 2, 3, file="method.anomalyclip.tiny.pth"
    ),
}
LARGE: dict[str, Case] = {
    "method.april_gan.vitl14.98": partial(
        april_gan, "method.april_gan.vitl14.98", LARGE_MODEL, 98, 1, CLASSES[1:2], **LARGE_OPTIONS
    ),
    "method.anomalyclip.vitl14.98": partial(
        anomaly_clip, "method.anomalyclip.vitl14.98", SIZES[LARGE_MODEL], 98, 1, 9, **LARGE_OPTIONS
    ),
}
