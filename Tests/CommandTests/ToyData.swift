import FastGaussNewton
import Foundation

/// Noisy classes around random centres, in every format. Values are multiples of 1/8, and some are zero.
struct ToyData {
  var features: Matrix<Float>
  var labels: [Int]

  init(rows: Int = 90, features width: Int = 4, classes: Int = 3, spread: Double = 1, seed: UInt64 = 11) {
    var generator = SeededGenerator(seed: seed)
    let centers = (0..<classes * width).map { _ in spread * generator.normal() }
    labels = (0..<rows).map { $0 % classes }
    var elements: [Float] = []
    for label in labels {
      for j in 0..<width {
        elements.append(Float(((centers[label * width + j] + generator.normal()) * 8).rounded() / 8))
      }
    }
    features = Matrix(rows: rows, columns: width, elements: elements)
  }

  var data: Dataset<Float> {
    get throws {
      try Dataset(
        features: features, labels: labels.map { Int32($0) },
        classNames: (0...labels.max()!).map(String.init))
    }
  }

  func rows(_ range: Range<Int>) -> ToyData {
    var part = self
    part.features = Matrix(
      rows: range.count, columns: features.columns, elements: range.flatMap { Array(features.row($0)) })
    part.labels = Array(labels[range])
    return part
  }

  func npz(_ path: String) throws -> String {
    try NPZ.write(to: path) { archive throws(FileError) in
      try archive.add(features, named: "X")
      try archive.add(labels, named: "y")
    }
    return path
  }

  func npy(features x: String, labels y: String) throws {
    try NPY.write(features, to: x)
    try NPY.write(labels, to: y)
  }

  /// `label` is the position of the label column, named "Letter" among f0, f1, ...
  func csv(label: Int = 0, names: [String]? = nil, lineEnd: String = "\n", header: Bool = true) -> String {
    func line(_ fields: [String], _ own: String) -> String {
      (fields.prefix(label) + [own] + fields.dropFirst(label)).joined(separator: ",")
    }
    let head = header ? [line((0..<features.columns).map { "f\($0)" }, "Letter")] : []
    let lines = labels.indices.map { i in
      line(features.row(i).map { "\($0)" }, names?[labels[i]] ?? "\(labels[i])")
    }
    return (head + lines).map { $0 + lineEnd }.joined()
  }

  /// LIBSVM text without the zeros.
  func libsvm(firstIndex: Int) -> String {
    labels.indices.map { i in
      let fields = features.row(i).enumerated().filter { $0.element != 0 }.map {
        "\($0.offset + firstIndex):\($0.element)"
      }
      return (["\(labels[i])"] + fields).joined(separator: " ") + "\n"
    }.joined()
  }
}

/// A model on toy data, trained by the library.
struct ToyModel {
  let directory = TemporaryDirectory()
  let data: ToyData
  let path: String
  let dataPath: String

  init(_ data: ToyData = ToyData(), names: [String]? = nil, standardize: Bool = false) throws {
    self.data = data
    path = directory.file("toy.safetensors")
    dataPath = try data.npz(directory.file("toy.npz"))
    var training = try data.data
    let standardization = try standardize ? Standardization(fitting: training.features) : nil
    if let standardization { try training.standardize(standardization) }
    let head = LinearHead<Float>(features: training.featureCount, classes: training.classCount)
    var optimizer = GaussNewtonOptimizer(Objective(head))
    var silent = SilentObserver()
    let result = try Trainer(options: Trainer.Options(epochs: 2, batchSize: 30)).run(
      &optimizer, on: training, observer: &silent)
    var file = ModelFile(model: head, parameters: result.parameters, classNames: names ?? training.classNames)
    file.standardization = standardization
    try file.write(to: path)
  }
}
