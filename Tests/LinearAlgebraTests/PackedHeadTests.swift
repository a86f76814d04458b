import Foundation
import LinearAlgebra
import TestSupport
import Testing

/// Prediction by a packed head against the product and the definitions.
@Suite struct PackedHeadTests {
  struct Shape: CustomStringConvertible, Sendable {
    let rows: Int
    let classes: Int
    let width: Int
    var description: String { "\(rows) x \(classes) x \(width)" }
  }

  static let shapes = [
    Shape(rows: 1, classes: 1, width: 1), Shape(rows: 1, classes: 2, width: 3), Shape(rows: 13, classes: 10, width: 7),
    Shape(rows: 40, classes: 16, width: 33), Shape(rows: 29, classes: 17, width: 64),
    Shape(rows: 19, classes: 150, width: 20), Shape(rows: 24, classes: 33, width: 1),
    Shape(rows: 7, classes: 10_000, width: 12), Shape(rows: 800, classes: 5, width: 40),
    Shape(rows: 20, classes: 300, width: 3000),
  ]

  struct Case<S: RealScalar> {
    let x: Matrix<S>
    let head: PackedHead<S>
    /// The logits in Double.
    let logits: [[Double]]

    init(_ shape: Shape, hasBias: Bool = true) {
      var generator = SeededGenerator(seed: UInt64(shape.rows + 100 * shape.classes))
      x = generator.matrix(shape.rows, shape.width)
      let w: Matrix<S> = generator.matrix(shape.classes, shape.width, scale: 1 / Double(shape.width).squareRoot())
      let bias: Matrix<S> = generator.matrix(1, shape.classes)
      head = PackedHead(weight: w.view, bias: hasBias ? bias.view : nil)
      let (a, b) = (x.elements.map { Double($0) }, w.elements.map { Double($0) })
      let c = bias.elements.map { hasBias ? Double($0) : 0 }
      logits = (0..<shape.rows).map { i in
        (0..<shape.classes).map { k in
          var sum = c[k]
          for d in 0..<shape.width { sum += a[i * shape.width + d] * b[k * shape.width + d] }
          return sum
        }
      }
    }
  }

  private func check<S: RealScalar>(_ type: S.Type, _ shape: Shape, hasBias: Bool, limit: Double) {
    let problem = Case<S>(shape, hasBias: hasBias)
    var classes = [Int32](repeating: -1, count: shape.rows)
    #expect(problem.head.classes(of: problem.x.view, into: &classes) == nil)
    let k = min(shape.classes, 7)
    var top = TopRows<S>(k: k, temperature: 1.7)
    #expect(problem.head.top(of: problem.x.view, into: &top) == nil)
    var all = Matrix<S>(rows: 0, columns: 0)
    #expect(problem.head.probabilities(of: problem.x.view, temperature: 1.7, into: &all) == nil)
    for i in 0..<shape.rows {
      let z = problem.logits[i]
      let highest = z.max() ?? 0
      #expect(highest - z[Int(classes[i])] <= limit, "\(shape) row \(i)")
      let total = z.reduce(0) { $0 + exp(($1 - highest) / 1.7) }
      let sorted = z.sorted(by: >)
      for j in 0..<k {
        let c = Int(top.classes[i * k + j])
        #expect(abs(z[c] - sorted[j]) <= limit, "\(shape) row \(i) place \(j)")
        let p = exp((z[c] - highest) / 1.7) / total
        #expect(abs(Double(top.probabilities[i * k + j]) - p) <= limit, "\(shape) row \(i) place \(j)")
      }
      for c in z.indices {
        #expect(abs(Double(all[i, c]) - exp((z[c] - highest) / 1.7) / total) <= limit, "\(shape) row \(i) class \(c)")
      }
      #expect(Set(top.classes[i * k..<(i + 1) * k]).count == k)
    }
  }

  @Test(arguments: shapes) func againstTheDefinitions(shape: Shape) {
    check(Double.self, shape, hasBias: true, limit: 1e-12)
    check(Float.self, shape, hasBias: shape.rows % 2 == 0, limit: 4e-5)
  }

  @Test func highestIsTheFirstOfTopAndOfProbabilities() {
    let problem = Case<Float>(Shape(rows: 60, classes: 700, width: 21))
    var classes = [Int32](repeating: -1, count: 60)
    var top = TopRows<Float>(k: 3)
    _ = problem.head.classes(of: problem.x.view, into: &classes)
    _ = problem.head.top(of: problem.x.view, into: &top)
    #expect(classes == (0..<60).map { top.classes[3 * $0] })
  }

  @Test(arguments: [2, 15, 16, 17, 40, 1000]) func ofEqualsTheLowestClassIsFirst(classes: Int) {
    var generator = SeededGenerator(seed: 3)
    let x: Matrix<Float> = generator.matrix(14, 5)
    let head = PackedHead(weight: Matrix<Float>(rows: classes, columns: 5).view, bias: nil)
    var result = [Int32](repeating: -1, count: 14)
    var top = TopRows<Float>(k: 2)
    #expect(head.classes(of: x.view, into: &result) == nil && head.top(of: x.view, into: &top) == nil)
    #expect(result == [Int32](repeating: 0, count: 14))
    #expect(top.classes == (0..<28).map { Int32($0 % 2) })
    // A tie of two classes above the others, in lanes and vectors of their own.
    let (low, high) = (Int.random(in: 0..<classes / 2, using: &generator), classes - 1)
    var bias = Matrix<Float>(rows: 1, columns: classes)
    (bias[0, low], bias[0, high]) = (1, 1)
    let tied = PackedHead(weight: Matrix<Float>(rows: classes, columns: 5).view, bias: bias.view)
    #expect(tied.classes(of: x.view, into: &result) == nil && tied.top(of: x.view, into: &top) == nil)
    #expect(result.allSatisfy { $0 == Int32(low) })
    #expect(top.classes == (0..<28).map { Int32($0 % 2 == 0 ? low : high) })
  }

  @Test func sameBitsOnAnyThreadsAndInAnyBlock() {
    let problem = Case<Float>(Shape(rows: 1500, classes: 37, width: 90))
    func all(_ x: MatrixView<Float>) -> [Float] {
      var classes = [Int32](repeating: -1, count: x.rows)
      _ = problem.head.classes(of: x, into: &classes)
      var top = TopRows<Float>(k: 4, temperature: 0.3)
      _ = problem.head.top(of: x, into: &top)
      var table = Matrix<Float>(rows: 0, columns: 0)
      _ = problem.head.probabilities(of: x, into: &table)
      return classes.map { Float($0) } + top.classes.map { Float($0) } + top.probabilities + table.elements
    }
    #expect(areIdentical(onThreads { all(problem.x.view) }))
    var whole = Matrix<Float>(rows: 0, columns: 0)
    _ = problem.head.probabilities(of: problem.x.view, into: &whole)
    for range in [0..<1, 7..<12, 1100..<1500] {
      var part = Matrix<Float>(rows: 0, columns: 0)
      _ = problem.head.probabilities(of: problem.x.rows(range), into: &part)
      #expect(bits(part.elements) == bits(Array(whole.elements[range.lowerBound * 37..<range.upperBound * 37])))
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, 3e38]) func namesTheFirstRowThatIsNotFinite(value: Float) {
    var problem = Case<Float>(Shape(rows: 40, classes: 20, width: 6))
    var x = problem.x
    (x[17, 2], x[31, 0]) = (value, value)
    problem = Case(Shape(rows: 40, classes: 20, width: 6))
    let weight = Matrix<Float>(rows: 20, columns: 6, elements: (0..<120).map { $0 >= 60 ? 10 : 0.1 })
    let head = PackedHead(weight: weight.view, bias: nil)
    var classes = [Int32](repeating: -1, count: 40)
    var (top, table) = (TopRows<Float>(k: 2), Matrix<Float>(rows: 0, columns: 0))
    #expect(head.classes(of: x.view, into: &classes) == 17)
    #expect(head.top(of: x.view, into: &top) == 17)
    #expect(head.probabilities(of: x.view, into: &table) == 17)
  }

  @Test func topOfLogitsWithOneClassFarAhead() {
    var z = Matrix<Double>(rows: 2, columns: 19)
    z[0, 18] = 1000
    z[1, 3] = -1000
    var top = TopRows<Double>(k: 19)
    #expect(top.take(z) == nil)
    #expect(Array(top.classes[..<3]) == [18, 0, 1] && top.probabilities[0] == 1 && top.probabilities[1] == 0)
    #expect(top.classes[37] == 3 && abs(top.probabilities[19] - 1.0 / 18) < 1e-15 && top.probabilities[37] == 0)
  }
}
