"""Writes letter.json: the optimum of letter recognition by scikit-learn.

The first 16,000 rows of Examples/letter-recognition.csv, each feature less its mean and over its standard deviation, l2
1e-4. Run from the repository's top: python Tests/OptimumTests/Golden/generate.py
"""

import csv
import json

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

ROWS, L2 = 16000, 1e-4

with open("Examples/letter-recognition.csv") as file:
    rows = list(csv.reader(file))[1 : ROWS + 1]
names = [row[0] for row in rows]
classes = sorted(set(names))
y = np.array([classes.index(name) for name in names])
x = np.array([row[1:] for row in rows], dtype=np.float64)
x = (x - x.mean(axis=0)) / x.std(axis=0)

model = LogisticRegression(C=1 / (ROWS * L2), solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(x, y)
w, b = model.coef_, model.intercept_
z = x @ w.T + b
top = z.max(axis=1, keepdims=True)
logs = top[:, 0] + np.log(np.exp(z - top).sum(axis=1))
p = np.exp(z - logs[:, None])
p[np.arange(ROWS), y] -= 1
gradient = np.concatenate([(p.T @ x / ROWS + L2 * w).ravel(), p.mean(axis=0)])
objective = float((logs - z[np.arange(ROWS), y]).mean() + L2 / 2 * (w**2).sum())
print(f"scikit-learn {sklearn.__version__}: objective {objective!r}, |gradient| {np.linalg.norm(gradient):.2e}")

b = b - b.mean()
with open("Tests/OptimumTests/Golden/letter.json", "w") as file:
    json.dump(
        {
            "rows": ROWS,
            "l2": L2,
            "objective": objective,
            "weight": [float(f"{v:.12g}") for v in w.ravel()],
            "bias": [float(f"{v:.12g}") for v in b],
        },
        file,
    )
    file.write("\n")
