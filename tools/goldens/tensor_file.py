"""safetensors files: an eight-byte length, a header in JSON, then the tensors' bytes one after the other."""
import json
import struct
from pathlib import Path
from typing import Mapping

import numpy as np
import torch

# What each kind of array is stored as: floats, integers, bytes and truth values.
STORED = {"f": ("F32", np.float32), "i": ("I32", np.int32), "u": ("U8", np.uint8), "b": ("U8", np.uint8)}
READ = {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I32": np.int32, "I64": np.int64, "U8": np.uint8}


def as_array(value) -> np.ndarray:
    # A single number becomes an array of one: some readers do not accept a shape without dimensions.
    return np.ascontiguousarray(value.detach().numpy() if isinstance(value, torch.Tensor) else value)


def write(path: Path, tensors: Mapping[str, object], metadata: Mapping[str, object]) -> None:
    """Writes tensors in their order; every metadata value becomes a string."""
    header: dict = {}
    if metadata:
        header["__metadata__"] = {key: str(value) for key, value in metadata.items()}
    parts = []
    end = 0
    for name, value in tensors.items():
        array = as_array(value)
        label, kind = STORED[array.dtype.kind]
        part = array.astype(kind).tobytes()
        header[name] = {"dtype": label, "shape": list(array.shape), "data_offsets": [end, end + len(part)]}
        end += len(part)
        parts.append(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors by name, and the metadata."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    body = memoryview(data)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        array = np.frombuffer(body[first:last], READ[entry["dtype"]])
        tensors[name] = array.reshape(entry["shape"]).copy()
    return tensors, metadata
