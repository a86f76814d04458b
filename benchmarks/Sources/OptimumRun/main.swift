import Contestants
import FastGaussNewton

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// One fit of softmax regression to its optimum, timed from features in memory:
//
//   OptimumRun --data DIR [--precision float|double] [--l2 L] [--threads T] [--gap G] [--iterations K] [--weights OUT.npz]
//     [--method dual|quasi-newton] [--seed S]
//
// DIR holds X.npy, or X.npz of SciPy's sparse rows, and y.npy. Prints JSON lines: the load, each iteration, the outcome.

struct Load: Encodable { var loadSeconds: Double }

struct Iteration: Encodable {
  var iteration: Int
  var method: String
  var seconds: Double
  var cpuSeconds: Double
  var passes: Double
  var objective: Double?
}

struct Outcome: Encodable {
  var outcome: String
  var seconds: Double
  var cpuSeconds: Double
  var certifiedSeconds: Double
  var passes: Double
  var objective: Double
  var gapBound: Double?
  var gradientNorm: Double?
  var kernel: String
}

func option(_ name: String) -> String? {
  guard let at = CommandLine.arguments.firstIndex(of: "--" + name), at + 1 < CommandLine.arguments.count else {
    return nil
  }
  return CommandLine.arguments[at + 1]
}

func run<S: RealScalar>(_ type: S.Type) throws {
  guard let directory = option("data") else { fatalError("expected --data DIR") }
  var features = Features<S>.none
  var labels: [Int32] = []
  let load = try Timing.measure {
    labels = try NPY.integers(directory + "/y.npy").map { Int32($0) }
    features =
      access(directory + "/X.npy", R_OK) == 0
      ? .dense(try NPY.matrix(directory + "/X.npy")) : .sparse(try NPZ(directory + "/X.npz").sparseMatrix())
  }
  try Timing.printLine(Load(loadSeconds: load.wall))
  Partition.threads = option("threads").flatMap(Int.init) ?? 0
  let classes = Int(labels.max() ?? 0) + 1
  let l2 = option("l2").flatMap(Double.init) ?? 1e-4
  let budget = option("iterations").flatMap(Int.init)
  var options = SoftmaxRegression.Options(
    tolerance: option("gap").flatMap(Double.init) ?? (budget == nil ? 1e-6 : 1e-15), iterations: budget ?? 1000,
    seed: option("seed").flatMap(UInt64.init) ?? 0)
  options.method = option("method").flatMap(SoftmaxRegression.Method.init)
  let problem = try SoftmaxRegression.Problem(features: features, labels: labels, classes: classes, l2: l2)
  // Peers are warm too. The threads that a BLAS starts for itself spin for a while.
  var brief = options
  brief.iterations = 1
  _ = try SoftmaxRegression.Solver(problem, options: brief).fit()
  usleep(300_000)
  var lines: [Iteration] = []
  var fit: SoftmaxRegression.Result<S>?
  let (clock, cpu) = (ContinuousClock(), Timing.processSeconds)
  let start = clock.now
  func seconds() -> Double {
    let elapsed = (clock.now - start).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
  }
  var observer = RecordObserver<SoftmaxRegression.Progress> { progress in
    lines.append(
      Iteration(
        iteration: progress.iteration, method: progress.method.rawValue, seconds: seconds(),
        cpuSeconds: Timing.processSeconds - cpu, passes: progress.passes, objective: progress.objective))
  }
  fit = try SoftmaxRegression.Solver(problem, options: options).fit(observer: &observer)
  let certified = seconds()
  for line in lines { try Timing.printLine(line) }
  guard let fit, let last = lines.last else { return }
  // Of a given number of iterations the certificate at the end is no part: peers make none.
  try Timing.printLine(
    Outcome(
      outcome: fit.outcome.rawValue, seconds: budget == nil ? certified : last.seconds, cpuSeconds: last.cpuSeconds,
      certifiedSeconds: certified, passes: budget == nil ? fit.passes : last.passes,
      objective: fit.certificate.objective, gapBound: fit.certificate.gapBound,
      gradientNorm: fit.certificate.gradientNorm, kernel: BLAS.description))
  guard let path = option("weights") else { return }
  let count = classes * features.columns
  try NPZ.write(to: path) { file throws(FileError) in
    try file.add(
      Matrix(rows: classes, columns: features.columns, elements: Array(fit.values[..<count])), named: "weight")
    try file.add(Array(fit.values[count...]), named: "bias")
  }
}

if option("precision") == "double" { try run(Double.self) } else { try run(Float.self) }
