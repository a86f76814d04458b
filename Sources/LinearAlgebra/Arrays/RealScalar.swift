/// A real number type the whole package is generic over: `Float` and `Double`.
///
/// Everything per-element runs in one of two compiled copies of the kernels, found through
/// `_kernels`; generic Swift code above only moves whole arrays. The protocol cannot be conformed
/// to outside this module, because `_Kernels` cannot be made there.
public protocol RealScalar: BinaryFloatingPoint, SIMDScalar, Codable, Sendable, LosslessStringConvertible,
  BitwiseCopyable
{
  /// Where the compiled kernels of this precision are; nothing in it can be reached from outside this module.
  static var _kernels: _Kernels<Self> { get }
  /// "float32" or "float64", as in files and reports.
  static var precisionName: String { get }
}

/// The compiled kernels of one precision, by address: a table is never copied to call one routine of it.
public struct _Kernels<Scalar>: @unchecked Sendable {
  /// Written once, in `init`, and never freed.
  let pointer: UnsafePointer<Kernels<Scalar>>

  init(_ kernels: Kernels<Scalar>) {
    let memory = UnsafeMutablePointer<Kernels<Scalar>>.allocate(capacity: 1)
    memory.initialize(to: kernels)
    pointer = UnsafePointer(memory)
  }
}

extension RealScalar {
  static var kernels: UnsafePointer<Kernels<Self>> { _kernels.pointer }
}

/// All compiled routines of one precision.
struct Kernels<Scalar>: Sendable {
  /// Rows of a batch, Gram matrices, vectors, products with few classes, BLAS and LAPACK.
  let main: KernelTable<Scalar>
  let elementwise: ElementwiseKernels<Scalar>
  let normalization: NormalizationKernels<Scalar>
  let image: ImageKernels<Scalar>
  let sequence: SequenceKernels<Scalar>
  let prediction: PredictionKernels<Scalar>
  let curvature: CurvatureKernels<Scalar>
  let update: UpdateKernels<Scalar>
  let sweep: SweepKernels<Scalar>
  let sparse: SparseKernels<Scalar>
}
