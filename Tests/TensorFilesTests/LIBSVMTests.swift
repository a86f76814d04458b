import LinearAlgebra
import TensorFiles
import Testing

@Suite struct LIBSVMTests {
  let directory = TemporaryDirectory()

  private func read(
    _ text: String, _ options: LIBSVM.Options = .init()
  ) throws -> LIBSVM.Contents<Double> {
    try LIBSVM.read(directory.write(text, "data.svm"), options: options)
  }

  private func expectRefused(
    _ text: String, _ parts: String..., options: LIBSVM.Options = .init(memoryLimit: 1 << 20),
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let path = try directory.write(text, "bad.svm")
    for part in parts {
      expectFileError(.badData, "bad.svm", part, sourceLocation: sourceLocation) { () throws(FileError) in
        try LIBSVM.read(path, as: Float.self, options: options)
      }
    }
  }

  @Test func readsOneBasedIndices() throws {
    let data = try read("+1 1:0.5 3:-2e1\n-1 2:4\n3\n")
    #expect(data.features.dense == Matrix(rows: 3, columns: 3, elements: [0.5, 0, -20, 0, 4, 0, 0, 0, 0]))
    #expect(data.numbers == [1, -1, 3])
    #expect(data.indexBase == .one)
  }

  @Test func keepsSparseRowsSparse() throws {
    let text = "1 3:2\n# none\n2\n3 1:-1 2:0 4:0.5 # a zero\n"
    var options = LIBSVM.Options(memoryLimit: 40)
    for (below, isSparse) in [(0.0, false), (0.3, false), (0.4, true), (.infinity, true)] {
      options.sparseBelow = below
      if !isSparse { options.memoryLimit = 1 << 10 }
      let data = try read(text, options)
      #expect(data.features.isSparse == isSparse, "\(below)")
      guard case .sparse(let x) = data.features else {
        #expect(data.features.dense.elements == [0, 0, 2, 0, 0, 0, 0, 0, -1, 0, 0, 0.5])
        continue
      }
      #expect(
        x == SparseMatrix(columns: 4, rowStarts: [0, 1, 1, 3], columnIndices: [2, 0, 3], values: [2, -1, 0.5]))
    }
    // No memory for the dense matrix is asked for.
    options = LIBSVM.Options(memoryLimit: 1 << 10)
    options.sparseBelow = 0.2
    let wide = try read("1 1:1\n2 2000000000:3\n", options).features
    #expect(wide.columns == 2_000_000_000 && wide.entryCount == 2)
    try expectRefused("1 1:1\n2 3000000000:3\n", "line 2: expected at most 2147483647 features", options: options)
  }

  @Test func readsZeroBasedIndices() throws {
    let data = try read("1 1:1\n2 0:3 1:4\n")
    #expect(data.features.dense == Matrix(rows: 2, columns: 2, elements: [0, 1, 3, 4]))
    #expect(data.indexBase == .zero)
  }

  @Test func takesBaseAndCountFromTheCaller() throws {
    let forced = try read("1 1:1\n", .init(indexBase: .zero, featureCount: 4))
    #expect(forced.features.dense == Matrix(rows: 1, columns: 4, elements: [0, 1, 0, 0]))
    #expect(forced.indexBase == .zero)
    try expectRefused(
      "1 1:1\n1 0:1\n", "line 2, field 2: expected indices from 1, got \"0:1\"", options: .init(indexBase: .one))
    try expectRefused("1 1:1 3:1\n", "line 1, field 3", "at most 2 (2 features)", options: .init(featureCount: 2))
    try expectRefused(
      "1 0:1 2:1\n", "line 1, field 3", "at most 1 (2 features)", options: .init(indexBase: .zero, featureCount: 2))
  }

  @Test func acceptsCommentsBlankLinesCRLFAndBOM() throws {
    let text = "\u{FEFF}# a comment 9:9\r\n\r\n 2  1:1\t2:2  # 7:7 5\r\n \t \r\n4 1:3#x\r\n# end"
    let data = try read(text)
    #expect(data.features.dense == Matrix(rows: 2, columns: 2, elements: [1, 2, 3, 0]))
    #expect(data.numbers == [2, 4])
  }

  @Test func labelsAreWordsAsTheyStand() throws {
    let data = try read("cat 1:1\n# none\ndog 1:2 # a comment\ncat 1:0.5\n+1 1:1\né\n")
    #expect(data.labelNames == ["cat", "dog", "+1", "é"] && data.labelCodes == [0, 1, 0, 2, 3])
    #expect(data.lines[1] == 3 && data.lines[4] == 6)
  }

  @Test func labelsMayBeMissingWhereTheyArePassedOver() throws {
    var options = LIBSVM.Options()
    options.labels = .ignored
    let data = try read("1:1 2:5\ncat 1:2\n-1.5 2:3\n", options)
    #expect(data.features.dense.elements == [1, 5, 2, 0, 0, 3] && data.labelCodes.isEmpty && data.targets.isEmpty)
    try expectRefused("1 1:1\n1:1 2:5\n", "line 2, field 1: expected a label, got \"1:1\"")
  }

  @Test func wholeLabelsInAnySpelling() throws {
    #expect(try read("1.0 1:1\n-2e1 1:1\n+3 1:1").numbers == [1, -20, 3])
  }

  @Test func namesTheLineAndField() throws {
    try expectRefused("1 1:1\n1 2:1 2:3\n", "line 2, field 3: the index occurs twice, got \"2:3\"")
    try expectRefused("1 1:1\n1 3:1 2:3\n", "line 2, field 3: expected an index above 3, got \"2:3\"")
    try expectRefused("1,2 1:1\n", "line 1, field 1: expected one label for each example, got \"1,2\"")
    try expectRefused("C# 1:1\n", "line 1, field 1: expected a label without #, which begins a comment, got \"C#\"")
    try expectRefused("1 1:1\nv\u{1} 1:1\n", "line 2, field 1: expected one label")
    try expectRefused("1 qid:3 1:1\n", "line 1, field 2: expected index:value, got \"qid:3\"")
    try expectRefused("1 1:1 2\n", "line 1, field 3: expected index:value, got \"2\"")
    try expectRefused("1 1:1 2:\n", "line 1, field 3: expected a number as the value, got \"2:\"")
    try expectRefused("1 1:1 2:x\n", "line 1, field 3")
    try expectRefused("1 1:1:2\n", "line 1, field 2")
    try expectRefused("1 -1:1\n", "line 1, field 2")
    try expectRefused("1 1.0:1\n", "line 1, field 2")
    try expectRefused("1 1 :1\n", "line 1, field 2")
    try expectRefused("1 1: 1\n", "line 1, field 2")
    try expectRefused("1:1 2:1\n", "line 1, field 1")
  }

  @Test func refusesNothing() throws {
    try expectRefused("", "at least one example")
    try expectRefused("# only a comment 1:1\n\n", "at least one example")
    try expectRefused("1\n2\n", "at least one index:value")
    try expectRefused("\u{0} 1:1\n", "line 1, field 1")
  }

  @Test func refusesMoreThanTheLimit() throws {
    try expectRefused("1 1:1\n1 1000000:1\n", "line 2", "2 examples of 1000000 features", "limit of 1.0 MB")
    try expectRefused("1 99999999999999999999999:1\n1 1:1\n", "line 1")
    let fits = LIBSVM.Options(memoryLimit: 80)
    #expect(try read("1 5:1\n1 1:1\n", fits).features.columns == 5)
    try expectRefused("1 21:1", "limit of 80 bytes", options: fits)
  }

  @Test func readsAcrossBufferBoundaries() throws {
    // A file of several buffers, with a line longer than one.
    let rows = 300
    let columns = 4_000
    var text = ""
    for row in 0..<rows {
      text += "\(row % 5)"
      for column in stride(from: row % 7, to: row == 17 ? 40 * columns : columns, by: row == 17 ? 2 : 31) {
        text += " \(column + 1):\(row).\(column % 10)"
      }
      text += row % 2 == 0 ? "\n" : "\r\n"
    }
    #expect(text.utf8.count > 1 << 20)
    let data = try read(text, .init(memoryLimit: 1 << 30))
    #expect(data.numbers == (0..<rows).map { $0 % 5 })
    #expect(data.features.rows == rows && data.features.columns > 39 * columns)
    for row in [0, 1, 16, 17, 18, 299] {
      for column in 0..<columns {
        let isThere = column >= row % 7 && (column - row % 7) % (row == 17 ? 2 : 31) == 0
        #expect(data.features.dense[row, column] == (isThere ? Double("\(row).\(column % 10)")! : 0))
      }
    }
  }
}

extension LIBSVM.Contents {
  /// Labels that are whole numbers.
  fileprivate var numbers: [Int] { labelCodes.map { Int(Double(labelNames[Int($0)])!) } }
}
