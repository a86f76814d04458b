import TestSupport
import Testing

@testable import LinearAlgebra

/// Sweeps against the definitions in double, and the same bits on any number of threads.
@Suite struct SoftmaxSweepTests {
  struct Shape: Sendable, CustomStringConvertible {
    var (rows, width, classes, block): (Int, Int, Int, Int)
    var description: String { "N \(rows), D \(width), C \(classes), blocks of \(block)" }
  }

  static let shapes: [Shape] = [
    (1, 1, 2, 6), (5, 5, 15, 6), (6, 6, 16, 6), (7, 7, 17, 6), (23, 5, 33, 12), (24, 6, 2, 12), (25, 7, 33, 12),
    (50, 1, 16, 24), (61, 40, 17, 24), (30, 300, 65, 24),
  ].map { Shape(rows: $0.0, width: $0.1, classes: $0.2, block: $0.3) }

  /// A problem, and what its logits and softmax are by the definitions.
  struct Case<S: RealScalar> {
    let shape: Shape
    let features: Features<S>
    let dense: Matrix<S>
    let labels: [Int32]
    let weights: [S]?
    let values: [S]
    let context: String

    init(_ shape: Shape, isSparse: Bool, isWeighted: Bool, seed: UInt64) {
      var generator = SeededGenerator(seed: seed)
      self.shape = shape
      var numbers: [S] = generator.vector(shape.rows * shape.width)
      if isSparse { for k in numbers.indices where generator.index(below: 3) > 0 { numbers[k] = 0 } }
      let x = Matrix(rows: shape.rows, columns: shape.width, elements: numbers)
      dense = x
      features = isSparse ? .sparse(SparseMatrix(x)) : .dense(x)
      labels = generator.labels(shape.rows, classes: shape.classes)
      weights = isWeighted ? (0..<shape.rows).map { [0, 0.5, 1, 2.5][$0 % 4] } : nil
      values = generator.vector(shape.classes * (shape.width + 1), scale: 0.7)
      context = "seed \(seed), \(shape), \(isSparse ? "sparse" : "dense"), weights \(isWeighted), \(S.precisionName)"
    }

    var panels: ClassPanels<S> { ClassPanels(features: shape.width, classes: shape.classes, values: values) }
    var sweep: SoftmaxSweep<S> {
      SoftmaxSweep(classes: shape.classes, entriesPerRow: Double(shape.width), blockSize: shape.block)
    }
    func weight(_ row: Int) -> Double { weights.map { Double($0[row]) } ?? 1 }

    /// Logits of a row at weights and bias.
    func logits(_ row: Int, _ values: [Double]) -> [Double] {
      (0..<shape.classes).map { c in
        (0..<shape.width).reduce(values[shape.classes * shape.width + c]) {
          $0 + values[c * shape.width + $1] * Double(dense[row, $1])
        }
      }
    }

    func softmax(_ z: [Double]) -> (p: [Double], log: Double) {
      let top = z.max()!
      let e = z.map { Double(wideExp(Wide($0 - top))) }
      let sum = e.reduce(0, +)
      return (e.map { $0 / sum }, top + Double(wideLog(Wide(sum))))
    }

    /// values += alpha delta x^T, and the bias.
    func add(_ delta: [Double], row: Int, alpha: (Double, Double), to values: inout [Double]) {
      for c in 0..<shape.classes {
        for d in 0..<shape.width { values[c * shape.width + d] += alpha.0 * delta[c] * Double(dense[row, d]) }
        values[shape.classes * shape.width + c] += alpha.1 * delta[c]
      }
    }
  }

  private func checkEvaluation<S: RealScalar>(_ type: S.Type, _ shape: Shape, isSparse: Bool, isWeighted: Bool) {
    let c = Case<S>(shape, isSparse: isSparse, isWeighted: isWeighted, seed: 21)
    let values = c.values.map { Double($0) }
    var (loss, behind) = (0.0, 0.0)
    var gradient = values.map { 0.25 * $0 }
    for i in 0..<shape.rows {
      let z = c.logits(i, values)
      let (p, log) = c.softmax(z)
      let (label, w) = (Int(c.labels[i]), c.weight(i))
      loss += w * (log - z[label])
      if w > 0, z.enumerated().contains(where: { $0 != label && $1 >= z[label] }) { behind += 1 }
      c.add(p.enumerated().map { w * ($1 - ($0 == label ? 1 : 0)) }, row: i, alpha: (0.5, 0.5), to: &gradient)
    }
    let results = onThreads {
      var sweep = c.sweep
      var sums = SoftmaxSweep<S>.Sums()
      var result = ClassPanels<S>(
        features: shape.width, classes: shape.classes, values: c.values.map { S(0.25) * $0 })
      sweep.evaluate(
        c.features, labels: c.labels, weights: c.weights, panels: c.panels, alpha: 0.5, gradient: &result, sums: &sums)
      return (result.elements, [S(sums.loss), S(sums.rowsBehind)], sums.loss, result.values(hasBias: true))
    }
    let limit = tolerance(S.self, double: 1e-13, float: 2e-5)
    let (_, sums, measured, made) = results[0]
    #expect(relativeError(measured, to: loss) < limit, "loss, \(c.context)")
    #expect(relativeError(made, gradient) < limit, "gradient, \(c.context)")
    #expect(Double(sums[1]) == behind, "rows behind, \(c.context)")
    #expect(areIdentical(results.map(\.0)) && areIdentical(results.map(\.1)), "threads, \(c.context)")
    let padding = ClassPanels<S>(features: shape.width, classes: shape.classes, values: made)
    #expect(padding.elements == results[0].0, "padding is not zero, \(c.context)")
  }

  private func checkAscent<S: RealScalar>(_ type: S.Type, _ shape: Shape, isSparse: Bool, isWeighted: Bool) {
    let c = Case<S>(shape, isSparse: isSparse, isWeighted: isWeighted, seed: 22)
    var generator = SeededGenerator(seed: 23)
    let order = generator.permutation(of: shape.rows)
    let steps = (0..<shape.rows).map { S(0.1 + 0.9 * Double($0 % 5) / 4) }
    var duals = [S](repeating: 0, count: shape.rows * shape.classes)
    for i in 0..<shape.rows { duals[i * shape.classes + Int(c.labels[i])] = 1 }
    let rates = (weight: S(0.03), bias: S(0.01))

    var (q, values) = (duals.map { Double($0) }, c.values.map { Double($0) })
    var (loss, squares) = (0.0, 0.0)
    for start in stride(from: 0, to: shape.rows, by: shape.block) {
      let before = values
      for row in order[start..<min(shape.rows, start + shape.block)].map({ Int($0) }) {
        let z = c.logits(row, before)
        let (p, log) = c.softmax(z)
        let w = c.weight(row)
        loss += w * (log - z[Int(c.labels[row])])
        let change = p.enumerated().map { $1 - q[row * shape.classes + $0] }
        for k in 0..<shape.classes {
          let old = q[row * shape.classes + k]
          squares += old + p[k] > 0 ? 1.5 * w * change[k] * change[k] / (old + 2 * p[k]) : 0
        }
        let step = Double(steps[row])
        for k in 0..<shape.classes { q[row * shape.classes + k] += step * change[k] }
        c.add(change.map { -w * step * $0 }, row: row, alpha: (Double(rates.weight), Double(rates.bias)), to: &values)
      }
    }
    let results = onThreads {
      var (sweep, panels, moved) = (c.sweep, c.panels, duals)
      let sums = sweep.ascend(
        c.features, index: order, numbers: order, labels: c.labels, steps: steps, weights: c.weights, duals: &moved,
        panels: &panels, rates: rates)
      return (panels.elements + moved + [S(sums.loss), S(sums.divergence)], panels, moved, sums)
    }
    let limit = tolerance(S.self, double: 1e-13, float: 2e-5)
    let (_, panels, moved, sums) = results[0]
    #expect(relativeError(panels.values(hasBias: true), values) < limit, "weights, \(c.context)")
    #expect(relativeError(moved, q) < limit, "duals, \(c.context)")
    #expect(relativeError(sums.loss, to: loss) < limit, "loss, \(c.context)")
    #expect(relativeError(sums.divergence, to: squares) < 10 * limit, "divergence, \(c.context)")
    #expect(areIdentical(results.map(\.0)), "threads, \(c.context)")
  }

  @Test(arguments: shapes, [false, true]) func evaluationIsTheDefinition(shape: Shape, isSparse: Bool) {
    for isWeighted in [false, true] where !isWeighted || shape.rows > 1 {
      checkEvaluation(Double.self, shape, isSparse: isSparse, isWeighted: isWeighted)
      checkEvaluation(Float.self, shape, isSparse: isSparse, isWeighted: isWeighted)
    }
  }

  @Test(arguments: shapes, [false, true]) func ascentIsTheDefinition(shape: Shape, isSparse: Bool) {
    for isWeighted in [false, true] where !isWeighted || shape.rows > 1 {
      checkAscent(Double.self, shape, isSparse: isSparse, isWeighted: isWeighted)
      checkAscent(Float.self, shape, isSparse: isSparse, isWeighted: isWeighted)
    }
  }

  /// Rows of a file come in chunks of whole blocks: the bits may not depend on it.
  @Test(arguments: [false, true]) func chunksOfBlocksGiveTheSameBits(isSparse: Bool) throws {
    let c = Case<Float>(
      Shape(rows: 97, width: 200, classes: 33, block: 12), isSparse: isSparse, isWeighted: true, seed: 24)
    func run(chunk: Int) throws -> (loss: Double, behind: Int, gradient: [Float]) {
      var sweep = SoftmaxSweep<Float>(classes: 33, entriesPerRow: 4000, blockSize: 12)
      var (sums, gradient) = (SoftmaxSweep<Float>.Sums(), ClassPanels<Float>(features: 200, classes: 33))
      for start in stride(from: 0, to: 97, by: chunk) {
        var part = Features<Float>.none
        try c.features.read(start..<min(97, start + chunk), into: &part)
        sweep.evaluate(
          part, first: start, labels: c.labels, weights: c.weights, panels: c.panels, alpha: 1, gradient: &gradient,
          sums: &sums)
      }
      return (sums.loss, sums.rowsBehind, gradient.elements)
    }
    let (whole, parts) = try withThreads(2) { (try run(chunk: 97), try run(chunk: 24)) }
    #expect(whole.loss == parts.loss && whole.behind == parts.behind && whole.gradient == parts.gradient)
  }

  /// A thousand rows of many classes at the same logits: the product of sums may not overflow.
  @Test func manyClassesDoNotOverflow() {
    let classes = 100_000
    var sweep = SoftmaxSweep<Float>(classes: classes, entriesPerRow: 1, blockSize: 24)
    var (sums, gradient) = (SoftmaxSweep<Float>.Sums(), ClassPanels<Float>(features: 1, classes: classes))
    sweep.evaluate(
      .dense(Matrix<Float>(rows: 17, columns: 1)), labels: [Int32](repeating: 3, count: 17), weights: nil,
      panels: ClassPanels(features: 1, classes: classes), alpha: 1, gradient: &gradient, sums: &sums)
    #expect(relativeError(sums.loss, to: 17 * Double(wideLog(Wide(classes)))) < 1e-5, "loss \(sums.loss)")
  }

  @Test(arguments: [1, 2, 7, 8, 9, 15, 16, 17, 33]) func panelsHoldWhatIsPacked(classes: Int) {
    for width in [1, 5, 6, 7] {
      var generator = SeededGenerator(seed: 25)
      let values: [Float] = generator.vector(classes * (width + 1))
      let panels = ClassPanels(features: width, classes: classes, values: values)
      #expect(panels.values(hasBias: true) == values, "C \(classes), D \(width)")
      #expect(panels.values(hasBias: false) == Array(values.prefix(classes * width)))
      #expect(Array(panels.elements[panels.biasRange]) == Array(values.suffix(classes)))
      #expect(panels.elements.count(where: { $0 != 0 }) == values.count, "padding")
      #expect(panels.widened.values(hasBias: true) == values.map { Double($0) })
      let withoutBias = ClassPanels(features: width, classes: classes, values: Array(values.prefix(classes * width)))
      #expect(withoutBias.values(hasBias: true).suffix(classes).allSatisfy { $0 == 0 })
      // As the rows of a matrix, into panels that hold something else, and back.
      for hasBias in [true, false] {
        var matrix = Matrix<Float>(rows: 0, columns: 0)
        panels.unpack(hasBias: hasBias, into: &matrix)
        #expect(matrix.rows == classes && matrix.columns == width + (hasBias ? 1 : 0))
        for c in 0..<classes {
          let row = Array(values[c * width..<(c + 1) * width]) + (hasBias ? [values[classes * width + c]] : [])
          #expect(Array(matrix.row(c)) == row)
        }
        var other = ClassPanels(
          features: width, classes: classes, elements: [Float](repeating: 7, count: panels.elements.count))
        other.pack(matrix)
        #expect(other == (hasBias ? panels : withoutBias), "C \(classes), D \(width)")
      }
      let square = values.prefix(classes * width).reduce(0) { $0 + Double($1) * Double($1) }
      #expect(relativeError(panels.weightSquaredNorm, to: square) < 1e-6)
    }
  }
}
