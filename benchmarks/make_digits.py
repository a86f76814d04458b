"""Writes Examples/digits.npz: scikit-learn's copy of the UCI handwritten digits, X [1797, 64] in 0...16 and y, as bytes."""

import numpy
import sklearn.datasets
import tables

x, y = sklearn.datasets.load_digits(return_X_y=True)
path = tables.FOLDER.parent / "Examples" / "digits.npz"
numpy.savez_compressed(path, X=x.astype(numpy.uint8), y=y.astype(numpy.uint8))
