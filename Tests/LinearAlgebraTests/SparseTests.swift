import AllocationCounter
import TestSupport
import Testing

@testable import LinearAlgebra

extension SeededGenerator {
  /// Entries with probability `density`; some rows and columns have none.
  mutating func sparse<S: RealScalar>(_ rows: Int, _ columns: Int, density: Double, as type: S.Type) -> SparseMatrix<S>
  {
    var dense = Matrix<S>(rows: rows, columns: columns)
    for i in 0..<rows where i % 5 != 3 {
      for j in 0..<columns where j % 7 != 2 && Double(next() >> 11) < density * 0x1p53 { dense[i, j] = S(normal()) }
    }
    return SparseMatrix(dense)
  }
}

/// Sparse products against dense ones, and the same bits on any number of threads.
@Suite struct SparseTests {
  static let shapes: [(rows: Int, columns: Int, classes: Int, density: Double)] = [
    (9, 13, 1, 0.3), (9, 13, 3, 1), (17, 40, 20, 0.3), (40, 11, 37, 0.6), (12, 30, 150, 0.2), (7, 5, 17, 0),
    (30, 6, 64, 0.9), (5, 300, 131, 0.02), (64, 25, 8, 0.5),
  ]

  private struct Case<S: RealScalar> {
    let x: SparseMatrix<S>
    let range: Range<Int>
    let part: Matrix<S>
    let weight: Matrix<S>
    let cotangents: Matrix<S>
    let name: String

    init(_ number: Int, seed: UInt64) {
      var generator = SeededGenerator(seed: seed)
      let shape = SparseTests.shapes[number]
      x = generator.sparse(shape.rows, shape.columns, density: shape.density, as: S.self)
      range = shape.rows / 5..<shape.rows - 1
      part = Matrix(x.densified(), rows: range)
      weight = generator.matrix(shape.classes, shape.columns)
      cotangents = generator.matrix(range.count, shape.classes)
      name = "seed \(seed), \(shape), \(S.precisionName)"
    }
  }

  private func check<S: RealScalar>(_ type: S.Type, _ number: Int) {
    let c = Case<S>(number, seed: 11)
    let (m, n) = (c.range.count, c.weight.rows)
    let limit = productLimit(S.self, max(c.x.columns, m) + 4)
    var workspace = SparseProducts.Workspace<S>()
    var packed: [S] = []
    SparseProducts.pack(c.weight.view, into: &packed)
    #expect(packed == c.weight.transposed.elements)
    for (alpha, beta) in [(1.0, 0.0), (-0.5, 1.0), (2.0, 0.25)] {
      let (a, b, context) = (S(alpha), S(beta), "\(c.name) alpha \(alpha) beta \(beta)")
      let start = Matrix<S>(rows: m, columns: n, elements: c.cotangents.elements.map { $0 * 3 })
      let forward = naiveProduct(
        Reference(c.part), Reference(c.weight).transposed, alpha: alpha, beta: beta, plus: Reference(start))
      var z = beta == 0 ? Matrix<S>(rows: m, columns: n, elements: start.elements.map { _ in .nan }) : start
      let from = z
      SparseProducts.timesTransposed(c.x, rows: c.range, packed: packed, alpha: a, beta: b, into: &z)
      #expect(largestError(z.elements, forward) < limit, "forward packed, \(context)")
      z = from
      SparseProducts.timesTransposed(
        c.x, rows: c.range, c.weight.view, alpha: a, beta: b, into: &z, using: &workspace)
      #expect(largestError(z.elements, forward) < limit, "forward, \(context)")

      let back = naiveProduct(
        Reference(c.cotangents).transposed, Reference(c.part), alpha: alpha, beta: beta, plus: Reference(c.weight))
      var g = [S](repeating: 7, count: 3) + (beta == 0 ? c.weight.elements.map { _ in .nan } : c.weight.elements)
      SparseProducts.transposedTimes(
        c.cotangents.view, c.x, rows: c.range, alpha: a, beta: b, into: &g, at: 3, using: &workspace)
      #expect(largestError(Array(g.dropFirst(3)), back) < limit && g.prefix(3) == [7, 7, 7], "transposed, \(context)")
      if beta == 1 {
        var sum = packed
        SparseProducts.addTransposed(c.x, rows: c.range, c.cotangents.view, alpha: a, toPacked: &sum)
        var result = [S](repeating: .nan, count: sum.count)
        SparseProducts.unpack(sum, classes: n, into: &result)
        #expect(largestError(result, back) < limit, "packed transposed, \(context)")
      }
    }
    var gramWork = SparseProducts.GramWorkspace<S>()
    var gram = Matrix<S>(rows: m, columns: m)
    gram.fill(with: .nan)
    for _ in 0..<2 {  // the work area is left as it was found
      SparseProducts.lowerGram(c.x, rows: c.range, into: &gram, using: &gramWork)
      let square = naiveProduct(
        Reference(c.part), Reference(c.part).transposed, plus: Reference(rows: m, columns: m))
      #expect(largestError(gram.elements, square, lowerOnly: true) < limit, "gram, \(c.name)")
    }
    var norms = [S](repeating: 1, count: m)
    SparseProducts.addSquaredNorms(c.x, rows: c.range, into: &norms)
    for i in 0..<m { #expect(abs(norms[i] - 1 - gram[i, i]) <= S(limit) * norms[i], "norms, \(c.name)") }
  }

  @Test(arguments: 0..<9) func agreesWithDense(_ number: Int) {
    check(Float.self, number)
    check(Double.self, number)
  }

  private func threads<S: RealScalar>(_ type: S.Type, classes: Int, entries: Int) {
    var generator = SeededGenerator(seed: 5)
    // Column 0 to 9 have most entries, as frequent words do.
    var (starts, columns, values) = ([0], [Int32](), [S]())
    for _ in 0..<600 {
      let row = Set((0..<entries).map { Int32(generator.index(below: $0 % 2 == 0 ? 10 : 400)) }).sorted()
      columns += row
      values += row.map { _ in S(generator.normal()) }
      starts.append(columns.count)
    }
    let x = SparseMatrix<S>(columns: 400, rowStarts: starts, columnIndices: columns, values: values)
    let (w, r): (Matrix<S>, Matrix<S>) = (generator.matrix(classes, 400), generator.matrix(600, classes))
    let name = "seed 5, C \(classes), \(entries) entries, \(S.precisionName)"
    let forward: () -> [S] = {
      var workspace = SparseProducts.Workspace<S>()
      var z = r
      SparseProducts.timesTransposed(x, rows: 0..<600, w.view, beta: 0.5, into: &z, using: &workspace)
      return z.elements
    }
    #expect(areIdentical(onThreads(forward)), "forward, \(name)")
    let back: () -> [S] = {
      var workspace = SparseProducts.Workspace<S>()
      var g = w.elements
      SparseProducts.transposedTimes(r.view, x, rows: 0..<600, beta: 0.5, into: &g, using: &workspace)
      return g
    }
    #expect(areIdentical(onThreads(back)), "transposed, \(name)")
    // In whatever pieces: each sum is over ascending rows.
    var (whole, split) = ([S](repeating: 0, count: 400 * classes), [S](repeating: 0, count: 400 * classes))
    SparseProducts.addTransposed(x, rows: 0..<600, r.view, toPacked: &whole)
    for i in 0..<600 { SparseProducts.addTransposed(x, rows: i..<i + 1, r.rows(i..<i + 1), toPacked: &split) }
    #expect(bits(whole) == bits(split), "row by row, \(name)")
    let gram: () -> [S] = {
      var workspace = SparseProducts.GramWorkspace<S>()
      var g = Matrix<S>(rows: 300, columns: 300)
      SparseProducts.lowerGram(x, rows: 100..<400, into: &g, using: &workspace)
      return g.elements
    }
    #expect(areIdentical(onThreads(gram)), "gram, \(name)")
  }

  @Test(arguments: [(3, 60), (20, 60), (150, 40), (150, 1), (70, 50)])
  func givesTheSameBitsOnAnyThreads(classes: Int, entries: Int) {
    threads(Float.self, classes: classes, entries: entries)
    threads(Double.self, classes: classes, entries: entries)
  }

  @Test func takesEmptyRowsAndMatrices() throws {
    var workspace = SparseProducts.Workspace<Double>()
    for rows in [0, 3] {
      let x = SparseMatrix<Double>(
        columns: 4, rowStarts: Array(repeating: 0, count: rows + 1), columnIndices: [], values: [])
      let w = Matrix<Double>(rows: 2, columns: 4, elements: Array(1...8).map(Double.init))
      var z = Matrix<Double>(rows: rows, columns: 2)
      z.fill(with: 3)
      SparseProducts.timesTransposed(x, rows: 0..<rows, w.view, beta: 2, into: &z, using: &workspace)
      #expect(z.elements == Array(repeating: 6, count: 2 * rows))
      var g = w.elements
      SparseProducts.transposedTimes(
        Matrix(rows: rows, columns: 2).view, x, rows: 0..<rows, beta: 2, into: &g, using: &workspace)
      #expect(g == w.elements.map { 2 * $0 })
      var gram = Matrix<Double>(rows: rows, columns: rows)
      var work = SparseProducts.GramWorkspace<Double>()
      SparseProducts.lowerGram(x, rows: 0..<rows, into: &gram, using: &work)
      #expect(gram.elements.allSatisfy { $0 == 0 })
      #expect(x.rows(0..<rows) == x && x.density == 0)
    }
    #expect(SparseMatrix<Float>().rows == 0)
  }

  @Test func gathersAndReadsRows() throws {
    var generator = SeededGenerator(seed: 3)
    let x = generator.sparse(11, 8, density: 0.4, as: Float.self)
    let (dense, index): (Matrix<Float>, [Int32]) = (x.densified(), [7, 0, 3, 7])
    #expect(SparseMatrix(dense) == x)
    var (rows, expected) = (Features<Float>.none, Features<Float>.none)
    for take in [index, [], [10]] {
      try Features.sparse(x).gather(take, into: &rows)
      try Features.dense(dense).gather(take, into: &expected)
      guard case .sparse(let part) = rows else {
        Issue.record("expected sparse rows")
        return
      }
      #expect(part.densified() == expected.dense && part == SparseMatrix(expected.dense))
    }
    for range in [2..<6, 4..<4, 0..<11] {
      try Features.sparse(x).read(range, into: &rows)
      try Features.dense(dense).read(range, into: &expected)
      guard case .sparse(let part) = rows else {
        Issue.record("expected sparse rows")
        return
      }
      #expect(part.densified() == expected.dense && part == x.rows(range))
    }
    var scaled = x
    scaled.scaleColumns(by: (0..<8).map(Float.init))
    scaled.scaleRows(by: (0..<11).map { Float($0) - 4 })
    for i in 0..<11 {
      for j in 0..<8 { #expect(scaled.densified()[i, j] == dense[i, j] * Float(j) * (Float(i) - 4)) }
    }
  }

  @Test(.enabled(if: AllocationTests.isCounted)) func productsAllocateNothing() {
    var generator = SeededGenerator(seed: 8)
    let x = generator.sparse(200, 30, density: 0.3, as: Float.self)
    let (w, r): (Matrix<Float>, Matrix<Float>) = (generator.matrix(20, 30), generator.matrix(200, 20))
    var (z, g, gram) = (r, w.elements, Matrix<Float>(rows: 200, columns: 200))
    var (workspace, work) = (SparseProducts.Workspace<Float>(), SparseProducts.GramWorkspace<Float>())
    withThreads(1) {
      for entries in [200, 10] {
        func run() {
          SparseProducts.timesTransposed(x, rows: 0..<entries, w.view, into: &z, using: &workspace)
          SparseProducts.transposedTimes(r.rows(0..<entries), x, rows: 0..<entries, into: &g, using: &workspace)
          SparseProducts.lowerGram(x, rows: 0..<entries, into: &gram, using: &work)
        }
        z.reshape(rows: entries, columns: 20)
        gram.reshape(rows: entries, columns: entries)
        run()
        let before = allocation_count()
        for _ in 0..<10 { run() }
        // The sample that parts of the columns are cut by is an array of half a thousand numbers.
        #expect(allocation_count() - before <= (entries == 200 ? 200 : 0), "\(entries) rows")
      }
    }
  }
}

extension Matrix {
  fileprivate init(_ x: Matrix, rows: Range<Int>) {
    self.init(
      rows: rows.count, columns: x.columns,
      elements: Array(x.elements[rows.lowerBound * x.columns..<rows.upperBound * x.columns]))
  }
}
