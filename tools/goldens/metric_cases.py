"""Cases `metrics` and `curve`: figures of score maps by scikit-learn."""
import numpy as np
from job import Case, Job
from sklearn.metrics import average_precision_score, roc_auc_score
from synth import synth

LABELS = {"a": [1, 0, 1, 1, 0, 1, 0], "b": [1, 0, 1, 1, 0, 1, 0], "allgood": [1] * 7}
DOMAINS = {"a": "Industrial", "b": "Medical", "allgood": "Industrial"}


def unit(values: np.ndarray) -> np.ndarray:
    """Scaled to 0 to 1 by the smallest and the largest value, unless the largest is already 1."""
    if values.max() == 1:
        return values
    return (values - values.min()) / (values.max() - values.min())


def percent(value: float) -> float:
    """A share in per cent, rounded as published."""
    return round(float(value), 4) * 100


def figures(pixel_label, image_label, pixel_pred, image_pred, domain: str) -> dict[str, float]:
    """Figures of one class; its image figures are 0 if all pictures have one label."""
    pixel_pred, image_pred = unit(pixel_pred), unit(image_pred)
    peaks = pixel_pred.max(axis=(1, 2))
    scores = peaks if domain == "Medical" else 0.5 * peaks + 0.5 * image_pred
    label, pred = pixel_label.ravel(), pixel_pred.ravel()
    found = {"pixel AUC": roc_auc_score(label, pred), "pixel AP": average_precision_score(label, pred)}
    both = image_label.min() != image_label.max()
    found["image AUC"] = roc_auc_score(image_label, scores) if both else 0
    found["image AP"] = average_precision_score(image_label, scores) if both else 0
    return {name: percent(value) for name, value in found.items()}


def metrics(job: Job) -> None:
    """Three classes with many ties among the scores."""
    random = np.random.RandomState(job.seed)
    tensors, table = {}, {}
    for name, domain in DOMAINS.items():
        image_label = np.array(LABELS[name])
        pixel_label = (random.rand(7, 40, 40) > 0.93).astype(np.uint8)
        pixel_label[image_label == 0] = 0
        steps = np.round(random.rand(7, 40, 40) * 50) / 7
        pixel_pred = (steps + pixel_label * random.rand(7, 40, 40) * 4).astype(np.float32)
        image_pred = (random.rand(7) * 0.2 + image_label * 0.05).astype(np.float32)
        tensors |= {
            f"{name}.pixel_label": pixel_label,
            f"{name}.image_label": image_label,
            f"{name}.pixel_pred": pixel_pred,
            f"{name}.image_pred": image_pred,
        }
        table[name] = {
            "domain": domain,
            "expected": figures(pixel_label, image_label, pixel_pred, image_pred, domain),
        }
    job.save("metrics", tensors)
    job.save_json("metrics", table, indent=1)


def curve_arrays(case: dict) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and scores with `levels` distinct values, as the file's own text defines them."""
    size = (case["n"],)
    span = np.float32(2) * np.sqrt(np.float32(3))
    label = synth(case["seed"], "label", size, 1.0) / span + np.float32(0.5) < case["share"]
    steps = np.round(synth(case["seed"], "score", size, 1.0).astype(np.float64) * case["levels"] / 4) / 8
    return label.astype(np.int64), (steps + label * 0.25 * np.abs(steps)).astype(np.float32)


def curve(job: Job) -> None:
    listed = job.listed("curve")
    cases = []
    for case in listed["cases"]:
        label, score = curve_arrays(case)
        found = {
            "positives": int(label.sum()),
            "auroc": float(roc_auc_score(label, score)),
            "averagePrecision": float(average_precision_score(label, score)),
        }
        cases.append({**case, **found})
    rounded = [[x, percent(x)] for x, _ in listed["rounded"]]
    job.save_json("curve", {**listed, "cases": cases, "rounded": rounded}, separators=(",", ":"))


CASES: dict[str, Case] = {"metrics": metrics, "curve": curve}
