import FastGaussNewton
import Foundation
import Testing

@testable import Training

/// Real targets in data files, and regressions as model files.
@Suite struct RegressionFileTests {
  let directory = TemporaryDirectory()
  static let features = Matrix<Double>(rows: 3, columns: 2, elements: [1, 2, 3, 4, 5, 6])

  func load(
    _ location: DataFiles.Location, _ kind: DataFiles.TargetKind = .measurements,
    _ columns: [DelimitedText.LabelColumn] = [],
    names: [String] = []
  ) throws -> Dataset<Double> {
    var files = DataFiles(location)
    (files.targetKind, files.targetColumns, files.targetNames) = (kind, columns, names)
    return try files.load().data
  }

  @Test func arrays() throws {
    let (x, y) = (directory.file("X.npy"), directory.file("y.npy"))
    try NPY.write(Self.features, to: x)
    try NPY.write([0.5, 1, 2], to: y)
    let one = try load(.pair(features: x, labels: y))
    #expect(one.values?.elements == [0.5, 1, 2] && one.targetNames == ["y"] && one.features.dense == Self.features)
    try NPY.write(Matrix(rows: 3, columns: 2, elements: [0.5, 1, 2, 3, 4, 5]), to: y)
    let two = try load(.pair(features: x, labels: y))
    #expect(two.values?.row(1) == [2, 3] && two.targetNames == ["y0", "y1"])
    // Whole numbers are numbers where they are stored as such.
    try NPY.write([0.0, 1, 2], to: y)
    #expect(try load(.pair(features: x, labels: y)).values?.elements == [0, 1, 2])
    try NPY.write([0, 1, 2], to: y)
    expectFailure(DataError.self, "y.npy: expected real targets, got an array of int64", "allow integer targets") {
      try load(.pair(features: x, labels: y))
    }
    #expect(try load(.pair(features: x, labels: y), .numbers).values?.elements == [0, 1, 2])
    try NPY.write([1.0, 2], to: y)
    expectFailure(DataError.self, "y.npy: expected targets for each of the 3 feature rows, got 2 rows") {
      try load(.pair(features: x, labels: y))
    }
    try NPY.write([Double](repeating: 0, count: 6), shape: [3, 2, 1], to: y)
    expectFailure(FileError.self, "shape: expected targets [examples] or [examples, outputs], got shape (3, 2, 1)") {
      try load(.pair(features: x, labels: y))
    }
    try NPZ.write(to: directory.file("d.npz")) { archive throws(FileError) in
      try archive.add(Self.features, named: "X")
      try archive.add([0.5, 1, 2], named: "y")
    }
    let archive = try load(.file(directory.file("d.npz")))
    #expect(archive.values == one.values && archive.features.dense == Self.features)
    var positions = DataFiles(.pair(features: x, labels: y))
    (positions.targetKind, positions.labelsPerExample) = (.numbers, 2)
    expectFailure(DataError.self, "outputs for 2 positions of each example: classes only") {
      try positions.load(as: Double.self)
    }
  }

  @Test func tables() throws {
    let path = try directory.write("a,price,b,Y\n1,0.5,2,7\n3,1,4,8\n5,2,6,9\n", "t.csv")
    // By the name, in any case; by names or numbers that are given; by those of a model.
    let found = try load(.file(path), .numbers)
    #expect(found.targetNames == ["Y"] && found.values?.elements == [7, 8, 9] && found.featureCount == 3)
    let given = try load(.file(path), .measurements, [.name("Y"), .index(1)])
    #expect(given.targetNames == ["Y", "price"] && given.values?.elements == [7, 0.5, 8, 1, 9, 2])
    #expect(given.features.dense == Self.features)
    let known = try load(.file(path), .measurements, names: ["price"])
    #expect(known.targetNames == ["price"] && known.values?.elements == [0.5, 1, 2])
    func expectBad(
      _ columns: [DelimitedText.LabelColumn], _ part: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
      expectFailure(FileError.self, "t.csv: ", part, sourceLocation: sourceLocation) {
        try load(.file(path), .numbers, columns)
      }
    }
    expectBad([.name("rent")], "expected one column named \"rent\", got none; the columns are \"a\", \"price\"")
    expectBad([.index(4)], "expected a target column below 4, got 4")
    expectBad([.name("price"), .index(1)], "expected each target column once, got \"price\" twice")
    expectBad((0..<4).map { .index($0) }, "expected a column of features, got only targets")
    expectFailure(DataError.self, "expected real targets, got 3 different whole numbers (7, 8, 9)", "cross-entropy") {
      try load(.file(path))
    }
    let unnamed = try directory.write("a,b\n1,2\n", "u.csv")
    expectFailure(FileError.self, "cannot tell which column holds the targets", "as label columns") {
      try load(.file(unnamed))
    }
    let text = try directory.write("a,y\n1,low\n", "w.csv")
    expectFailure(FileError.self, "line 2, column \"y\": expected a finite number, got \"low\"") {
      try load(.file(text))
    }
  }

  @Test(arguments: [100, 101]) func wholeNumbersAreNumbersWhereThereAreMany(_ count: Int) throws {
    let rows = (0..<2 * count).map { "\($0 % 7),\($0 % count)\n" }.joined()
    let path = try directory.write("a,y\n" + rows, "t.csv")
    if count > 100 {
      #expect(try load(.file(path)).count == 2 * count)
    } else {
      expectFailure(DataError.self, "100 different whole numbers (0, 1, 2, 3, 4, ...)") { try load(.file(path)) }
    }
  }

  @Test func sparseText() throws {
    let path = try directory.write("0.5 1:1 2:2\n-1e1 2:4\n", "t.svm")
    let data = try load(.file(path))
    #expect(data.values?.elements == [0.5, -10] && data.features.dense.elements == [1, 2, 0, 4])
    let classes = try directory.write("1 1:1 2:2\n-1 2:4\n", "c.svm")
    expectFailure(DataError.self, "2 different whole numbers (-1, 1)") { try load(.file(classes)) }
    let word = try directory.write("high 1:1\n", "w.svm")
    expectFailure(FileError.self, "line 1, field 1: expected a number as the label, got \"high\"") {
      try load(.file(word))
    }
  }

  @Test func classesThatAreNumbers() throws {
    let remedy = "for numbers to predict choose a loss such as squared"
    let (x, y) = (directory.file("X.npy"), directory.file("y.npy"))
    try NPY.write(Self.features, to: x)
    try NPY.write([0.5, 1, 2], to: y)
    expectFailure(FileError.self, "y.npy", remedy) { try load(.pair(features: x, labels: y), .classes) }
    try NPY.write(Matrix(rows: 3, columns: 2, elements: [0.5, 1, 2, 3, 4, 5]), to: y)
    expectFailure(FileError.self, "y.npy", remedy) { try load(.pair(features: x, labels: y), .classes) }
    let table = try directory.write("a,y\n1,0.5\n2,1\n", "t.csv")
    expectFailure(DataError.self, "t.csv: expected classes, got numbers such as 0.5", remedy) {
      try load(.file(table), .classes)
    }
    let sparse = try directory.write("0.5 1:1\n", "t.svm")
    expectFailure(DataError.self, "t.svm", remedy) { try load(.file(sparse), .classes) }
  }

  static func model(_ loss: any Loss) throws -> ModelFile<Double> {
    var data = try measurements(Double.self, rows: 4, features: 2, targets: 2)
    if !(loss is PoissonLoss) { try data.standardizeTargets(Standardization(fitting: data.values!)) }
    let head = LinearHead<Double>(features: 2, classes: 2)
    return ModelFile(model: head, parameters: randomParameters(head), loss: loss, trainedOn: data)
  }

  @Test(arguments: RegressionTests.cases) func modelsAreWrittenAndRead(_ item: RegressionTests.Case) throws {
    let model = try Self.model(item.loss)
    try model.write(to: directory.file("m"))
    let read = try ModelFile<Double>(reading: directory.file("m"))
    #expect(read.parameters == model.parameters && read.loss.name == item.loss.name && read.classNames.isEmpty)
    #expect(read.targetNames == ["t0", "t1"] && read.targetStandardization == model.targetStandardization)
    #expect((read.loss as? HuberLoss)?.delta == (item.loss as? HuberLoss)?.delta)
    let metadata = try SafeTensors.read(directory.file("m")).metadata
    #expect(metadata["format"] == "fgn-linear-head" && metadata["class_names"] == nil)
    #expect(metadata["loss"] == item.loss.name)
  }

  @Test func modelsOfOneOutput() throws {
    let head = LinearHead<Float>(features: 2, classes: 1)
    let path = directory.file("m")
    try SafeTensors.write(
      [SafeTensors.Tensor<Float>(name: "weight", shape: [1, 2], values: [1, 2])], metadata: [:], to: path)
    expectFailure(FileError.self, "expected a weight [C, D] with two classes or more, got [1, 2]") {
      try ModelFile<Float>(reading: path)
    }
    let given = try ModelFile<Float>(reading: path, loss: SquaredLoss())
    #expect(given.targetNames == ["y"] && given.model.outputWidth == head.outputWidth)
    let network = try Network<Float>(.mlp([2, 3, 1], activation: Layers.Activation(.tanh)))
    var generator = SeededGenerator(seed: 1)
    let data = try measurements(Float.self, rows: 4, features: 2)
    try ModelFile(
      model: network, parameters: network.initialParameters(using: &generator), loss: SquaredLoss(), trainedOn: data
    ).write(to: path)
    #expect(try ModelFile<Float>(reading: path).loss is SquaredLoss)
    expectFailure(FileError.self, "expected 2 outputs or more for cross-entropy, got 1") {
      try ModelFile<Float>(reading: path, loss: CrossEntropy())
    }
  }

  @Test func metadataThatDoNotFit() throws {
    func expectBad(_ key: String, _ value: String, _ part: String, sourceLocation: SourceLocation = #_sourceLocation)
      throws
    {
      let metadata = ["loss": "huber", "huber_delta": "2", "target_names": "[\"a\"]"].merging([key: value]) { $1 }
      let weight = SafeTensors.Tensor<Float>(name: "weight", shape: [1, 2], values: [1, 2])
      try SafeTensors.write([weight], metadata: metadata, to: directory.file("m"))
      expectFailure(FileError.self, part, sourceLocation: sourceLocation) {
        try ModelFile<Float>(reading: directory.file("m"))
      }
    }
    try expectBad(
      "loss", "hinge", "metadata \"loss\": expected one of cross-entropy, squared, huber, poisson, got \"hinge\"")
    for delta in ["0", "-1", "nan", "inf", "much"] {
      try expectBad("huber_delta", delta, "metadata \"huber_delta\": expected a number above 0, got \"\(delta)\"")
    }
    try expectBad("target_names", "[]", "expected 1 target_names, got 0")
    try expectBad(
      "target_standardization", #"{"mean": [0], "scale": [0]}"#,
      "expected a target_standardization of 1 finite means and positive scales")
  }

  @Test func lossesWithoutAName() throws {
    struct Own: ElementwiseLoss {
      var name: String { "own" }
      func evaluate(output: Double, target: Double) -> (loss: Double, slope: Double, curvature: Double) {
        (loss: 0, slope: 0, curvature: 1)
      }
    }
    expectFailure(DataError.self, "cross-entropy, squared, huber, poisson; got own") {
      try Self.model(Own()).write(to: directory.file("m"))
    }
    #expect(directory.names.isEmpty)
  }
}
