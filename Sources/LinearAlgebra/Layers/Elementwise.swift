import CKernels

/// A scalar function that a kernel applies to every element, with its derivative.
public enum ElementwiseFunction: Sendable, Equatable {
  /// max(x, 0); slope 0 at 0.
  case relu
  /// x, or `slope` times x for x <= 0.
  case leakyReLU(slope: Double)
  case tanh
  /// 1 / (1 + e^-x).
  case sigmoid
  /// x P(x), P the distribution function of the standard normal distribution; the exact form, by erf.
  case gelu
  /// x / (1 + e^-x).
  case silu
  /// log(1 + e^x).
  case softplus

  var number: Int32 {
    switch self {
    case .relu: FGN_RELU
    case .leakyReLU: FGN_LEAKY_RELU
    case .tanh: FGN_TANH
    case .sigmoid: FGN_SIGMOID
    case .gelu: FGN_GELU
    case .silu: FGN_SILU
    case .softplus: FGN_SOFTPLUS
    }
  }

  var parameter: Double {
    if case .leakyReLU(let slope) = self { slope } else { 0 }
  }
}

/// Operations on each element of a matrix, cut over the elements.
package enum Elementwise {
  /// y_k = f(x_k) and slope_k = f'(x_k), in the shape of x: at most 5 units in the last place from the true ones, NaN
  /// where x is NaN, and never an overflow. Near the zeros of GELU's and SiLU's slopes: 5 units of the larger of the
  /// two terms that cancel.
  package static func apply<Scalar>(
    _ function: ElementwiseFunction, to x: Matrix<Scalar>, into y: inout Matrix<Scalar>, slope: inout Matrix<Scalar>
  ) {
    y.reshape(rows: x.rows, columns: x.columns)
    slope.reshape(rows: x.rows, columns: x.columns)
    let (number, parameter) = (function.number, Scalar(function.parameter))
    x.elements.withPointer { x in
      let count = y.elements.count
      slope.elements.withMutablePointer { slope in
        y.elements.withMutablePointer { y in
          Partition.forEach(count, step: 16, work: Double(count), grain: 2 * RowKernels.grain) { r in
            let i = r.lowerBound
            Scalar.kernels.pointee.elementwise.activation(number, parameter, x + i, y + i, slope + i, r.count)
          }
        }
      }
    }
  }

  /// y_k = a_k b_k, in the shape of a.
  package static func multiply<Scalar>(_ a: Matrix<Scalar>, _ b: Matrix<Scalar>, into y: inout Matrix<Scalar>) {
    precondition(a.rows == b.rows && a.columns == b.columns, "shapes differ")
    y.reshape(rows: a.rows, columns: a.columns)
    let count = y.elements.count
    a.elements.withPointer { a in
      b.elements.withPointer { b in
        y.elements.withMutablePointer { y in
          Partition.forEach(count, step: 16, work: Double(count), grain: [Scalar].vectorGrain) { r in
            let i = r.lowerBound
            Scalar.kernels.pointee.elementwise.multiply(a + i, b + i, y + i, r.count)
          }
        }
      }
    }
  }

  /// mask [rows, columns]: 0 with probability `rate`, else 1 / (1 - rate), by a hash of `seed` and the element's
  /// number.
  package static func dropoutMask<Scalar>(
    rate: Double, seed: UInt64, rows: Int, columns: Int, into mask: inout Matrix<Scalar>
  ) {
    precondition(rate >= 0 && rate < 1, "the rate must be in 0..<1, got \(rate)")
    mask.reshape(rows: rows, columns: columns)
    let (count, factor) = (rows * columns, Scalar(1 / (1 - rate)))
    mask.elements.withMutablePointer { mask in
      Partition.forEach(count, step: 16, work: Double(count), grain: 2 * RowKernels.grain) { r in
        Scalar.kernels.pointee.elementwise.dropoutMask(
          seed, UInt64(r.lowerBound), rate, factor, mask + r.lowerBound, r.count)
      }
    }
  }
}

/// The kernels behind `Elementwise`.
struct ElementwiseKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>

  let activation: @Sendable (Int32, Scalar, Input, Output, Output, Int) -> Void
  let multiply: @Sendable (Input, Input, Output, Int) -> Void
  let dropoutMask: @Sendable (UInt64, UInt64, Double, Scalar, Output, Int) -> Void
}

extension ElementwiseKernels<Float> {
  init() { self.init(activation: fgn_activation_f, multiply: fgn_multiply_f, dropoutMask: fgn_dropout_mask_f) }
}

extension ElementwiseKernels<Double> {
  init() { self.init(activation: fgn_activation_d, multiply: fgn_multiply_d, dropoutMask: fgn_dropout_mask_d) }
}
