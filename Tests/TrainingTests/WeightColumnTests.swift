import FastGaussNewton
import TestSupport
import Testing

/// Weights of examples as a column of a table.
@Suite struct WeightColumnTests {
  let directory = TemporaryDirectory()

  private func files(_ text: String, _ name: String = "t.csv") throws -> DataFiles {
    var files = DataFiles(.file(try directory.write(text, name)))
    files.weightColumn = .name("w")
    return files
  }

  @Test func isNoFeature() throws {
    let loaded: DataFiles.Loaded<Double> = try files("a,w,label,b\n1,2,x,3\n4,0.5,y,6\n").load()
    #expect(loaded.data.features.dense.elements == [1, 3, 4, 6] && loaded.data.weights == [2, 0.5])
    #expect(loaded.table?.columns.map(\.role) == [.feature, .weight, .label, .feature])
    let numbered: DataFiles.Loaded<Float> = try {
      var files = try files("1,2,x\n4,0.5,y\n")
      files.weightColumn = .index(1)
      return files
    }().load()
    #expect(numbered.data.features.dense.elements == [1, 4] && numbered.data.weights == [2, 0.5])
    var regression = try files("a,w,y\n1,2,0.5\n4,1,1.5\n")
    regression.targetKind = .measurements
    let numbers: DataFiles.Loaded<Double> = try regression.load()
    #expect(numbers.data.weights == [2, 1] && numbers.data.values?.elements == [0.5, 1.5])
  }

  @Test func wrongWeightsAreRefusedWithTheirPlace() throws {
    for (text, got) in [
      ("-1", "\"-1\""), ("nan", "\"nan\""), ("", "an empty field"), ("x", "\"x\""), ("inf", "\"inf\""),
    ] {
      let files = try files("a,w,label\n1,2,x\n2,\(text),y\n")
      expectFailure(FileError.self, "t.csv: line 3, column \"w\": expected a weight of at least 0, got \(got)") {
        try files.load(as: Double.self)
      }
    }
    let zeros = try files("a,w,label\n1,0,x\n2,0,y\n")
    expectFailure(DataError.self, "t.csv", "only zeros") { try zeros.load(as: Double.self) }
    let tiny = try files("a,w,label\n1,1,x\n2,1e-320,y\n")
    expectFailure(DataError.self, "t.csv", "row 1") { try tiny.load(as: Double.self) }
    let none = try files("a,label\n1,x\n2,y\n")
    expectFailure(FileError.self, "expected one column named \"w\", got none") {
      try none.load(as: Double.self)
    }
  }

  @Test func aModelKnowsItsColumn() throws {
    let training = try files("a,w,label\n1,2,x\n4,0.5,y\n")
    let loaded: DataFiles.Loaded<Double> = try training.load()
    var later = DataFiles(.file(try directory.write("label,note,w,a\nx,7,3,5\nz,8,10,5\ny,9,1,6\n", "later.csv")))
    (later.table, later.followsModel, later.featureCount) = (loaded.table, true, 1)
    var notes: [String] = []
    let data: Dataset<Double> = try later.load(classNames: ["x", "y"]) { notes.append($0) }
    #expect(data.features.dense.elements == [5, 6] && data.weights == [3, 1] && data.unknownWeight == 10)
    #expect(notes.contains { $0.contains("column \"w\" weighs the examples, as in training") })
    let rows: DataFiles.Rows<Double> = try later.loadRows(width: 1)
    #expect(rows.features.dense.elements == [5, 5, 6] && !rows.remarks.contains { $0.contains("\"w\"") })
    later.location = .file(try directory.write("label,a\nx,5\ny,6\n", "without.csv"))
    let plain: Dataset<Double> = try later.load(classNames: ["x", "y"]) { notes.append($0) }
    #expect(plain.weights == nil && notes.last!.contains("no column \"w\" of weights"))
  }

  /// A column of whole numbers is rows that are there so often, in evaluation too.
  @Test func wholeWeightsAreRepeatedRows() throws {
    let rows = [("1,0.5", "x", 2), ("-1,0.25", "y", 1), ("0.5,-1", "x", 3), ("2,2", "z", 2)]
    let weighted = "a,b,label,w\n" + rows.map { "\($0.0),\($0.1),\($0.2)\n" }.joined()
    let repeated = "a,b,label\n" + rows.flatMap { row in (0..<row.2).map { _ in "\(row.0),\(row.1)\n" } }.joined()
    let head = LinearHead<Double>(features: 2, classes: 2)
    let parameters = Parameters(layout: head.layout, values: [0.3, -0.2, 0.1, 0.4, 0.05, -0.05])
    let model = ModelFile(model: head, parameters: parameters, classNames: ["x", "y"])
    let one: Dataset<Double> = try files(weighted).load(classNames: ["x", "y"])
    var plain = try files(repeated)
    plain.weightColumn = nil
    let many: Dataset<Double> = try plain.load(classNames: ["x", "y"])
    let (a, b) = (try model.evaluate(one), try model.evaluate(many))
    #expect((a.loss - b.loss).magnitude < 1e-14 && (a.accuracy! - b.accuracy!).magnitude < 1e-14)
  }
}
