"""Writes tests/reference/model.safetensors with Python's safetensors, or prints what is in a file.

    pip install numpy safetensors
    python tests/peers/safetensors_files.py            # writes
    python tests/peers/safetensors_files.py FILE       # prints names, types, shapes and numbers
"""

import pathlib
import sys

import numpy
from safetensors.numpy import load_file, save_file

if len(sys.argv) > 1:
    for name, array in sorted(load_file(sys.argv[1]).items()):
        print(name, array.dtype, list(array.shape), array.tolist())
else:
    path = pathlib.Path(__file__).parents[1] / "reference" / "model.safetensors"
    save_file(
        {
            "0": numpy.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
            "1": numpy.array([0.5, -0.25], dtype=numpy.float32),
            "2": numpy.array(7.0),
        },
        path,
    )
