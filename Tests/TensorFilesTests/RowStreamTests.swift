import Foundation
import LinearAlgebra
import TensorFiles
import Testing

@Suite struct RowStreamTests {
  /// All rows of a text, given in pieces, and the error at its end.
  private func read(
    _ text: String, columns: Int, limit: Int = 1000, options: RowStream<Double>.Options = .init()
  ) -> (rows: [[Double]], error: FileError?) {
    let pipe = Pipe()
    let bytes = Data(text.utf8)
    let writer = Thread {
      try? pipe.fileHandleForWriting.write(contentsOf: bytes)
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    var stream = RowStream<Double>(
      descriptor: pipe.fileHandleForReading.fileDescriptor, name: "input", columns: columns, options: options)
    var rows: [[Double]] = []
    do throws(FileError) {
      while let block = try stream.next(limit: limit) {
        #expect(block.rows >= 1 && block.rows <= limit)
        rows += (0..<block.rows).map { Array(block.row($0)) }
      }
    } catch {
      return (rows, error)
    }
    return (rows, nil)
  }

  private func expectRows(
    _ text: String, _ expected: [[Double]], options: RowStream<Double>.Options = .init(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let (rows, error) = read(text, columns: 2, options: options)
    #expect(rows == expected && error == nil, "\(String(describing: error))", sourceLocation: sourceLocation)
  }

  private func expectError(
    _ text: String, _ message: String, after rows: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let result = read(text, columns: 2)
    #expect(result.rows.count == rows, sourceLocation: sourceLocation)
    #expect(result.error?.kind == .badData, sourceLocation: sourceLocation)
    #expect(
      result.error?.description.contains(message) ?? false, "\(String(describing: result.error))",
      sourceLocation: sourceLocation)
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
    options.label = .index(0)
    expectRows("7,1,2\n8,-0.5,1000\n", rows, options: options)
    options.label = .name("kind")
    expectRows("wide,kind,high\n1,7,2\n-0.5,7,1000\n", rows, options: options)
    options = .init()
    options.labels = ["a", "b"]
    expectRows("Letter,1,2\na,1,2\nb,-0.5,1000\n", rows, options: options)
    expectRows("a,1,2\nb,-0.5,1000\n", rows, options: options)
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

  @Test func errorsComeAfterTheRowsBeforeThem() {
    expectError("1,2\n3,4\n5,x\n6,7\n", "input: line 3, field 2: expected a finite number, got \"x\"", after: 2)
    expectError("1,2\n3,nan\n", "line 2, field 2: expected a finite number, got \"nan\"", after: 1)
    expectError("1,2\n3\n", "line 2: expected 2 fields, got 1", after: 1)
    expectError("1,2\n3,4,5\n", "line 2: expected 2 fields, got 3", after: 1)
    expectError("1,2\n3,\n", "line 2, field 2: expected a finite number, got an empty field", after: 1)
    expectError("1,2,3\n", "expected 2 features, as the model has, got 3 fields", after: 0)
    expectError("1,2,3,4\n", "line 1: expected 2 features, as the model has, got 4 fields", after: 0)
    expectError("1 1:1\n1 3:1\n", "line 2: expected an index from 1 to 2, got \"3:1\"", after: 1)
    expectError("1 1:1\n1 2:1 1:2\n", "line 2: expected an index from 3 to 2, got \"1:2\"", after: 1)
    expectError("1 1:1\n1 1:x\n", "line 2: expected a finite number as the value, got \"1:x\"", after: 1)
    expectError("1 1:1\n1 2\n", "line 2: expected index:value, got \"2\"", after: 1)
  }

  @Test(arguments: [1, 7, 1000]) func longInputInBlocks(limit: Int) {
    // Longer than a pipe and than the first buffer, with lines across their ends, and one line longer than the buffer.
    let rows = (0..<5000).map { [Double($0), Double($0 % 7) / 8] }
    let text = rows.map { "\($0[0]),\($0[1])\($0[0] == 2500 ? String(repeating: " ", count: 200_000) : "")\n" }
    let result = read(text.joined(), columns: 2, limit: limit)
    #expect(result.rows == rows && result.error == nil)
  }

  @Test func answersBeforeTheEnd() throws {
    let pipe = Pipe()
    var stream = RowStream<Double>(
      descriptor: pipe.fileHandleForReading.fileDescriptor, name: "input", columns: 2)
    try pipe.fileHandleForWriting.write(contentsOf: Data("1,2\n3,4\n5,".utf8))
    #expect(try stream.next(limit: 100)?.elements == [1, 2, 3, 4])
    try pipe.fileHandleForWriting.write(contentsOf: Data("6\n".utf8))
    #expect(try stream.next(limit: 100)?.elements == [5, 6])
    try pipe.fileHandleForWriting.close()
    #expect(try stream.next(limit: 100) == nil)
  }
}
