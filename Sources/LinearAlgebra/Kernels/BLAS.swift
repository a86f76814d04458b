import CKernels

#if canImport(Accelerate)
  import Accelerate
#else
  import COpenBLAS
#endif

/// The shape of one row-major product, out [m, n] = alpha op(a) op(b) + beta out, as the BLAS wants it.
struct GEMMShape: Sendable {
  var m: Int
  var n: Int
  var k: Int
  var transposeA = false
  var transposeB = false
  var lda: Int
  var ldb: Int
  var ldc: Int
}

/// The one place where a BLAS is called. Every call runs on the calling thread; `Partition` spreads work.
package enum BLAS {
  /// The library and kernels in use, for reports: performance figures mean nothing without them.
  package static var description: String {
    #if canImport(Accelerate)
      return "Accelerate; own kernels \(kernelLevel)"
    #else
      _ = singleThreaded
      return "OpenBLAS \(String(cString: openblas_get_corename())); own kernels \(kernelLevel)"
    #endif
  }

  /// The instruction set that our own kernels run on here.
  package static var kernelLevel: String { String(cString: fgn_kernel_level()) }

  /// OpenBLAS' own threading is slower than none on skinny shapes and makes results depend on the thread count.
  private static let singleThreaded: Bool = {
    #if !canImport(Accelerate)
      openblas_set_num_threads(1)
    #endif
    return true
  }()

  private static func flag(_ transpose: Bool) -> CBLAS_TRANSPOSE { transpose ? CblasTrans : CblasNoTrans }
  private typealias Size = Int32

  @Sendable static func gemm(
    _ s: GEMMShape, _ alpha: Float, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ beta: Float,
    _ out: UnsafeMutablePointer<Float>
  ) {
    _ = singleThreaded
    cblas_sgemm(
      CblasRowMajor, flag(s.transposeA), flag(s.transposeB), Size(s.m), Size(s.n), Size(s.k), alpha, a, Size(s.lda), b,
      Size(s.ldb), beta, out, Size(s.ldc))
  }

  @Sendable static func gemm(
    _ s: GEMMShape, _ alpha: Double, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ beta: Double,
    _ out: UnsafeMutablePointer<Double>
  ) {
    _ = singleThreaded
    cblas_dgemm(
      CblasRowMajor, flag(s.transposeA), flag(s.transposeB), Size(s.m), Size(s.n), Size(s.k), alpha, a, Size(s.lda), b,
      Size(s.ldb), beta, out, Size(s.ldc))
  }

  /// Lower triangle of out [n, n] = x x^T + beta out, x [n, k].
  @Sendable static func syrk(
    n: Int, k: Int, x: UnsafePointer<Float>, ld: Int, beta: Float, out: UnsafeMutablePointer<Float>, ldOut: Int
  ) {
    _ = singleThreaded
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasNoTrans, Size(n), Size(k), 1, x, Size(ld), beta, out, Size(ldOut))
  }

  @Sendable static func syrk(
    n: Int, k: Int, x: UnsafePointer<Double>, ld: Int, beta: Double, out: UnsafeMutablePointer<Double>, ldOut: Int
  ) {
    _ = singleThreaded
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, Size(n), Size(k), 1, x, Size(ld), beta, out, Size(ldOut))
  }

  /// out [m] = a x, a [m, n].
  @Sendable static func gemv(
    m: Int, n: Int, a: UnsafePointer<Float>, ld: Int, x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>
  ) {
    _ = singleThreaded
    cblas_sgemv(CblasRowMajor, CblasNoTrans, Size(m), Size(n), 1, a, Size(ld), x, 1, 0, out, 1)
  }

  @Sendable static func gemv(
    m: Int, n: Int, a: UnsafePointer<Double>, ld: Int, x: UnsafePointer<Double>, out: UnsafeMutablePointer<Double>
  ) {
    _ = singleThreaded
    cblas_dgemv(CblasRowMajor, CblasNoTrans, Size(m), Size(n), 1, a, Size(ld), x, 1, 0, out, 1)
  }

  /// out [n] = a x, a [n, n] symmetric, given by its lower triangle.
  @Sendable static func symv(
    n: Int, a: UnsafePointer<Float>, x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>
  ) {
    _ = singleThreaded
    cblas_ssymv(CblasRowMajor, CblasLower, Size(n), 1, a, Size(n), x, 1, 0, out, 1)
  }

  @Sendable static func symv(
    n: Int, a: UnsafePointer<Double>, x: UnsafePointer<Double>, out: UnsafeMutablePointer<Double>
  ) {
    _ = singleThreaded
    cblas_dsymv(CblasRowMajor, CblasLower, Size(n), 1, a, Size(n), x, 1, 0, out, 1)
  }

  /// Cholesky factor of the row-major lower triangle in place; 0, or the 1-based order of the minor that is
  /// not positive. (LAPACK is column-major, so the row-major lower triangle is its upper one.)
  @Sendable static func factor(n: Int, a: UnsafeMutablePointer<Float>, ld: Int) -> Int {
    _ = singleThreaded
    var (uplo, size, stride, info) = (CChar(UInt8(ascii: "U")), Size(n), Size(ld), Size(0))
    #if canImport(Accelerate)
      _ = spotrf_(&uplo, &size, a, &stride, &info)
    #else
      spotrf_(&uplo, &size, a, &stride, &info)
    #endif
    return Int(info)
  }

  @Sendable static func factor(n: Int, a: UnsafeMutablePointer<Double>, ld: Int) -> Int {
    _ = singleThreaded
    var (uplo, size, stride, info) = (CChar(UInt8(ascii: "U")), Size(n), Size(ld), Size(0))
    #if canImport(Accelerate)
      _ = dpotrf_(&uplo, &size, a, &stride, &info)
    #else
      dpotrf_(&uplo, &size, a, &stride, &info)
    #endif
    return Int(info)
  }

  /// P L U of a column-major matrix in place, rows exchanged as `pivots` say; 0, or the 1-based place of a zero pivot.
  @Sendable static func factorLU(n: Int, a: UnsafeMutablePointer<Float>, pivots: UnsafeMutablePointer<Int32>) -> Int {
    _ = singleThreaded
    var (rows, columns, stride, info) = (Size(n), Size(n), Size(n), Size(0))
    #if canImport(Accelerate)
      _ = sgetrf_(&rows, &columns, a, &stride, pivots, &info)
    #else
      sgetrf_(&rows, &columns, a, &stride, pivots, &info)
    #endif
    return Int(info)
  }

  /// x <- A^-1 x, or A^-T x, from the factors of a column-major A.
  @Sendable static func solveLU(
    n: Int, a: UnsafePointer<Float>, pivots: UnsafePointer<Int32>, transposed: Bool, x: UnsafeMutablePointer<Float>
  ) {
    var (flag, order, one, info) = (CChar(UInt8(ascii: transposed ? "T" : "N")), Size(n), Size(1), Size(0))
    let (a, pivots) = (UnsafeMutablePointer(mutating: a), UnsafeMutablePointer(mutating: pivots))
    var (strideA, strideX) = (order, order)
    #if canImport(Accelerate)
      _ = sgetrs_(&flag, &order, &one, a, &strideA, pivots, x, &strideX, &info)
    #else
      sgetrs_(&flag, &order, &one, a, &strideA, pivots, x, &strideX, &info)
    #endif
  }

  /// P L U of a column-major matrix in place, rows exchanged as `pivots` say; 0, or the 1-based place of a zero pivot.
  @Sendable static func factorLU(n: Int, a: UnsafeMutablePointer<Double>, pivots: UnsafeMutablePointer<Int32>) -> Int {
    _ = singleThreaded
    var (rows, columns, stride, info) = (Size(n), Size(n), Size(n), Size(0))
    #if canImport(Accelerate)
      _ = dgetrf_(&rows, &columns, a, &stride, pivots, &info)
    #else
      dgetrf_(&rows, &columns, a, &stride, pivots, &info)
    #endif
    return Int(info)
  }

  /// x <- A^-1 x, or A^-T x, from the factors of a column-major A.
  @Sendable static func solveLU(
    n: Int, a: UnsafePointer<Double>, pivots: UnsafePointer<Int32>, transposed: Bool, x: UnsafeMutablePointer<Double>
  ) {
    var (flag, order, one, info) = (CChar(UInt8(ascii: transposed ? "T" : "N")), Size(n), Size(1), Size(0))
    let (a, pivots) = (UnsafeMutablePointer(mutating: a), UnsafeMutablePointer(mutating: pivots))
    var (strideA, strideX) = (order, order)
    #if canImport(Accelerate)
      _ = dgetrs_(&flag, &order, &one, a, &strideA, pivots, x, &strideX, &info)
    #else
      dgetrs_(&flag, &order, &one, a, &strideA, pivots, x, &strideX, &info)
    #endif
  }

  /// x [m, n] <- x L^-T with L [n, n] lower: the panel below a factored diagonal block.
  @Sendable static func solveFromRight(
    m: Int, n: Int, l: UnsafePointer<Float>, ld: Int, x: UnsafeMutablePointer<Float>, ldX: Int
  ) {
    cblas_strsm(
      CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, Size(m), Size(n), 1, l, Size(ld), x, Size(ldX))
  }

  @Sendable static func solveFromRight(
    m: Int, n: Int, l: UnsafePointer<Double>, ld: Int, x: UnsafeMutablePointer<Double>, ldX: Int
  ) {
    cblas_dtrsm(
      CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, Size(m), Size(n), 1, l, Size(ld), x, Size(ldX))
  }

  /// x <- L^-1 x, or L^-T x.
  @Sendable static func solveVector(
    n: Int, l: UnsafePointer<Float>, ld: Int, transposed: Bool, x: UnsafeMutablePointer<Float>
  ) {
    cblas_strsv(CblasRowMajor, CblasLower, flag(transposed), CblasNonUnit, Size(n), l, Size(ld), x, 1)
  }

  @Sendable static func solveVector(
    n: Int, l: UnsafePointer<Double>, ld: Int, transposed: Bool, x: UnsafeMutablePointer<Double>
  ) {
    cblas_dtrsv(CblasRowMajor, CblasLower, flag(transposed), CblasNonUnit, Size(n), l, Size(ld), x, 1)
  }

  /// The inverse of a matrix from its Cholesky factor, lower triangle in place; 0, or what LAPACK says is wrong.
  @Sendable static func invertFactored(n: Int, a: UnsafeMutablePointer<Float>) -> Int {
    var (uplo, size, leading, info) = (CChar(UInt8(ascii: "U")), Size(n), Size(n), Size(0))
    #if canImport(Accelerate)
      _ = spotri_(&uplo, &size, a, &leading, &info)
    #else
      spotri_(&uplo, &size, a, &leading, &info)
    #endif
    return Int(info)
  }

  @Sendable static func invertFactored(n: Int, a: UnsafeMutablePointer<Double>) -> Int {
    var (uplo, size, leading, info) = (CChar(UInt8(ascii: "U")), Size(n), Size(n), Size(0))
    #if canImport(Accelerate)
      _ = dpotri_(&uplo, &size, a, &leading, &info)
    #else
      dpotri_(&uplo, &size, a, &leading, &info)
    #endif
    return Int(info)
  }

  /// Eigenvalues [n], ascending, of the row-major lower triangle, and eigenvectors as the rows of a; 0, or what LAPACK
  /// says is wrong. With `work` empty, only the sizes of the two work areas, in their first elements.
  @Sendable static func eigen(
    n: Int, a: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>, work: UnsafeMutablePointer<Float>,
    workSize: Int, integers: UnsafeMutablePointer<Int32>, integerSize: Int
  ) -> Int {
    _ = singleThreaded
    var (job, uplo, info) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")), Size(0))
    var (size, leading) = (Size(n), Size(n))
    var (workSize, integerSize) = (Size(workSize), Size(integerSize))
    #if canImport(Accelerate)
      _ = ssyevd_(&job, &uplo, &size, a, &leading, values, work, &workSize, integers, &integerSize, &info)
    #else
      ssyevd_(&job, &uplo, &size, a, &leading, values, work, &workSize, integers, &integerSize, &info)
    #endif
    return Int(info)
  }

  @Sendable static func eigen(
    n: Int, a: UnsafeMutablePointer<Double>, values: UnsafeMutablePointer<Double>, work: UnsafeMutablePointer<Double>,
    workSize: Int, integers: UnsafeMutablePointer<Int32>, integerSize: Int
  ) -> Int {
    _ = singleThreaded
    var (job, uplo, info) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")), Size(0))
    var (size, leading) = (Size(n), Size(n))
    var (workSize, integerSize) = (Size(workSize), Size(integerSize))
    #if canImport(Accelerate)
      _ = dsyevd_(&job, &uplo, &size, a, &leading, values, work, &workSize, integers, &integerSize, &info)
    #else
      dsyevd_(&job, &uplo, &size, a, &leading, values, work, &workSize, integers, &integerSize, &info)
    #endif
    return Int(info)
  }
}
