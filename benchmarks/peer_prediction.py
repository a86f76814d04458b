"""Predicted classes a second by one peer: peer_prediction.py sklearn|torch|onnxruntime CLASSES ROWS FEATURES THREADS

float32, features in memory, random weights and a bias. Each predicts all rows at once, and in blocks of 1,024; the faster
counts: the median of the runs that fit into two seconds, five at least. Prints one line of JSON, as PredictionRun does.
"""

import json
import statistics
import sys

import numpy
import peer_contestants


def sklearn(weight, bias, threads):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression()
    model.coef_, model.intercept_, model.classes_ = weight, bias, numpy.arange(len(bias))
    return model.predict


def torch(weight, bias, threads):
    import torch

    torch.set_num_threads(threads)
    weight, bias = torch.from_numpy(weight), torch.from_numpy(bias)

    def predict(x):
        with torch.inference_mode():
            return torch.nn.functional.linear(torch.from_numpy(x), weight, bias).argmax(1).numpy()

    return predict


def onnxruntime(weight, bias, threads):
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "weight", "bias"], ["z"], transB=1),
         helper.make_node("ArgMax", ["z"], ["classes"], axis=1, keepdims=0)],
        "head", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", weight.shape[1]])],
        [helper.make_tensor_value_info("classes", TensorProto.INT64, ["rows"])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x})[0]


def rate(predict, x, block):
    runs, total = [], 0.0
    predict(x[:block])
    while len(runs) < 5 or total < 2:
        clock = peer_contestants.Clock()
        for start in range(0, len(x), block):
            predict(x[start : start + block])
        runs.append(clock.seconds())
        total += runs[-1][0]
    wall, cpu = (statistics.median(part) for part in zip(*runs))
    return {"rowsPerSecond": len(x) / wall, "seconds": wall, "cpuSeconds": cpu, "block": block}


def main():
    kind, (classes, rows, features, threads) = sys.argv[1], map(int, sys.argv[2:])
    rng = numpy.random.default_rng(0)
    weight = rng.standard_normal((classes, features), dtype=numpy.float32)
    bias = rng.standard_normal(classes, dtype=numpy.float32)
    x = rng.standard_normal((rows, features), dtype=numpy.float32)
    predict = globals()[kind](weight, bias, threads)
    expected = (x[:256].astype(numpy.float64) @ weight.T + bias).argmax(axis=1)
    if numpy.mean(predict(x[:256]) == expected) < 0.99:
        raise SystemExit(f"{kind} predicts other classes than NumPy")
    print(json.dumps(max((rate(predict, x, block) for block in (rows, 1024)), key=lambda run: run["rowsPerSecond"])))


if __name__ == "__main__":
    main()
