import LinearAlgebra
import TestSupport
import Testing

@Suite struct MatrixTests {
  @Test func elementsAreRowMajor() {
    var x = Matrix<Float>(rows: 2, columns: 3)
    x[1, 2] = 4
    x[0, 1] = 2
    #expect(x.elements == [0, 2, 0, 0, 0, 4])
    #expect(Array(x.row(1)) == [0, 0, 4])
    #expect(x.transposed.elements == [0, 0, 2, 0, 0, 4])
    #expect(x.transposed.transposed == x)
  }

  @Test func reshapingKeepsShapeAndCountTogether() {
    var x = Matrix<Double>(rows: 4, columns: 6)
    for (rows, columns) in [(2, 3), (5, 5), (0, 7), (1, 1), (30, 40), (3, 0)] {
      x.reshape(rows: rows, columns: columns)
      #expect(x.rows == rows && x.columns == columns && x.elements.count == rows * columns)
    }
  }

  /// Work areas change shape from batch to batch: shrinking and growing back must not allocate again.
  @Test func reshapingKeepsMemory() {
    var x = Matrix<Double>(rows: 40, columns: 50)
    func address() -> UnsafeRawPointer? { x.elements.withUnsafeBytes { $0.baseAddress } }
    let before = address()
    x.reshape(rows: 3, columns: 4)
    #expect(address() == before)
  }

  @Test func arithmetic() {
    var x = Matrix<Double>(rows: 2, columns: 2, elements: [1, 2, 3, 4])
    x.combine(2, Matrix(rows: 2, columns: 2, elements: [1, 0, 0, -1]))
    #expect(x.elements == [3, 2, 3, 2])
    x.scale(by: 0.5)
    #expect(x.elements == [1.5, 1, 1.5, 1])
    x.assign([9, 8, 7, 6])
    #expect(x[1, 0] == 7)
    #expect(x.converted(to: Float.self).elements == [9, 8, 7, 6])
    x.fill(with: .nan)
    x.clear()
    #expect(x.elements == [0, 0, 0, 0])
  }

  @Test func resizingVectors() {
    var x: [Double] = [1, 2, 3]
    x.resize(to: 5)
    #expect(x == [1, 2, 3, 0, 0])
    x.resize(to: 2)
    #expect(x == [1, 2])
    x.resize(to: 0)
    x.resize(to: 1)
    #expect(x == [0])
  }

  @Test func gatheringRows() {
    var generator = SeededGenerator(seed: 1)
    let x: Matrix<Float> = generator.matrix(10, 3)
    var batch = Matrix<Float>(rows: 0, columns: 0)
    RowKernels.gather(x.view, [7, 0, 7, 9], into: &batch)
    #expect(batch.rows == 4 && batch.columns == 3)
    for (row, from) in [7, 0, 7, 9].enumerated() { #expect(Array(batch.row(row)) == Array(x.row(from))) }
  }
}
