import FastGaussNewton
import Foundation

/// Features as `ToyData` has them, and K numbers to predict that depend on them, in every format.
struct ToyMeasurements {
  var features: Matrix<Float>
  var values: Matrix<Float>

  init(rows: Int = 90, features width: Int = 4, targets: Int = 1, seed: UInt64 = 3) {
    let features = ToyData(rows: rows, features: width).features
    self.features = features
    var generator = SeededGenerator(seed: seed)
    let weights = (0..<targets * width).map { _ in generator.normal() }
    var elements: [Float] = []
    for i in 0..<rows {
      for k in 0..<targets {
        let mean = (0..<width).reduce(0.0) { $0 + weights[k * width + $1] * Double(features[i, $1]) }
        // Odd multiples of 1/16 are written exactly, and none is whole.
        elements.append(Float((2 * ((mean + 0.3 * generator.normal()) * 40 + 800).rounded() + 1) / 16))
      }
    }
    values = Matrix(rows: rows, columns: targets, elements: elements)
  }

  var names: [String] { values.columns == 1 ? ["y"] : (0..<values.columns).map { "y\($0)" } }

  var data: Dataset<Float> { get throws { try Dataset(features: features, values: values, targetNames: names) } }

  func npy(features x: String, labels y: String) throws {
    try NPY.write(features, to: x)
    if values.columns == 1 { try NPY.write(values.elements, to: y) } else { try NPY.write(values, to: y) }
  }

  func npz(_ path: String) throws -> String {
    try NPZ.write(to: path) { archive throws(FileError) in
      try archive.add(features, named: "X")
      try archive.add(values, named: "y")
    }
    return path
  }

  /// Targets come first.
  var csv: String {
    let head = names + (0..<features.columns).map { "f\($0)" }
    let lines = (0..<features.rows).map { i in (values.row(i) + features.row(i)).map { "\($0)" } }
    return ([head] + lines).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  var libsvm: String {
    (0..<features.rows).map { i in
      let fields = features.row(i).enumerated().map { "\($0.offset + 1):\($0.element)" }
      return (["\(values[i, 0])"] + fields).joined(separator: " ") + "\n"
    }.joined()
  }
}
