import LinearAlgebra
import TensorFiles
import Testing

/// Which column of a table plays which part, with and without a model that knows its columns.
@Suite struct TableTests {
  let directory = TemporaryDirectory()

  private func read(
    _ text: String, _ change: (inout DelimitedText.Options) -> Void = { _ in }
  ) throws -> DelimitedText.Table<Double> {
    var options = DelimitedText.Options()
    change(&options)
    return try DelimitedText.read(directory.write(text, "data.csv"), options: options)
  }

  private func refusal(_ text: String, _ change: (inout DelimitedText.Options) -> Void = { _ in }) throws -> FileError {
    do {
      _ = try read(text, change)
    } catch let error as FileError {
      return error
    }
    throw CancellationError()
  }

  /// Header or none, by what the first two lines are.
  @Test(arguments: [
    ("x,z,label\n1,2,a\n3,4,b\n", true), ("1,2,a\n3,4,b\n", false), ("5,6,red\n,4,blue\n", false),
    ("2019,2020,kind\n1,2,a\n", false), ("2019,2020,label\n1,2,a\n", true), ("a,7,kind\n1,2,u\n", true),
    (",0,1,y\n0,5,6,a\n1,7,8,b\n", true), ("\"x\",\"z\",\"k\"\n1,2,a\n3,4,b\n", true), ("1,NA,a\n2,3,b\n", false),
  ]) func headerOrNone(_ text: String, _ hasHeader: Bool) throws {
    let table = try read(text) { $0.missing = .fill }
    let rows = text.split(separator: "\n").count
    #expect(table.features.rows == (hasHeader ? rows - 1 : rows), "\(table.layout)")
    #expect(table.layout.description.isNamed == hasHeader)
    #expect(table.layout.remarks.contains { $0.contains(hasHeader ? "names the columns" : "no header") })
  }

  /// Columns that are only numbered have a header too, where enough examples show that it is none.
  @Test func numberedColumns() throws {
    let rows = (0..<30).map { "\("abc".map(String.init)[$0 % 3]),\($0 % 7),\($0 % 5),\($0 % 4)\n" }.joined()
    #expect(try read("kind,0,1,2\n" + rows).features.rows == 30)
    #expect(try read("kind,1,2,3\n" + rows).features.rows == 30)
    #expect(try read("a,1,2,3\n" + rows).features.rows == 31, "an example like others")
    #expect(try read("kind,1,2,4\n" + rows).features.rows == 31, "--header is for that")
    #expect(try read("kind,1,2,3\n" + rows.prefix(40)).features.rows == 6, "too few to tell")
  }

  @Test func rowNumbersAreNoFeature() throws {
    for text in [
      ",x,y\n0,5,a\n1,6,b\n", "Unnamed: 0,x,y\n1,5,a\n2,6,b\n", "\"\",x,y\n\"one\",5,a\n\"two\",6,b\n",
      "x y\n1 5 a\n2 6 b\n",
    ] {
      let table = try read(text)
      #expect(table.features.elements == [5, 6] && table.labels == ["a", "b"], "\(text)")
      #expect(table.layout.remarks.contains { $0.contains("counts or names the rows") }, "\(table.layout.remarks)")
    }
    // Numbers that do not count are a feature.
    #expect(try read(",x,y\n3,5,a\n1,6,b\n").features.elements == [3, 5, 1, 6])
    #expect(try read("x,y,\n5,a,\n6,b,\n").features.elements == [5, 6])
  }

  @Test func columnsAreChosen() throws {
    let text = "key,x,color,z,label\nk1,1,red,2,a\nk2,3,blue,4,b\n"
    let error = try refusal(text)
    #expect(error.description.contains("columns \"key\", \"color\" hold text, such as \"k1\""), "\(error)")
    let table = try read(text) {
      $0.request.id = .name("key")
      $0.request.dropped = ["color"]
    }
    #expect(table.features.elements == [1, 2, 3, 4] && table.ids == ["k1", "k2"])
    #expect(table.layout.description.columns.map(\.role) == [.id, .feature, .ignored, .feature, .label])
    let chosen = try read(text) { $0.request.columns = ["z"] }
    #expect(chosen.features.elements == [2, 4] && chosen.featureNames == ["z"])
    #expect(chosen.layout.remarks.contains("left out: \"key\", \"x\", \"color\""))
    let missing = try refusal(text) { $0.request.columns = ["w"] }
    #expect(missing.description.contains("expected one column named \"w\", got none"))
    let both = try refusal(text) { $0.request.columns = ["label"] }
    #expect(both.description.contains("cannot be a feature and a label"))
  }

  /// A line that begins with # is a comment, unless it has the fields of an example.
  @Test func rowsThatBeginWithAHash() throws {
    let table = try read("# of a machine\nkey,x,label\nk,1,a\n# half\n#2,3,b\n") { $0.request.id = .name("key") }
    #expect(table.ids == ["k", "#2"] && table.labels == ["a", "b"])
    #expect(table.layout.remarks.last == "2 lines beginning with # passed over")
  }

  @Test func aNameBeatsANumber() throws {
    let table = try read(",0,1,2\n0,5,6,7\n1,8,9,7\n") { $0.request.label = .name("2") }
    #expect(table.labels == ["7", "7"] && table.features.elements == [5, 6, 8, 9])
    #expect(table.layout.remarks.contains { $0.contains("\"2\" is the column of that name") })
    #expect(try read("a,b,c\n1,2,3\n4,5,6\n") { $0.request.label = .name("-1") }.labels == ["3", "6"])
  }

  /// What a model knows of its columns.
  private func model(_ text: String) throws -> TableDescription { try read(text).layout.description }

  @Test func columnsAreMatchedByName() throws {
    let known = try model("x,z,label\n1,2,a\n3,4,b\n")
    func use(_ text: String, labels: Bool = true) throws -> DelimitedText.Table<Double> {
      try read(text) { ($0.request.description, $0.request.width, $0.request.needsLabels) = (known, 2, labels) }
    }
    let swapped = try use("label,z,x\nb,20,10\n")
    #expect(swapped.features.elements == [10, 20] && swapped.labels == ["b"])
    let more = try use("z,w,x,label\n20,text,10,b\n")
    #expect(more.features.elements == [10, 20])
    #expect(more.layout.remarks.contains("ignored, as the model does not know them: \"w\""))
    #expect(try use("z,x\n20,10\n", labels: false).features.elements == [10, 20])
    #expect(try use("z,label,x\n20,,10\n", labels: false).features.elements == [10, 20])
    // Without names by position, with the label where it was.
    #expect(try use("10,20,a\n11,21,b\n").labels == ["a", "b"])
    #expect(try use("10,20\n11,21\n", labels: false).features.elements == [10, 20, 11, 21])
    for (text, message) in [
      ("z,label\n20,b\n", "\"x\" is not among \"z\", \"label\""),
      ("z,x\n20,10\n", "expected \"label\" with the labels, as the model was trained with"),
      ("1,2,3,4\n5,6,7,8\n", "expected 2 features, as the model has"),
    ] {
      let error = try refusal(text) { ($0.request.description, $0.request.width) = (known, 2) }
      #expect(error.description.contains(message), "\(error)")
    }
  }

  @Test func targetsAreMatchedByName() throws {
    let text = "a,b,c,d\n1,2,3,4\n5,6,7,8\n"
    let table = try read(text) { $0.request.targets = [.name("c"), .name("a")] }
    #expect(table.features.elements == [2, 4, 6, 8] && table.targets.elements == [3, 1, 7, 5])
    #expect(table.layout.targetNames == ["c", "a"])
    let known = table.layout.description
    let again = try read("d,c,b,a\n4,3,2,1\n") {
      ($0.request.description, $0.request.width, $0.request.targets) = (known, 2, [])
      $0.request.targetNames = ["c", "a"]
    }
    #expect(again.features.elements == [2, 4])
    #expect(again.layout.targetNames == ["c", "a"] && again.targets.elements == [3, 1], "in the order of the outputs")
    let unnamed = try read("1,2,3,4\n5,6,7,8\n") {
      ($0.request.description, $0.request.width, $0.request.targets) = (known, 2, [])
      $0.request.targetNames = ["c", "a"]
    }
    #expect(unnamed.targets.elements == [3, 1, 7, 5] && unnamed.features.elements == [2, 4, 6, 8])
  }

  @Test func missingValues() throws {
    let text = "x,z,label\n1,2,a\n?,3,b\n4,,c\n5,6,b\n7,8,\n"
    for field in ["", "NA", "n/a", "NaN", "null", "None", "?"] {
      let error = try refusal("x,z,label\n1,2,a\n1,\(field),b\n")
      #expect(error.description.contains("line 3, column \"z\": expected a number"), "\(error)")
      #expect(error.remedy == .missingValues)
    }
    let dropped = try read(text) { $0.missing = .drop }
    #expect(dropped.features.elements == [1, 2, 5, 6] && dropped.labels == ["a", "b"] && dropped.dropped == 3)
    #expect(dropped.labelNames == ["a", "b"] && (0..<dropped.lines.count).map { dropped.lines[$0] } == [2, 5])
    #expect(dropped.layout.remarks.last == "3 examples left out, as a value is missing")
    let filled = try read("x,z,label\n1,2,a\n?,3,b\n4,,c\n") { $0.missing = .fill }
    #expect(filled.features.elements == [1, 2, 0, 3, 4, 0] && filled.missing == [2, 5])
    let kept = try read("x,z\n1,2\n?,3\n4,\n") {
      $0.missing = .keep
      $0.request.label = .absent
    }
    #expect(kept.features.rows == 3 && kept.incomplete == [1, 2])
    #expect(
      try refusal("x,label\nNA,a\n?,b\n") { $0.missing = .drop }.description.contains("each of the 2 lacks a value"))
  }
}
