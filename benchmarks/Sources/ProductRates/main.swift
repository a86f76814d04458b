import Contestants
import FastGaussNewton

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
  report("forward", shape, Rate.measure(products) { Products.timesTransposed(x.view, w.view, into: &z) })

  var gradient = [Float](repeating: 0, count: c * d)
  let backProjection = Rate.measure(products) { Products.transposedTimes(z.view, x.view, into: &gradient) }
  report("back-projection", shape, backProjection)

  var workspace = Gram.Workspace<Float>()
  var cotangentGram = Matrix<Float>(rows: b, columns: b)
  var featureGram = Matrix<Float>(rows: b, columns: b)
  var rowGram = Matrix<Float>(rows: b, columns: b)
  let square = Double(b) * Double(b)
  let gram = Rate.measure(square * Double(c + d)) {
    Gram.lower(z.view, into: &cotangentGram, using: &workspace)
    Gram.lower(x.view, into: &featureGram, using: &workspace)
    Gram.multiply(cotangentGram, featureGram, into: &rowGram)
  }
  report("row Gram", shape, gram)

  var cholesky = Cholesky<Float>()
  let ones = [Float](repeating: 1, count: b)
  // Features have variance 1/12: a diagonal far above what the off-diagonal elements add up to.
  let shift = Float(b * d)
  let factorization = Rate.measure(square * Double(b) / 3) {
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
report("peak", Shape(batch: 2048, features: 2048, classes: 2048), Rate.peak(threads: threads))
for shape in [
  Shape(batch: 128, features: 512, classes: 1000), Shape(batch: 128, features: 2048, classes: 196),
  Shape(batch: 64, features: 384, classes: 150), Shape(batch: 256, features: 768, classes: 50000),
  Shape(batch: 4096, features: 512, classes: 10),
] {
  measure(shape)
}
