"""Writes the sparse matrices in `sparse`. Needs NumPy and SciPy; run it in this directory."""

import numpy as np
import scipy.sparse as sp

# [0.5 0 0 -2; 0 0 0 0; 1 3 0 4], row 2 out of order in one file, with an entry twice in another.
DENSE = np.array([[0.5, 0, 0, -2], [0, 0, 0, 0], [1, 3, 0, 4]])


def unordered():
    return sp.csr_matrix((np.array([0.5, -2, 4, 1, 3]), np.array([0, 3, 3, 0, 1]), np.array([0, 2, 2, 5])), (3, 4))


def repeated():
    values, columns = np.array([0.5, -2, 4, 1, 1, 2]), np.array([0, 3, 3, 0, 1, 1])
    return sp.csr_matrix((values, columns, np.array([0, 2, 2, 6])), (3, 4))


def wide_indices(matrix):
    matrix.indices = matrix.indices.astype(np.int64)
    matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


for name, matrix, compressed in [
    ("csr", sp.csr_matrix(DENSE), False),
    ("compressed", sp.csr_matrix(DENSE), True),
    ("float32", sp.csr_matrix(DENSE.astype(np.float32)), True),
    ("integers", sp.csr_matrix((2 * DENSE).astype(np.int32)), True),
    ("int64", wide_indices(sp.csr_matrix(DENSE)), False),
    ("array", sp.csr_array(DENSE), True),
    ("csc", sp.csc_matrix(DENSE), True),
    ("unordered", unordered(), False),
    ("repeated", repeated(), True),
    ("empty", sp.csr_matrix((2, 5)), True),
    ("coo", sp.coo_matrix(DENSE), True),
]:
    sp.save_npz(f"sparse/{name}.npz", matrix, compressed=compressed)

rows = {key: value for key, value in np.load("sparse/csr.npz").items()}
np.savez("sparse/data.npz", y=np.array([1, 0, 1]), **rows)
