"""Scores pictures with a model that `aaclip export` wrote.

    pip install onnxruntime pillow numpy
    python detect.py model.onnx [--threshold 0.5] [--class 0] a.jpg b.png
"""
import argparse

import numpy as np
import onnxruntime as ort
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("pictures", nargs="+")
parser.add_argument("--threshold", type=float, default=0.5)
parser.add_argument("--class", type=int, default=0, dest="number", help="which of the model's classes pictures show")
args = parser.parse_args()

session = ort.InferenceSession(args.model, providers=ort.get_available_providers())
facts = session.get_modelmeta().custom_metadata_map
print(f"classes {facts['aaclip.classes']}, {facts['aaclip.method']}, {facts['aaclip.image_size']} px")
several = any(i.name == "class" for i in session.get_inputs())

for path in args.pictures:
    pixels = np.asarray(Image.open(path).convert("RGB"))[None]  # uint8 [1, H, W, 3]
    feeds = {"pictures": pixels}
    if several:  # a model of several classes is told which one a picture shows
        feeds["class"] = np.array([args.number], dtype=np.int64)
    # A score from 0 to 1 whose threshold is 0.5, and a map from 0 to 1 at every pixel of the resized picture.
    score, map_ = session.run(["normalized_score", "map"], feeds)
    y, x = np.unravel_index(map_[0].argmax(), map_[0].shape)
    place = round(x / map_.shape[2] * pixels.shape[2]), round(y / map_.shape[1] * pixels.shape[1])
    verdict = "FAULTY" if score[0] >= args.threshold else "good"
    print(f"{path}: {verdict}, score {score[0]:.4f}, most of it at {place[0]},{place[1]}")
