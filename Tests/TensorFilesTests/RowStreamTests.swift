import Foundation
import LinearAlgebra
import TensorFiles
import Testing

@Suite struct RowStreamTests {
  /// All rows of a text, nil for one that was refused, why that was, and the error at its end.
  private func read(
    _ text: String, columns: Int, limit: Int = 1000, options: RowStream<Double>.Options = .init()
  ) -> (rows: [[Double]?], refused: [FileError], error: FileError?) {
    let pipe = Pipe()
    let bytes = Data(text.utf8)
    let writer = Thread {
      try? pipe.fileHandleForWriting.write(contentsOf: bytes)
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    var options = options
    (options.request.width, options.request.needsLabels) = (columns, false)
    var stream = RowStream<Double>(
      descriptor: pipe.fileHandleForReading.fileDescriptor, name: "input", columns: columns, options: options)
    var (rows, refused) = ([[Double]?](), [FileError]())
    do throws(FileError) {
      while let block = try stream.next(limit: limit) {
        #expect(block.features.rows >= 1 && block.features.rows <= limit)
        rows += (0..<block.features.rows).map { block.refused[$0] == nil ? Array(block.features.row($0)) : nil }
        refused += block.refused.sorted { $0.key < $1.key }.map(\.value)
      }
    } catch {
      return (rows, refused, error)
    }
    return (rows, refused, nil)
  }

  private func expectRows(
    _ text: String, _ expected: [[Double]], options: RowStream<Double>.Options = .init(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let (rows, refused, error) = read(text, columns: 2, options: options)
    #expect(
      rows == expected && refused.isEmpty && error == nil, "\(rows) \(refused) \(String(describing: error))",
      sourceLocation: sourceLocation)
  }

  /// Rows as an answer each, with one that is refused, and why.
  private func expectRefusal(
    _ text: String, _ message: String, row: Int, of count: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let result = read(text, columns: 2)
    #expect(result.error == nil && result.rows.count == count, "\(result)", sourceLocation: sourceLocation)
    #expect(result.rows.indices.filter { result.rows[$0] == nil } == [row], "\(result)", sourceLocation: sourceLocation)
    #expect(
      result.refused.first?.description.contains(message) ?? false, "\(result)", sourceLocation: sourceLocation)
  }

  /// A first line from which nothing can be read.
  private func expectError(_ text: String, _ message: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let result = read(text, columns: 2)
    #expect(result.rows.isEmpty && result.error?.kind == .badData, "\(result)", sourceLocation: sourceLocation)
    #expect(result.error?.description.contains(message) ?? false, "\(result)", sourceLocation: sourceLocation)
  }

  @Test func delimitedText() {
    let rows = [[1.0, 2], [-0.5, 1000]]
    expectRows("1,2\n-.5,1e3\n", rows)
    expectRows("\u{FEFF}1;2\r\n\r\n -0.5 ; 1000", rows)
    expectRows("1\t2\n\n-0.5\t1000\n", rows)
    expectRows("width,height\n1,2\n-0.5,1000\n", rows)
    expectRows("width,height,Label\n1,2,a\n-0.5,1000,b\n", rows)
    expectRows("1,a,2\n-0.5,\"b, c\",1000\n", rows)
    var options = RowStream<Double>.Options()
    options.request.label = .index(0)
    expectRows("7,1,2\n8,-0.5,1000\n", rows, options: options)
    options.request.label = .name("kind")
    expectRows("wide,kind,high\n1,7,2\n-0.5,7,1000\n", rows, options: options)
    expectRows("a,1,2\nb,-0.5,1000\n", rows)
    expectRows("\"1\",2\n-0.5,\" 1000 \"\n", rows)
    expectRows("1|2\n-0.5|1000\n", rows)
    expectRows("1 2\n -0.5   1000 \n", rows)
    expectRows("1;2\n-0,5;1000\n", [[1, 2], [-0.5, 1000]].map { $0 }, options: decimalCommas)
    expectRows("1,0;2\n-0,5;1000\n", rows)
    expectRows("1,2\r-.5,1e3\r", rows)
    expectRows("\"a\nb\",1,2\n\"c\n\nd\",-0.5,1000\n", rows)
  }

  private var decimalCommas: RowStream<Double>.Options {
    var options = RowStream<Double>.Options()
    options.decimal = .comma
    return options
  }

  /// Columns come by the names of the model, in any order and with others between them; by position without names.
  @Test func columnsOfAModel() {
    var options = RowStream<Double>.Options()
    options.request.description = TableDescription(
      columns: [.init(name: "x", role: .feature), .init(name: "kind", role: .label), .init(name: "z", role: .feature)],
      isNamed: true)
    expectRows("z,x\n1,2\n3,4\n", [[2, 1], [4, 3]], options: options)
    expectRows("z,other,kind,x\n1,text,a,2\n3,text,?,4\n", [[2, 1], [4, 3]], options: options)
    expectRows("1,2\n3,4\n", [[1, 2], [3, 4]], options: options)
    expectRows("1,?,2\n3,?,4\n", [[1, 2], [3, 4]], options: options)
    let missing = read("z,y\n1,2\n", columns: 2, options: options)
    #expect(missing.error?.description.contains("\"x\" is not among \"z\", \"y\"") ?? false, "\(missing)")
  }

  @Test func idsAndMissingValues() throws {
    var options = RowStream<Double>.Options()
    options.request.description = TableDescription(
      columns: [.init(name: "x", role: .feature), .init(name: "z", role: .feature)], isNamed: true, fill: [5, 7])
    (options.request.id, options.missing) = (.name("key"), .fill)
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Data("key,x,z\nk1,1,2\nk2,NA,3\nk3,4,\nk4,bad,1\n".utf8))
    try pipe.fileHandleForWriting.close()
    (options.request.width, options.request.needsLabels) = (2, false)
    var stream = RowStream<Double>(
      descriptor: pipe.fileHandleForReading.fileDescriptor, name: "input", columns: 2, options: options)
    let block = try #require(try stream.next(limit: 10))
    #expect(block.ids == ["k1", "k2", "k3", ""])
    #expect(block.features.elements == [1, 2, 5, 3, 4, 7, 0, 0])
    #expect(Array(block.refused.keys) == [3])
  }

  @Test func sparseText() {
    expectRows("# nothing\n3 1:1 2:2\n1:-0.5 2:1000 # no label\n", [[1, 2], [-0.5, 1000]])
    expectRows("3\n-1 2:4\n\n", [[0, 0], [0, 4]])
    var options = RowStream<Double>.Options()
    options.indexBase = .zero
    expectRows("0 0:1 1:2\n", [[1, 2]], options: options)
  }

  @Test func nothing() {
    expectRows("", [])
    expectRows("\n\n", [])
    expectRows("a,b\n", [])
  }

  @Test func whatIsNoExampleIsRefusedInItsPlace() {
    expectRefusal(
      "1,2\n3,4\n5,x\n6,7\n", "input: line 3, column \"1\": expected a finite number, got \"x\"", row: 2, of: 4)
    expectRefusal("1,2\n3,nan\n5,6\n", "line 2, column \"1\": expected a number, got \"nan\"", row: 1, of: 3)
    expectRefusal("1,2\n3,inf\n", "line 2, column \"1\": expected a finite number, got \"inf\"", row: 1, of: 2)
    expectRefusal("n/a,2\n3,4\n", "line 1, column \"0\": expected a number, got \"n/a\"", row: 0, of: 2)
    expectRefusal(
      "1,2\n# a note\n#3,4\n5,6\n", "line 3, column \"0\": expected a finite number, got \"#3\"", row: 1, of: 3)
    expectRefusal("1,2\n3\n4,5\n", "line 2: expected 2 fields, got 1", row: 1, of: 3)
    expectRefusal("1,2\n3,4,5\n", "line 2: expected 2 fields, got 3", row: 1, of: 2)
    expectRefusal("1,2\n3,\n", "line 2, column \"1\": expected a number, got an empty field", row: 1, of: 2)
    expectRefusal("1 1:1\n1 3:1\n", "line 2: expected an index from 1 to 2, got \"3:1\"", row: 1, of: 2)
    expectRefusal("1 1:1\n1 2:1 1:2\n1 1:3\n", "line 2: expected an index from 3 to 2, got \"1:2\"", row: 1, of: 3)
    expectRefusal("1 1:1\n1 1:x\n", "line 2: expected a finite number as the value, got \"1:x\"", row: 1, of: 2)
    expectRefusal("1 1:1\n1 2\n", "line 2: expected index:value, got \"2\"", row: 1, of: 2)
    expectError("1,2,3\n", "line 1: expected 2 features, as the model has, and one column of labels")
    expectError("1,2,3,4\n", "line 1: expected 2 features, as the model has")
    let open = read("a,\"1\n2,3\n", columns: 2)
    #expect(open.error?.description.contains("line 1: expected a closing quote") ?? false, "\(open)")
  }

  @Test(arguments: [1, 7, 1000]) func longInputInBlocks(limit: Int) {
    // Longer than a pipe and than the first buffer, with lines across their ends, and one line longer than the buffer.
    let rows = (0..<5000).map { [Double($0), Double($0 % 7) / 8] }
    let text = rows.map { "\($0[0]),\($0[1])\($0[0] == 2500 ? String(repeating: " ", count: 200_000) : "")\n" }
    let result = read(text.joined(), columns: 2, limit: limit)
    #expect(result.rows == rows && result.error == nil && result.refused.isEmpty)
  }

  @Test func answersBeforeTheEnd() throws {
    let pipe = Pipe()
    var options = RowStream<Double>.Options()
    options.request.width = 2
    options.request.needsLabels = false
    var stream = RowStream<Double>(
      descriptor: pipe.fileHandleForReading.fileDescriptor, name: "input", columns: 2, options: options)
    try pipe.fileHandleForWriting.write(contentsOf: Data("1,2\n3,4\n5,".utf8))
    #expect(try stream.next(limit: 100)?.features.elements == [1, 2, 3, 4])
    try pipe.fileHandleForWriting.write(contentsOf: Data("6\n".utf8))
    #expect(try stream.next(limit: 100)?.features.elements == [5, 6])
    try pipe.fileHandleForWriting.close()
    #expect(try stream.next(limit: 100) == nil)
  }
}
