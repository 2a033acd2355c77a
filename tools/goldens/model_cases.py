"""Cases `model.*`: the whole model on made-up weights, from pictures and token ids to maps and scores."""
import json
from functools import partial

import numpy as np
import torch
from adapters import Adapted, adapter_specs, anchors, stage_one_features
from clip import SIZES, Clip, made_up, weight_specs
from job import Case, Job
from maps import scores
from synth import synth
from torch import Tensor


def made_up_ids(job: Job, count: int, context: int, kind: int) -> Tensor:
    """Token ids of meaningless sentences: a start, three to eleven ids, an end, zeros."""
    ids = torch.zeros(count, context, dtype=torch.long)
    for i in range(count):
        length = 3 + (5 * i + kind) % 9
        inner = synth(job.base + i, f"tok{kind}", (length,), 1e4, 2e4).astype(np.int64) % 49000
        ids[i, : length + 2] = torch.tensor([49406, *inner.tolist(), 49407])
    return ids


def half_exact(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Matrices rounded to float16, as in OpenAI's files."""
    return {name: w.half().to(w.dtype) if w.dim() > 1 else w for name, w in weights.items()}


def model(name: str, kind: str, size: int, batch: int, job: Job, half: bool = False, keep: slice = slice(None)) -> None:
    """
    `keep` says which patches of the features are stored; maps of 200 px and more keep every seventh row and column.
    """
    sizes = SIZES[kind]
    weights = made_up(weight_specs(sizes), job.base + 7)
    clip = Clip(sizes, half_exact(weights) if half else weights, size)
    adapted = Adapted(clip, made_up(adapter_specs(sizes), job.base + 11))
    images = job.noise("image", (batch, 3, size, size))
    normal, abnormal = (made_up_ids(job, n, sizes["context"], k) for k, n in enumerate((6, 10)))
    stride = 1 if size < 200 else 7
    with torch.no_grad():
        text = anchors(normal, abnormal, adapted.embed_texts)
        segments, detection = adapted.features(images)
        tensors = {
            "text": text,
            "text_plain": anchors(normal, abnormal, clip.embed_texts),
            "det": detection,
            "cls": clip.embed_images(images),
            "normal_tokens": normal,
            "abnormal_tokens": abnormal,
            "text_rows": adapted.embed_texts(normal),
            "text_rows_plain": clip.embed_texts(normal),
        }
        batched, apart = (stage_one_features(clip, images, vv) for vv in ("batch", "token"))
        for i, segment in enumerate(segments):
            tensors[f"seg.{i}"] = segment[:, keep]
            tensors[f"stage1.batch.{i}"] = batched[i][:, keep]
            tensors[f"stage1.token.{i}"] = apart[i][:, keep]
        for domain in ("Industrial", "Medical"):
            levels = [scores(segment, text, size, domain)[:, 0] for segment in segments]
            tensors[f"map.{domain}"] = torch.stack(levels).sum(dim=0)[:, ::stride, ::stride]
            tensors["score"] = ((detection @ text)[:, 1] + 1) / 2
    job.save(
        name,
        tensors,
        config=json.dumps(sizes),
        image_size=size,
        batch=batch,
        clip_seed=job.base + 7,
        adapter_seed=job.base + 11,
        image="synth(seed*1000,'image',[B,3,S,S],std 1)",
        kept_tokens=keep,
        map_stride=stride,
        clip_weights="tensors of two or more dimensions rounded to float16" if half else "float32",
    )


LARGE_MODEL = "ViT-L-14-336"

CASES: dict[str, Case] = {
    "model.tiny": partial(model, "model.tiny", "tiny", 84, 3),
    "model.tiny.half": partial(model, "model.tiny.half", "tiny", 84, 3, half=True),
}
LARGE: dict[str, Case] = {
    "model.vitl14.98": partial(model, "model.vitl14.98", LARGE_MODEL, 98, 2),
    "model.vitl14.half.98": partial(model, "model.vitl14.half.98", LARGE_MODEL, 98, 1, half=True),
    "model.vitl14.518": partial(model, "model.vitl14.518", LARGE_MODEL, 518, 1, keep=slice(0, None, 37)),
}
