"""Times AA-CLIP's image tower and a training step of stage two in PyTorch, on the GPU of this machine.

    python3 bench/pytorch.py [--batch 1 8] [--size 518] [--precision fp32 tf32 fp16] [--kind math sdpa] [--tiny] [--device cuda]

Prints one JSON line a row: what, kind, precision, batch, ms (median), peakMiB. Weights and pictures are random, of the
shapes of ViT-L/14 with adapters after the first six blocks, four projections to the text's space and one for detection.
`math` writes out the attention matrix, as the published program does; `sdpa` is PyTorch's fused attention; `compile` is
torch.compile on top of it. Of a step, `published` leaves the frozen weights requiring gradients, as the published
program does, and `frozen` does not. Loss and optimiser are those of stage two in shape and cost: per level a focal and
two dice terms on the enlarged maps, the cross entropy of the detection token, and Adam on the adapters.
"""
import argparse
import json
import math
import statistics
import time

import torch
import torch.nn.functional as F

flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
flags.add_argument("--batch", type=int, nargs="+", default=[1, 8])
flags.add_argument("--train-batch", type=int, default=2)
flags.add_argument("--size", type=int, default=518)
flags.add_argument("--precision", nargs="+", default=["fp32", "tf32", "fp16"])
flags.add_argument("--kind", nargs="+", default=["math", "sdpa"])
flags.add_argument("--samples", type=int, default=11)
flags.add_argument("--tiny", action="store_true", help="a small model and one sample: does it run?")
flags.add_argument("--device", default="cuda")
args = flags.parse_args()

device = torch.device(args.device)
PATCH, MIX, EPS = 14, 0.1, 1e-5
if args.tiny:
    WIDTH, LAYERS, HEADS, EMBED, ADAPTED, LEVELS = 128, 4, 2, 48, 2, (1, 2, 3, 4)
    args.size, args.samples, args.batch = 56, 1, [1]
else:
    WIDTH, LAYERS, HEADS, EMBED, ADAPTED, LEVELS = 1024, 24, 16, 768, 6, (6, 12, 18, 24)
GRID = args.size // PATCH
TOKENS = GRID * GRID + 1


def matrix(rows, columns):
    """A random matrix whose products keep the size of their input; rounded to f16, as OpenAI's weights are."""
    return (torch.randn(rows, columns, device=device) * columns**-0.5).half().float()


def make_tower():
    tower = {
        "patch": matrix(WIDTH, 3 * PATCH * PATCH),
        "class": torch.randn(WIDTH, device=device),
        "position": 0.3 * torch.randn(TOKENS, WIDTH, device=device),
    }
    for name in ["pre", "post"] + [f"{i}.{n}" for i in range(LAYERS) for n in ("norm1", "norm2")]:
        tower[f"{name}.weight"] = torch.ones(WIDTH, device=device)
        tower[f"{name}.bias"] = torch.zeros(WIDTH, device=device)
    for i in range(LAYERS):
        for name, rows, columns in (
            ("qkv", 3 * WIDTH, WIDTH),
            ("out", WIDTH, WIDTH),
            ("up", 4 * WIDTH, WIDTH),
            ("down", WIDTH, 4 * WIDTH),
        ):
            tower[f"{i}.{name}"] = matrix(rows, columns)
            tower[f"{i}.{name}.bias"] = torch.zeros(rows, device=device)
    return tower


def make_adapters():
    adapters = {f"mix.{i}": matrix(WIDTH, WIDTH) for i in range(ADAPTED)}
    adapters.update({f"level.{i}": matrix(EMBED, WIDTH) for i in range(len(LEVELS))})
    return {**adapters, "detect": matrix(EMBED, WIDTH)}


def normed(x, p, name):
    return F.layer_norm(x, (WIDTH,), p[f"{name}.weight"], p[f"{name}.bias"], EPS)


def attend(qkv, kind):
    batch = qkv.shape[0]
    q, k, v = qkv.view(batch, TOKENS, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
    if kind == "math":
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
        out = scores.softmax(-1) @ v
    else:
        out = F.scaled_dot_product_attention(q, k, v)
    return out.transpose(1, 2).reshape(batch, TOKENS, WIDTH)


def adapted(images, p, adapters, kind):
    """Unit patch features of every level, [B, L, E] each, and the detection embedding [B, E]."""
    batch = images.shape[0]
    pieces = F.unfold(images, PATCH, stride=PATCH).transpose(1, 2)
    x = F.linear(pieces, p["patch"])
    x = torch.cat([p["class"].expand(batch, 1, WIDTH), x], 1) + p["position"]
    x = normed(x, p, "pre")
    kept = []
    for i in range(LAYERS):
        qkv = F.linear(normed(x, p, f"{i}.norm1"), p[f"{i}.qkv"], p[f"{i}.qkv.bias"])
        x = x + F.linear(attend(qkv, kind), p[f"{i}.out"], p[f"{i}.out.bias"])
        hidden = F.gelu(F.linear(normed(x, p, f"{i}.norm2"), p[f"{i}.up"], p[f"{i}.up.bias"]))
        x = x + F.linear(hidden, p[f"{i}.down"], p[f"{i}.down.bias"])
        if i < ADAPTED:
            y = F.leaky_relu(F.linear(x, adapters[f"mix.{i}"]))
            y = y * (x.norm(dim=-1, keepdim=True) / y.norm(dim=-1, keepdim=True))
            x = MIX * y + (1 - MIX) * x
        if i + 1 in LEVELS:
            kept.append(normed(x[:, 1:], p, "post"))
    levels = [F.normalize(F.linear(t, adapters[f"level.{i}"]), dim=-1) for i, t in enumerate(kept)]
    return levels, F.normalize(F.linear(kept[-1], adapters["detect"]), dim=-1).mean(1)


def maps_and_scores(images, p, adapters, anchors, kind):
    levels, detect = adapted(images, p, adapters, kind)
    total = sum(t @ anchors for t in levels).transpose(1, 2).reshape(-1, 2, GRID, GRID)
    large = F.interpolate(total, size=(args.size, args.size), mode="bilinear", align_corners=True)
    return large.softmax(1)[:, 1], (detect @ anchors[:, 1] + 1) / 2


def dice(p, mask):
    p, mask = p.flatten(1), mask.flatten(1)
    return (1 - (2 * (p * mask).sum(1) + 1) / (p.sum(1) + mask.sum(1) + 1)).mean()


def step_loss(images, p, adapters, anchors, masks, labels):
    levels, detect = adapted(images, p, adapters, "math")
    loss = F.cross_entropy(detect @ anchors, labels)
    for features in levels:
        logits = (features @ anchors).transpose(1, 2).reshape(-1, 2, GRID, GRID)
        q = F.interpolate(logits, size=masks.shape[-2:], mode="bilinear", align_corners=True).softmax(1)
        right = torch.where(masks > 0.5, q[:, 1], q[:, 0]).clamp_min(1e-5)
        loss = loss + (-((1 - right) ** 2) * right.log()).mean() + dice(q[:, 1], masks) + dice(q[:, 0], 1 - masks)
    return loss


def median_ms(call):
    """Median milliseconds after three calls that do not count, and the peak of allocated memory in MiB."""
    cuda = device.type == "cuda"
    for _ in range(1 if args.tiny else 3):
        call()
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(args.samples):
        start = time.perf_counter()
        call()
        if cuda:
            torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), torch.cuda.max_memory_allocated() / 2**20 if cuda else 0.0


def put(call, **row):
    """Prints a row; one that fails is a row with its error, and the next goes on."""
    try:
        ms, peak = median_ms(call)
        print(json.dumps({**row, "ms": ms, "peakMiB": peak}), flush=True)
    except (RuntimeError, AttributeError) as error:
        print(json.dumps({"failed": row, "error": str(error).splitlines()[0][:200]}), flush=True)


def set_tf32(on):
    torch.backends.cuda.matmul.allow_tf32 = on
    torch.backends.cudnn.allow_tf32 = on


tower, adapters = make_tower(), make_adapters()
anchors = F.normalize(torch.randn(EMBED, 2, device=device), dim=0)
for precision in args.precision:
    set_tf32(precision == "tf32")
    kind_of = torch.float16 if precision == "fp16" else torch.float32
    p = {name: t.to(kind_of) for name, t in tower.items()}
    a = {name: t.to(kind_of) for name, t in adapters.items()}
    for batch in args.batch:
        images = torch.randn(batch, 3, args.size, args.size, device=device, dtype=kind_of)
        for kind in args.kind:
            def forward(kind=kind, images=images):
                return maps_and_scores(images, p, a, anchors.to(kind_of), "math" if kind == "math" else "sdpa")

            run = torch.compile(forward) if kind == "compile" else forward
            with torch.no_grad():
                put(run, what="forward", kind=kind, precision=precision, batch=batch)
    del p, a

set_tf32(False)
for kind in ("published", "frozen"):
    p = {name: t.clone().requires_grad_(kind == "published") for name, t in tower.items()}
    a = {name: t.clone().requires_grad_() for name, t in adapters.items()}
    adam = torch.optim.Adam(list(a.values()), lr=5e-4, betas=(0.5, 0.999))
    batch = args.train_batch
    images = torch.randn(batch, 3, args.size, args.size, device=device)
    masks = (torch.rand(batch, args.size, args.size, device=device) > 0.9).float()
    labels = torch.arange(batch, device=device) % 2

    def step():
        for t in p.values():
            t.grad = None
        adam.zero_grad()
        step_loss(images, p, a, anchors, masks, labels).backward()
        adam.step()

    put(step, what="train", kind=kind, precision="fp32", batch=batch)
    del p, a, adam
