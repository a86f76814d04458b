import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Flops a second.
package struct Rate: Sendable {
  package var gigaflops: Double
  /// In use on average: fewer than the threads when the machine is shared.
  package var processors: Double
  /// Of one run.
  package var seconds: Double

  /// The best of nine series of about `duration` seconds each; `body` is `flops` of work.
  package static func measure(_ flops: Double, duration: Double = 0.03, _ body: () -> Void) -> Rate {
    body()
    let once = Timing.measure(body).wall
    let repeats = max(1, Int(duration / once))
    let runs = (0..<9).map { _ in Timing.measure { for _ in 0..<repeats { body() } } }
    let best = runs.min { $0.wall < $1.wall }!
    return Rate(
      gigaflops: flops * Double(repeats) / best.wall * 1e-9, processors: best.cpu / best.wall,
      seconds: best.wall / Double(repeats))
  }

  /// A 2048^3 sgemm on each thread: the BLAS without anything of ours around it. The package does not export it, so it
  /// is looked up by name.
  package static func peak(threads: Int) -> Rate {
    typealias SGEMM =
      @convention(c) (
        Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32,
        Float,
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
    return measure(2 * Double(threads) * Double(size * size * size)) {
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        let a = buffers[thread]
        sgemm(rowMajor, plain, plain, n, n, n, 1, a, n, a + size * size, n, 0, a + 2 * size * size, n)
      }
    }
  }
}
