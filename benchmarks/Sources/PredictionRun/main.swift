import Contestants
import FastGaussNewton

// Rows per second of prediction, features in memory, class numbers out:
//
//   prediction-run --classes C --rows N --features D --threads T [--repeats R]
//
// Prints one line of JSON: rows per second, seconds and processor seconds of the median repeat.

var options = ["--repeats": 5]
var arguments = Array(CommandLine.arguments.dropFirst())
while arguments.count >= 2, let value = Int(arguments[1]), value > 0 {
  options[arguments[0]] = value
  arguments.removeFirst(2)
}
guard arguments.isEmpty, let classes = options["--classes"], let rows = options["--rows"],
  let width = options["--features"], let threads = options["--threads"], let repeats = options["--repeats"]
else {
  fatalError("usage: prediction-run --classes C --rows N --features D --threads T [--repeats R]")
}

Partition.threads = threads
func random(_ count: Int, _ scale: Double, stream: UInt64) -> [Float] {
  var generator = SeededGenerator(seed: 1, stream: stream)
  return (0..<count).map { _ in Float(scale * (generator.uniform() - 0.5)) }
}

let head = LinearHead<Float>(features: width, classes: classes)
let parameters = Parameters(layout: head.layout, values: random(classes * (width + 1), 0.2, stream: 0))
let file = ModelFile(model: head, parameters: parameters, classNames: (0..<classes).map(String.init))
let features = Matrix<Float>(rows: rows, columns: width, elements: random(rows * width, 4, stream: 1))

let predictor = Predictor(file)
_ = try predictor.classes(of: features)
let seconds = try (0..<repeats).map { _ in
  try Timing.measure { _ = try predictor.classes(of: features) }
}
let median = seconds.sorted { $0.wall < $1.wall }[repeats / 2]
print(
  "{\"rowsPerSecond\": \(Double(rows) / median.wall), \"seconds\": \(median.wall), \"cpuSeconds\": \(median.cpu)}")
