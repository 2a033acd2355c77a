"""Tensors that depend only on a seed, a name and a shape: `src/io/synth.ts` in Python, equal to the last bit."""
import math

import numpy as np

WORD = 0xFFFFFFFF


def mixed(words: np.ndarray) -> np.ndarray:
    """Chris Wellons' lowbias32: a reversible scramble of 32-bit words, which travel in 64-bit ones here."""
    words = words ^ (words >> np.uint64(16))
    words = words * np.uint64(0x7FEB352D) & np.uint64(WORD)
    words = words ^ (words >> np.uint64(15))
    words = words * np.uint64(0x846CA68B) & np.uint64(WORD)
    return words ^ (words >> np.uint64(16))


def name_hash(name: str) -> int:
    """32-bit FNV-1a of the name in UTF-8."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = (value ^ byte) * 0x01000193 & WORD
    return value


def synth(seed: int, name: str, shape: tuple[int, ...], std: float, mean: float = 0.0) -> np.ndarray:
    """Uniform values of this mean and deviation, computed in float64 and rounded to float32 once."""
    key = mixed(np.array([(seed ^ name_hash(name)) & WORD], np.uint64))
    counters = np.arange(math.prod(shape), dtype=np.uint64)
    unit = mixed(counters ^ key).astype(np.float64) / 2**31 - 1  # -1 up to 1
    return (mean + std * math.sqrt(3) * unit).astype(np.float32).reshape(shape)
