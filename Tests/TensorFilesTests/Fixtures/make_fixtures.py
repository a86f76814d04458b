"""Writes the fixtures beside this script with NumPy 2.4 and safetensors 0.8: python make_fixtures.py"""

import io
import os
import struct
import zipfile

import numpy as np
import safetensors.numpy

os.chdir(os.path.dirname(os.path.abspath(__file__)))

x = np.array([[1.5, -2.25, 0.1], [3e-5, 1e30, -0.0]], dtype=np.float32)
y = np.array([2, 0], dtype=np.int64)

# Two-dimensional arrays: both precisions, both orders, both byte orders, all header versions.
np.save("f4.npy", x)
np.save("f8.npy", x.astype(np.float64))
np.save("fortran.npy", np.asfortranarray(x))
np.save("big_endian.npy", x.astype(">f4"))
for version in (2, 3):
    with open(f"version{version}.npy", "wb") as file:
        np.lib.format.write_array(file, x, version=(version, 0))
np.save("empty_rows.npy", np.zeros((0, 3), dtype=np.float32))

# One-dimensional arrays of every type; the numbers fit all of them.
for code in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i4", ">f8", ">u2"):
    np.save(f"vector_{code.replace('>', 'big_')}.npy", np.array([0, 1, 2, 100], dtype=code))
np.save("vector_b1.npy", np.array([True, False, True]))

# What is refused.
np.save("object.npy", np.array([1, "a", None], dtype=object), allow_pickle=True)
np.save("complex.npy", np.array([1j, 2]))
np.save("strings.npy", np.array(["a", "bc"]))
np.save("structured.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
np.save("soft_labels.npy", np.array([[0.5, 0.5], [1, 0]]))
np.save("fractions.npy", np.array([1.0, 2.5]))
np.save("huge_labels.npy", np.array([1, 2**63], dtype=np.uint64))
np.save("scalar.npy", np.float32(1))
np.save("column.npy", np.array([[1], [2]]))

# Archives: stored, deflated, deflated to a stream (sizes behind the data), and with every ZIP64 field.
np.savez("stored.npz", X=x, y=y)
big = np.tile(np.arange(1000, dtype=np.float32), (50, 1))
np.savez_compressed("deflated.npz", X=big, y=np.arange(50) % 7, v=np.linspace(0, 1, 11))


class Stream(io.RawIOBase):
    """A file that cannot seek."""

    def __init__(self, name):
        self.file = open(name, "wb")

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


with zipfile.ZipFile(Stream("streamed.npz"), "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("X.npy", npy(x))
    archive.writestr("y.npy", npy(y))

limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 0
with zipfile.ZipFile("zip64.npz", "w") as archive:
    for name, array in (("X", x), ("y", y)):
        with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
            entry.write(npy(array))
zipfile.ZIP64_LIMIT = limit

with zipfile.ZipFile("bzip2.npz", "w", zipfile.ZIP_BZIP2) as archive:
    archive.writestr("X.npy", npy(x))

# An array whose header and data agree, but whose size in the directory is smaller: a bomb.
with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("X.npy", npy(x) + bytes(1_000_000))
with open("bomb.npz", "r+b") as file:
    data = file.read()
    at = data.index(b"PK\1\2") + 24
    file.seek(at)
    file.write(struct.pack("<I", len(npy(x))))

# safetensors as the reference implementation writes it, and one by hand for bfloat16.
safetensors.numpy.save_file(
    {
        "weight": x,
        "bias": np.array([0.5, -1], dtype=np.float64),
        "half": np.array([1, 0.5, 65504, 2**-24], dtype=np.float16),
        "count": np.array([3, -4], dtype=np.int64),
        "empty": np.zeros((0, 2), dtype=np.float32),
    },
    "reference.safetensors",
    metadata={"model": "linear", "quote": 'a "b" \\ \n é 😀'},
)
header = b'{"t":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
with open("bfloat16.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(header)) + header + struct.pack("<HH", 0x3F80, 0xC040))

assert safetensors.numpy.load_file("reference.safetensors")["count"].tolist() == [3, -4]
