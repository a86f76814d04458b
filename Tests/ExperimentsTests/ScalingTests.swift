import GaussNewton
import LinearAlgebra
import Models
import Testing

@testable import Experiments

@Suite struct ScalingTests {
  static let small = Scaling.Shape(sweep: "batch", classes: 6, batch: 5, features: 7, iterations: 3)

  static func products(_ shape: Scaling.Shape) -> Linearizations.Costs {
    let head = LinearHead<Float>(features: shape.features, classes: shape.classes)
    var linearization = head.makeLinearization()
    var outputs = Matrix<Float>(rows: 0, columns: 0)
    linearization.linearize(
      at: Parameters(layout: head.layout), inputs: Inputs(Matrix(rows: shape.batch, columns: shape.features)),
      outputs: &outputs)
    return linearization.costs
  }

  /// Steps in floors at B = 128, D = 2048, C = 196 and n = 20, by hand from docs/mathematics.md: with the vectors of
  /// conjugate gradient, which `SolverCosts` leaves out, and without its penalty for factorisations.
  @Test(arguments: [
    (Scaling.Method.sgd, 1.0), (.parameterSpace, 21.4), (.matrixFree, 21.0), (.dual, 1.81), (.gram, 1.18),
    (.egn, 26_000),
  ]) func floorsOfTheDesign(_ method: Scaling.Method, _ expected: Double) {
    let shape = Scaling.Shape(sweep: "classes", classes: 196, batch: 128, features: 2048, iterations: 20)
    let floor = 4.0 * 128 * 196 * 2048
    var flops = Scaling.flops(method, shape, Self.products(shape))
    if method == .egn { flops /= SolverCosts.factorPenalty }
    #expect(abs(flops / floor - expected) <= 0.025 * expected, "\(method): \(flops / floor) floors")
  }

  /// The predictions to the flop, by hand.
  @Test func flopsByHand() {
    let (b, c, d, n) = (5.0, 6.0, 7.0, 3.0)
    let floor = 4 * b * c * d
    let unknowns = b * c
    let expected: [Scaling.Method: Double] = [
      .sgd: floor, .gram: floor + b * b * (c + d) + b * b * b, .matrixFree: floor + n * floor,
      .dual: floor + b * b * d + n * 2 * b * b * c, .parameterSpace: floor + n * floor,
      .egn: floor + b * b * d + unknowns * unknowns * unknowns + 80 * unknowns * unknowns,
    ]
    let products = Self.products(Self.small)
    for method in Scaling.Method.allCases {
      #expect(Scaling.flops(method, Self.small, products) == expected[method], "\(method)")
    }
  }

  static func rows(_ shape: Scaling.Shape, seed: UInt64 = 1) -> Rows {
    Rows(ScalingCase(shape, methods: Scaling.Method.allCases, seed: seed).rows())
  }

  @Test(arguments: [1, 3]) func operatorCounts(_ n: Int) {
    var shape = Self.small
    shape.iterations = n
    let rows = Self.rows(shape)
    let passes = ["sgd": 2, "fgn-gram": 2, "fgn-cg": 2 * n + 1, "ggn-dual": 2, "ggn-cg": 2 * n + 3, "egn": 2]
    let products = ["sgd": 0, "fgn-gram": 0, "fgn-cg": n, "ggn-dual": n + 3, "ggn-cg": n, "egn": 0]
    #expect(rows.count == 6)
    for row in rows.all {
      guard case .text(let method)? = row["method"] else { continue }
      #expect(row["modelPasses"] == .number(Double(passes[method] ?? -1)), "\(method)")
      #expect(row["products"] == .number(Double(products[method] ?? -1)), "\(method)")
      #expect(row["cgIterations"] == .number(products[method] == 0 ? 0 : Double(n)), "\(method)")
      #expect(row["morePasses"] == 0 && row["outcome"] == "accepted", "\(method)")
    }
  }

  /// What is held, array by array: docs/mathematics.md to leading order, every array that is known by its size here.
  @Test func bytesByHand() {
    let rows = Self.rows(Self.small)
    let (parameters, outputs, square) = (6 * 8, 5 * 6, 5 * 5)
    func held(_ method: String) -> Int {
      Int(rows.number("maximum of heldBytes where method=\(method)").value ?? 0) / MemoryLayout<Float>.stride
    }
    // Beyond the large arrays, vectors of a number for each row: at most forty, all methods.
    for (method, arrays) in [
      ("sgd", parameters + 2 * outputs), ("fgn-gram", 6 * square + 2 * outputs),
      ("fgn-cg", 2 * parameters + 2 * outputs), ("ggn-cg", 6 * parameters + 2 * outputs),
      ("egn", outputs * outputs + square + 2 * outputs),
    ] {
      #expect((arrays...arrays + 40 * 5).contains(held(method)), "\(method): \(held(method)), arrays \(arrays)")
    }
  }

  @Test func heldBytesCountPrivateArrays() {
    struct Inner { private let numbers: [Double]? = [1, 2, 3] }
    struct Outer {
      let inner = Inner()
      let matrix = Matrix<Float>(rows: 2, columns: 5)
      let existential: any Sendable = [Int32](repeating: 0, count: 4)
      let text = "nothing"
    }
    #expect(HeldBytes.of(Outer()) == 3 * 8 + 10 * 4 + 4 * 4)
  }

  /// Everything but seconds, twice, on one thread and on two.
  @Test func repeats() {
    func untimed(_ rows: Rows) -> [Row] { rows.all.map { row in Row(row.cells.filter { !Row.isTiming($0.key) }) } }
    let first = untimed(Self.rows(Self.small, seed: 7))
    #expect(untimed(Self.rows(Self.small, seed: 7)) == first)
    #expect(first.allSatisfy { $0["heldBytes"]?.number ?? 0 > 0 && $0["cpuSeconds"] == nil })
  }

  @Test func quickHasEverySweepAndEGN() {
    for isQuick in [true, false] {
      let setting = ExperimentSetting(seeds: [0], isQuick: isQuick, data: ExperimentData())
      let shapes = Scaling.shapes(in: setting)
      #expect(Set(shapes.map(\.sweep)) == ["classes", "batch", "features", "iterations"])
      let withEGN = shapes.filter { $0.methods(limit: Scaling.limit($0, in: setting)).contains(.egn) }
      #expect(Set(withEGN.map(\.unknowns)).filter { $0 >= 1000 }.count >= 3)
    }
  }

  /// Rows as the claims would have them, and rows that contradict them: verdicts follow.
  @Test func verdictsFollowFromRows() {
    let setting = ExperimentSetting(seeds: [0], data: ExperimentData())
    func verdicts(_ rows: [Row]) -> [String: String] {
      Dictionary(
        uniqueKeysWithValues: Scaling().report(on: Rows(rows), in: setting).map { ($0.title, $0.verdict.title) })
    }
    #expect(Set(verdicts([]).values) == ["not measured"])
    func rows(gram: Double, power: Int, more: Double) -> [Row] {
      let exact = [10.0, 100].map { count in
        Row([
          "sweep": "classes", "method": "fgn-gram", "classes": .number(count), "overSGDSeconds": .number(gram),
          "overSGDWallSeconds": .number(gram), "morePasses": .number(more), "seed": 0,
        ])
      }
      let egn = [1000.0, 4000].map { count in
        Row([
          "method": "egn", "unknowns": .number(count), "flops": .number(count * count * count), "morePasses": 0,
          "cpuSeconds": .number((0..<power).reduce(1) { size, _ in size * count }), "seed": 0,
        ])
      }
      return exact + egn
    }
    let good = verdicts(rows(gram: 1.2, power: 3, more: 0))
    #expect(good["Classes"] == "holds" && good["Exact Gauss-Newton"] == "holds" && good["Operator counts"] == "holds")
    let bad = verdicts(rows(gram: 1.7, power: 2, more: -1))
    #expect(bad["Classes"] == "fails" && bad["Exact Gauss-Newton"] == "fails" && bad["Operator counts"] == "fails")
  }
}
