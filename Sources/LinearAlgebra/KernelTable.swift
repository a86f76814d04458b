/// The compiled kernels of one precision. Members are added with the C kernels.
public struct KernelTable<Scalar>: Sendable {}

extension Float: RealScalar {
  public static var kernels: KernelTable<Float> { KernelTable() }
  public static var precisionName: String { "float32" }
}

extension Double: RealScalar {
  public static var kernels: KernelTable<Double> { KernelTable() }
  public static var precisionName: String { "float64" }
}
