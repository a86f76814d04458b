/// A real number type the whole package is generic over: `Float` and `Double`.
///
/// Everything per-element runs in one of two compiled copies of the kernels, found through
/// `kernels`; generic Swift code above only moves whole arrays. The protocol cannot be conformed
/// to outside this module, because `KernelTable` cannot be made there.
public protocol RealScalar: BinaryFloatingPoint, SIMDScalar, Codable, Sendable, LosslessStringConvertible,
  BitwiseCopyable
{
  /// The compiled kernels and BLAS routines of this precision.
  static var kernels: KernelTable<Self> { get }
  /// The same for layers, in tables of their own: a table is copied where it is used.
  static var elementwiseKernels: ElementwiseKernels<Self> { get }
  static var normalizationKernels: NormalizationKernels<Self> { get }
  static var imageKernels: ImageKernels<Self> { get }
  static var sequenceKernels: SequenceKernels<Self> { get }
  static var predictionKernels: PredictionKernels<Self> { get }
  static var curvatureKernels: CurvatureKernels<Self> { get }
  static var updateKernels: UpdateKernels<Self> { get }
  static var sweepKernels: SweepKernels<Self> { get }
  static var sparseKernels: SparseKernels<Self> { get }
  /// "float32" or "float64", as in files and reports.
  static var precisionName: String { get }
}
