import FastGaussNewton
import Testing

@testable import Training

@Suite struct DataFilesTests {
  let directory = TemporaryDirectory()

  func csv(_ text: String, label: DelimitedText.LabelColumn? = nil) throws -> DataFiles {
    DataFiles(.file(try directory.write(text, "data.csv")), labelColumn: label)
  }

  func libsvm(_ text: String, features: Int? = nil) throws -> DataFiles {
    DataFiles(.file(try directory.write(text, "data.svm")), featureCount: features)
  }

  func pair(_ features: Matrix<Double>, _ labels: [Int]?) throws -> DataFiles {
    let (x, y) = (directory.file("X.npy"), directory.file("y.npy"))
    try NPY.write(features, to: x)
    if let labels { try NPY.write(labels, to: y) }
    return DataFiles(.pair(features: x, labels: labels == nil ? nil : y))
  }

  func expectBad(_ files: DataFiles, _ part: String, sourceLocation: SourceLocation = #_sourceLocation) {
    expectFailure(DataError.self, part, sourceLocation: sourceLocation) { try files.load(as: Float.self) }
  }

  static let features = Matrix<Double>(rows: 3, columns: 2, elements: [1, 2, 3, 4, 5, 6])

  @Test func namesAreSortedByValueOrAsText() throws {
    let numbers = try csv("label,a\n10,1\n9,2\n-1,3\n10,4\n").load(as: Double.self)
    #expect(numbers.data.classNames == ["-1", "9", "10"] && numbers.data.labels == [2, 1, 0, 2])
    #expect(numbers.remarks == ["labels are in column \"label\"", "the first line names the columns"])
    let texts = try csv("a,Letter\n1,T\n2,10\n3,A\n").load(as: Double.self).data
    #expect(texts.classNames == ["10", "A", "T"] && texts.labels == [2, 0, 1])
    let named = try csv("a,b,c\n1,7,0\n2,5,0\n", label: .name("b")).load(
      as: Double.self, classNames: ["5", "6", "7"])
    #expect(named.labels == [2, 0])
  }

  @Test func classesOfLIBSVMAreWhatItUses() throws {
    let loaded = try libsvm("+1 1:0.5\n-1 2:1\n3 1:2 2:-1\n").load(as: Double.self)
    let data = loaded.data
    #expect(data.classNames == ["-1", "1", "3"] && data.labels == [1, 0, 2])
    #expect(data.features.dense.elements == [0.5, 0, 0, 1, 2, -1])
    #expect(loaded.remarks == ["feature indices start at 1"] && loaded.indexBase == .one)
    #expect(try libsvm("1 0:1\n0 1:1\n").load(as: Double.self).remarks == ["feature indices start at 0"])
  }

  @Test func classesOfArraysCountFromZero() throws {
    let data = try pair(Self.features, [0, 3, 0]).load(as: Double.self).data
    #expect(data.classNames == ["0", "3"] && data.classCounts == [2, 1])
    #expect(data.features.dense == Self.features && data.source.hasSuffix("X.npy"))
  }

  @Test func labelsThatAreNone() throws {
    expectBad(try pair(Self.features, [0, 1]), "y.npy: expected one label for each of the 3 feature rows, got 2")
    expectBad(try pair(Self.features, nil), "X.npy: expected labels for these features, got none")
    expectBad(try pair(Self.features, [2, 2, 2]), "at least two classes, got one class only (2)")
    expectBad(try csv("label,a\nx,1\nx,2\n"), "got one class only (x)")
    expectFailure(FileError.self, "data.txt: cannot open for reading") {
      try DataFiles(.file("data.txt")).load(as: Float.self)
    }
    let bytes = try directory.write([0, 1, 2, 3], "data.bin")
    expectBad(DataFiles(.file(bytes)), "data.bin: expected a .npz file, a table (.csv) or LIBSVM text (.svm)")
  }

  @Test func columnsAreNamed() throws {
    expectFailure(FileError.self, "line 3, column \"height\": expected a finite number, got \"inf\"") {
      try csv("label,width,height\n0,1,2\n1,3,inf\n").load(as: Float.self)
    }
    expectBad(try libsvm("0 1:1\n1 2:nan\n"), "row 1, column 1: expected a finite number, got nan")
  }

  @Test func labelsUnknownToTheModel() throws {
    let files = try csv("label,a\nA,1\nB,2\nC,3\n")
    expectFailure(DataError.self, "line 4: expected a label among the 2 classes (A, B), got \"C\"") {
      try files.load(as: Float.self, classNames: ["A", "B"])
    }
    let many = (0..<9).map { "class \($0)" }
    expectFailure(DataError.self, "(class 0, class 1, class 2, class 3, class 4, ...), got \"A\"") {
      try files.load(as: Float.self, classNames: many)
    }
    let known = try files.load(as: Float.self, classNames: ["C", "B", "A", "unused"])
    #expect(known.labels == [2, 1, 0] && known.classCount == 4)
    // One class is enough to evaluate on.
    #expect(try csv("label,a\nA,1\n").load(as: Float.self, classNames: ["A", "B"]).count == 1)
  }

  @Test func libsvmIsAsWideAsTheModel() throws {
    let data = try libsvm("0 1:1\n1 2:1\n", features: 4).load(as: Float.self).data
    #expect(data.featureCount == 4 && data.features.dense.row(1).elementsEqual([0, 1, 0, 0]))
  }

  @Test func headerlessTables() throws {
    var files = try csv("1,2,A\n3,4,B\n")
    files.hasHeader = false
    let data = try files.load(as: Float.self).data
    #expect(data.features.dense.elements == [1, 2, 3, 4] && data.classNames == ["A", "B"])
  }
}

/// Features for prediction, from files with and without labels.
@Suite struct FeatureFilesTests {
  let directory = TemporaryDirectory()

  func csv(_ text: String, label: DelimitedText.LabelColumn? = nil, width: Int = 2) throws -> [Double] {
    let files = DataFiles(.file(try directory.write(text, "data.csv")), labelColumn: label)
    return try files.loadFeatures(as: Double.self, width: width).dense.elements
  }

  @Test func labelsArePassedOver() throws {
    #expect(try csv("label,a,b\nx,1,2\ny,3,4\n") == [1, 2, 3, 4])
    #expect(try csv("label,a,b\n0,1,2\n1,3,4\n") == [1, 2, 3, 4])
    #expect(try csv("a,b\n1,2\n3,4\n") == [1, 2, 3, 4])
    #expect(try csv("x,y\n1,2\n3,4\n") == [1, 2, 3, 4], "a feature may be called y")
    #expect(try csv("a,b,c\n1,2,9\n3,4,9\n", label: .name("c")) == [1, 2, 3, 4])
    let x = directory.file("X.npy")
    try NPY.write(Matrix<Double>(rows: 1, columns: 2, elements: [5, 6]), to: x)
    #expect(
      try DataFiles(.pair(features: x, labels: nil)).loadFeatures(as: Float.self, width: 2).dense.elements == [5, 6])
  }

  @Test func widthsThatDoNotMatch() throws {
    for text in ["a,b,c\n1,2,3\n", "label,a,b,c\nx,1,2,3\ny,1,2,3\n"] {
      expectFailure(FileError.self, "data.csv: expected 2 features, as the model has") { try csv(text) }
    }
  }

  @Test func theRealFaultIsNamed() throws {
    expectFailure(FileError.self, "line 3, column \"b\"", "expected a finite number, got \"wide\"") {
      try csv("label,a,b\nx,1,2\ny,3,wide\n")
    }
    expectFailure(FileError.self, "line 3", "expected 3 fields, got 2") { try csv("label,a,b\nx,1,2\ny,3\n") }
    expectFailure(FileError.self, "line 3, column \"b\"") { try csv("a,b\n1,2\n3,wide\n") }
    expectFailure(FileError.self, "line 3, column \"a\": expected a number, got \"nan\"") {
      try csv("a,b\n1,2\nnan,4\n")
    }
  }
}
