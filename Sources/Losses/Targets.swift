import LinearAlgebra

/// What the outputs of a batch are compared with.
public enum Targets<Scalar: RealScalar>: Sendable {
  /// A class for each row [R], in 0..<C.
  case classes([Int32])
  /// A number for each output, [R, C].
  case values(Matrix<Scalar>)
  /// One output of each row [R], in 0..<C, and the number that it should be [R]: the value of an action that was taken.
  case selected([Int32], [Scalar])

  /// R.
  public var count: Int {
    switch self {
    case .classes(let labels), .selected(let labels, _): labels.count
    case .values(let values): values.rows
    }
  }

  /// The classes; empty for other targets.
  public var labels: [Int32] {
    if case .classes(let labels) = self { return labels }
    return []
  }

  /// The rows `index`, in that order.
  public func rows(_ index: [Int32]) -> Targets {
    switch self {
    case .classes(let labels): return .classes(index.map { labels[Int($0)] })
    case .selected(let outputs, let values):
      return .selected(index.map { outputs[Int($0)] }, index.map { values[Int($0)] })
    case .values(let values):
      var part = Matrix<Scalar>(rows: index.count, columns: values.columns)
      RowKernels.gather(values.view, index, into: &part)
      return .values(part)
    }
  }
}
