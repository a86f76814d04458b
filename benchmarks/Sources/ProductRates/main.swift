import Contestants
import Dispatch
import FastGaussNewton

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// Rates of the products in a step, one process for one thread count:
//
//   ProductRates THREADS
//
// Prints the BLAS, then lines "product B D C GF/s processors", tab-separated; the first is the peak: a 2048^3 sgemm of
// its own on each thread, called directly.

struct Shape {
  let batch: Int
  let features: Int
  let classes: Int
}

func random(_ rows: Int, _ columns: Int) -> Matrix<Float> {
  var generator = SeededGenerator(seed: 1)
  return Matrix(
    rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in Float(generator.uniform() - 0.5) })
}

struct Rate {
  var gigaflops: Double
  /// In use on average: fewer than the threads when the machine is shared.
  var processors: Double
}

/// The best of nine runs of about thirty milliseconds each; `body` is `flops` of work.
func rate(_ flops: Double, _ body: () -> Void) -> Rate {
  body()
  let once = Timing.measure(body).wall
  let repeats = max(1, Int(0.03 / once))
  let runs = (0..<9).map { _ in Timing.measure { for _ in 0..<repeats { body() } } }
  let best = runs.min { $0.wall < $1.wall }!
  return Rate(gigaflops: flops * Double(repeats) / best.wall * 1e-9, processors: best.cpu / best.wall)
}

/// The BLAS without anything of ours around it. The package does not export it, so it is looked up by name.
func peak(threads: Int) -> Rate {
  typealias SGEMM =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32, Float,
      UnsafeMutablePointer<Float>, Int32
    ) -> Void
  guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "cblas_sgemm") else { fatalError("no cblas_sgemm in this process") }
  let sgemm = unsafeBitCast(symbol, to: SGEMM.self)
  let size = 2048
  let (rowMajor, plain) = (Int32(101), Int32(111))
  nonisolated(unsafe) let buffers = (0..<threads).map { _ in
    UnsafeMutablePointer<Float>.allocate(capacity: 3 * size * size)
  }
  for buffer in buffers { for i in 0..<3 * size * size { buffer[i] = Float(i % 31) * 0.01 } }
  defer { for buffer in buffers { buffer.deallocate() } }
  let n = Int32(size)
  return rate(2 * Double(threads) * Double(size * size * size)) {
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let a = buffers[thread]
      sgemm(rowMajor, plain, plain, n, n, n, 1, a, n, a + size * size, n, 0, a + 2 * size * size, n)
    }
  }
}

func report(_ product: String, _ shape: Shape, _ rate: Rate) {
  print("\(product)\t\(shape.batch)\t\(shape.features)\t\(shape.classes)\t\(rate.gigaflops)\t\(rate.processors)")
  Timing.flush()
}

func measure(_ shape: Shape) {
  let (b, d, c) = (shape.batch, shape.features, shape.classes)
  let x = random(b, d)
  let w = random(c, d)
  var z = Matrix<Float>(rows: b, columns: c)
  let products = 2 * Double(b) * Double(d) * Double(c)
  report("forward", shape, rate(products) { Products.timesTransposed(x.view, w.view, into: &z) })

  var gradient = [Float](repeating: 0, count: c * d)
  let backProjection = rate(products) { Products.transposedTimes(z.view, x.view, into: &gradient) }
  report("back-projection", shape, backProjection)

  var workspace = Gram.Workspace<Float>()
  var cotangentGram = Matrix<Float>(rows: b, columns: b)
  var featureGram = Matrix<Float>(rows: b, columns: b)
  var rowGram = Matrix<Float>(rows: b, columns: b)
  let square = Double(b) * Double(b)
  let gram = rate(square * Double(c + d)) {
    Gram.lower(z.view, into: &cotangentGram, using: &workspace)
    Gram.lower(x.view, into: &featureGram, using: &workspace)
    Gram.multiply(cotangentGram, featureGram, into: &rowGram)
  }
  report("row Gram", shape, gram)

  var cholesky = Cholesky<Float>()
  let ones = [Float](repeating: 1, count: b)
  // Features have variance 1/12: a diagonal far above what the off-diagonal elements add up to.
  let shift = Float(b * d)
  let factorization = rate(square * Double(b) / 3) {
    let failure = cholesky.refactor(order: b) { Gram.whiten(featureGram, by: ones, shift: shift, into: &$0) }
    precondition(failure == nil, "not positive definite")
  }
  report("Cholesky", shape, factorization)
}

guard CommandLine.arguments.count == 2, let threads = Int(CommandLine.arguments[1]) else {
  fatalError("usage: ProductRates THREADS")
}
Partition.threads = threads
print(BLAS.description)
report("peak", Shape(batch: 2048, features: 2048, classes: 2048), peak(threads: threads))
for shape in [
  Shape(batch: 128, features: 512, classes: 1000), Shape(batch: 128, features: 2048, classes: 196),
  Shape(batch: 64, features: 384, classes: 150), Shape(batch: 256, features: 768, classes: 50000),
  Shape(batch: 4096, features: 512, classes: 10),
] {
  measure(shape)
}
