import LinearAlgebra
import TensorFiles
import Testing

@Suite struct DelimitedTextTests {
  let directory = TemporaryDirectory()

  private func read(
    _ text: String, _ options: DelimitedText.Options = .init()
  ) throws -> DelimitedText.Table<Double> {
    try DelimitedText.read(directory.write(text, "data.csv"), options: options)
  }

  private func expectRefused(
    _ text: String, _ part: String, options: DelimitedText.Options = .init(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let path = try directory.write(text, "bad.csv")
    expectFileError(.badData, "bad.csv", part, sourceLocation: sourceLocation) { () throws(FileError) in
      try DelimitedText.read(path, as: Float.self, options: options)
    }
  }

  @Test func readsHeaderAndTextLabels() throws {
    let table = try read("a,Class,b\n1,cat,-2.5\n3e2,dog,.5\n7,cat,8\n")
    #expect(table.features == Matrix(rows: 3, columns: 2, elements: [1, -2.5, 300, 0.5, 7, 8]))
    #expect(table.featureNames == ["a", "b"])
    #expect(table.labelColumn == "Class")
    #expect(table.labelNames == ["cat", "dog"])
    #expect(table.labelCodes == [0, 1, 0])
    #expect(table.labels == ["cat", "dog", "cat"])
    #expect(table.integerLabels == nil)
  }

  @Test func readsNumericLabels() throws {
    let table = try read("y,a\n5,1\n-1,2\n5,3\n")
    #expect(table.integerLabels == [5, -1, 5])
    #expect(table.features.elements == [1, 2, 3])
  }

  @Test func readsWithoutHeader() throws {
    let letters = try read("T,2,8\nI,5,12\n")
    #expect(letters.labels == ["T", "I"])
    #expect(letters.featureNames == ["1", "2"])
    #expect(letters.labelColumn == "0")
    #expect(letters.features.elements == [2, 8, 5, 12])
    let iris = try read("5.1,3.5,setosa\n6,3,virginica")
    #expect(iris.labels == ["setosa", "virginica"])
    let chosen = try read("1,2,3\n4,5,6\n", .init(label: .index(1)))
    #expect(chosen.labels == ["2", "5"])
    #expect(chosen.features.elements == [1, 3, 4, 6])
  }

  @Test func headerCanBeForced() throws {
    let numbers = try read("0,1,2\n3,4,5\n", .init(label: .name("1"), hasHeader: true))
    #expect(numbers.features.elements == [3, 5] && numbers.labels == ["4"])
    #expect(try read("label,0\nx,3\n").features.elements == [3])
    try expectRefused(
      "label,0\nx,3\n", "column \"0\" holds text, such as \"label\"",
      options: .init(label: .index(1), hasHeader: false))
  }

  @Test func readsFeaturesOnly() throws {
    let table = try read("a,b\n1,2\n3,4\n", .init(label: .absent))
    #expect(table.features.elements == [1, 2, 3, 4])
    #expect(table.labelColumn == nil && table.labelCodes == [] && table.integerLabels == nil)
    #expect((0..<table.lines.count).map { table.lines[$0] } == [2, 3])
    #expect(try read("1\n2\n", .init(label: .absent)).features.rows == 2)
  }

  @Test func detectsDelimiters() throws {
    #expect(try read("label\ta\tb\nx\t1\t2\n").features.elements == [1, 2])
    #expect(try read("label;a;b\n\"x,y\";1;2\n").labels == ["x,y"])
    #expect(try read("label\ta\nx y\t 1 \n").labels == ["x y"])
    var commas = DelimitedText.Options(label: .index(0))
    commas.delimiter = .comma
    try expectRefused("label;a\nx;1\n", "only labels", options: commas)
    #expect(try read("label|a|b\nx|1|2\n").features.elements == [1, 2])
    #expect(try read("label a  b\nx   1 2\n y 3\t4 \n").features.elements == [1, 2, 3, 4])
    #expect(try read("label;a;b\nx;1,5;2\ny;-0,25;3,125\n").features.elements == [1.5, 2, -0.25, 3.125])
    #expect(try read("1,5;2,25;u\n-1,5;2,25;v\n").features.elements == [1.5, 2.25, -1.5, 2.25])
    #expect(try read("label,a\nx,\"1\"\n").features.elements == [1])
    var decimals = DelimitedText.Options()
    decimals.decimal = .comma
    #expect(try read("label;a\nx;1,234\n", decimals).features.elements == [1.234])
    try expectRefused("label;a\nx;1.234,5\n", "nothing between thousands, got \"1.234,5\"", options: decimals)
    try expectRefused("label,a\nx,\"1,234\"\n", "nothing between thousands, got \"1,234\"")
    #expect(try read("label,a\rx,1\ry,2\r").features.elements == [1, 2])
    #expect(
      try read("# made by hand\nlabel,a\n# x\ny,2\n").layout.remarks.last == "2 lines beginning with # passed over")
  }

  @Test func readsQuotesSpacesCRLFBOMAndBlankLines() throws {
    let text =
      "\u{FEFF}\"label\", \"the \"\"a\"\"\" ,b\r\n\r\n\"x\r\ny\" , 1 ,\t2\r\n  \r\n\"z\"\"\",\"3\",\" 4 \"\r\n plain label ,5,6"
    let table = try read(text)
    #expect(table.featureNames == ["the \"a\"", "b"])
    #expect(table.labelNames == ["x\r\ny", "z\"", "plain label"])
    #expect(table.features.elements == [1, 2, 3, 4, 5, 6])
  }

  @Test func namesTheLineAndColumn() throws {
    try expectRefused("label,a,b\nx,1,2\nx,1\n", "line 3: expected 3 fields, got 2")
    try expectRefused("label,a,b\nx,1,2\n\nx,1,2,3\n", "line 4: expected 3 fields, got 4")
    try expectRefused("label,a,b\nx,1,2,\n", "line 2: expected 3 fields, got 4")
    try expectRefused("label,a,b\nx,1,two\n", "line 2, column \"b\": expected a finite number, got \"two\"")
    try expectRefused("label,a,b\nx,1,\n", "line 2, column \"b\": expected a number, got an empty field")
    try expectRefused("label,a,b\nx,,1\n", "line 2, column \"a\": expected a number, got an empty field")
    try expectRefused(
      "label,a,b\nx,1 2,1\n",
      "line 2, column \"a\": expected a number with a decimal point and nothing between thousands, got \"1 2\"")
    try expectRefused("label,a,b\nx,\"1\"2,1\n", "line 2, column \"a\": expected the end of the field")
    try expectRefused("label,a,b\nx,1,1\nx,\"1\"2,1\n", "line 3, column \"a\"")
    try expectRefused("label,a\n\"x\ny\",1\nz,bad\n", "line 4, column \"a\"")
    try expectRefused("label,a\n\"x,1\ny,2\n", "line 2: expected a closing quote")
    try expectRefused("label,a\n,1\n", "line 2, column \"label\": expected a label, got an empty field")
    let broken = Array("label,a\n".utf8) + [0xFF, 0x2C, 0x31]
    let path = try directory.write(broken, "broken.csv")
    expectFileError(.badData, "line 2") { () throws(FileError) in
      try DelimitedText.read(path, as: Float.self, options: .init(label: .name("label")))
    }
  }

  @Test func refusesNothing() throws {
    try expectRefused("", "an empty file")
    try expectRefused("\n \r\n", "only blank lines")
    try expectRefused("label,a\n", "below the header")
    try expectRefused("label\nx\n", "only labels")
  }

  @Test func refusesLabelColumnsItCannotFind() throws {
    try expectRefused("a,b\n1,2\n", "name one of \"a\", \"b\"")
    try expectRefused("a,b,c\nx,y,1\n", "2 hold text")
    try expectRefused(
      "a,b\n1,2\n", "named \"c\", got none; the columns are \"a\", \"b\"", options: .init(label: .name("c")))
    try expectRefused("a,a\n1,2\n", "named \"a\", got 2", options: .init(label: .name("a")))
    try expectRefused("Label,label,a\n1,2,3\n", "one column named \"label\", got 2")
    try expectRefused("a,b\n1,2\n", "below 2, got 2", options: .init(label: .index(2)))
    try expectRefused("a,b\n1,2\n", "below 2, got -3", options: .init(label: .index(-3)))
    #expect(try read("a,b\n1,2\n", .init(label: .index(-1))).labelColumn == "b")
    #expect(try read("x,y,target\n1,2,3\n").labelColumn == "target")
  }

  @Test func refusesMoreThanTheLimit() throws {
    let text = "label,a,b\nx,1,2\nx,3,4\n"
    #expect(try read(text, .init(memoryLimit: 32)).features.rows == 2)
    try expectRefused(
      text, "line 3: the features need more memory than the limit of 12 bytes", options: .init(memoryLimit: 12))
  }

  @Test func readsAcrossBufferBoundaries() throws {
    let rows = 400
    let columns = 700
    var text = "label," + (0..<columns).map { "c\($0)" }.joined(separator: ",") + "\n"
    for row in 0..<rows {
      text += row % 3 == 0 ? "\"l\(row % 11)\"" : "l\(row % 11)"
      for column in 0..<columns { text += ",\(row).\(column)" }
      text += row % 2 == 0 ? "\n" : "\r\n"
    }
    // A line longer than the buffer.
    text += "last" + String(repeating: " ", count: 700_000)
    text += String(repeating: ",1", count: columns)
    let table = try read(text)
    #expect(table.features.rows == rows + 1 && table.features.columns == columns)
    for row in stride(from: 0, to: rows, by: 7) {
      #expect(table.labels[row] == "l\(row % 11)")
      for column in 0..<columns { #expect(table.features[row, column] == Double("\(row).\(column)")!) }
    }
    #expect(table.labels.last == "last")
    #expect(table.features[rows, columns - 1] == 1)
  }
}
