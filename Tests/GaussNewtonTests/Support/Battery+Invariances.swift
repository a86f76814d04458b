import GaussNewton
import LinearAlgebra
import Models
import Optimization
import TestSupport

extension Subject {
  /// What must not change the direction: a common shift of the logits, the order of the examples, the batch twice, and
  /// integer weights in place of repeated examples.
  func checkInvariances(_ problem: Problem<ModelType>, damping: Double, _ findings: inout Findings) {
    let original = direction(problem, damping: damping).direction
    let limit = problem.slack * TestSupport.tolerance(Scalar.self, double: isIterative ? 1e-10 : 1e-12, float: 4e-4)
    func compare(_ other: Problem<ModelType>, _ identity: String, to original: [Double]) {
      findings.expect(
        relativeError(direction(other, damping: damping).direction, to: original), atMost: limit, identity)
    }

    var generator = SeededGenerator(seed: 29)
    if problem.isExchangeable {
      let count = problem.batch.inputs.features.rows
      let order = generator.permutation(of: count).map { Int($0) }
      compare(problem.with(problem.examples(order)), "order of the examples", to: original)
      let twice = Array(0..<count) + Array(0..<count)
      compare(problem.with(problem.examples(twice)), "the batch twice", to: original)

      // Integer weights, zeros among them, mean the example that many times.
      let times = (0..<count).map { $0 == 0 ? 3 : generator.index(below: 4) }
      let weighted = problem.with(problem.examples(Array(0..<count), weights: times.map { Scalar($0) }))
      let repeated = (0..<count).flatMap { [Int](repeating: $0, count: times[$0]) }
      compare(
        problem.with(problem.examples(repeated, weights: [Scalar](repeating: 1, count: repeated.count))),
        "weights as repetitions",
        to: direction(weighted, damping: damping).direction)
      // Only ratios of weights matter.
      var larger = weighted
      larger.batch.weights = larger.batch.weights?.map { 8 * $0 }
      compare(larger, "weights times eight", to: direction(weighted, damping: damping).direction)
    }

    // One vector added to the last layer's parameters of each class adds one number to the logits of each example.
    // Without L2, which sees it.
    var (plain, shifted) = (problem, problem)
    (plain.l2, shifted.l2) = (0, 0)
    let classes = problem.model.outputWidth
    let slices = problem.model.layout.trainable
    guard let last = slices.last(where: \.isPenalised), last.shape.first == classes, last.shape.count == 2 else {
      return
    }
    let width = last.shape[1]
    for d in 0..<width {
      let shift = Scalar(generator.normal())
      for c in 0..<classes { shifted.parameters.values[last.offset + c * width + d] += shift }
    }
    if let bias = slices.last, bias.shape == [classes] {
      for c in 0..<classes { shifted.parameters.values[bias.offset + c] -= 1.5 }
    }
    compare(shifted, "shift of the logits", to: direction(plain, damping: damping).direction)
  }
}
