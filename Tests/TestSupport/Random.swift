import LinearAlgebra

extension SeededGenerator {
  public mutating func vector<S: RealScalar>(_ count: Int, scale: Double = 1, as type: S.Type = S.self) -> [S] {
    (0..<count).map { _ in S(scale * normal()) }
  }

  public mutating func matrix<S: RealScalar>(
    _ rows: Int, _ columns: Int, scale: Double = 1, as type: S.Type = S.self
  ) -> Matrix<S> {
    Matrix(rows: rows, columns: columns, elements: vector(rows * columns, scale: scale))
  }

  public mutating func integer(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + index(below: range.count)
  }

  public mutating func labels(_ count: Int, classes: Int) -> [Int32] {
    (0..<count).map { _ in Int32(index(below: classes)) }
  }
}
