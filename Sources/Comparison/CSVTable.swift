import TensorFiles

/// A table as CSV text whose columns are those of all rows, in the order in which they first appear. What a row does
/// not have is empty.
///
/// ```swift
/// var table = CSVTable()
/// table.add([("method", "fgn"), ("loss", "0.5")])
/// table.add([("method", "a, b"), ("rows", "7")])
/// print(table.text)
/// // method,loss,rows
/// // fgn,0.5,
/// // "a, b",,7
/// ```
public struct CSVTable: Sendable {
  public private(set) var columns: [String] = []
  private var positions: [String: Int] = [:]
  private var lines: [(text: String, count: Int)] = []

  public init() {}

  public mutating func add(_ cells: [(column: String, text: String)]) {
    for (column, _) in cells where positions[column] == nil {
      positions[column] = columns.count
      columns.append(column)
    }
    var texts = columns.map { _ in "" }
    for (column, text) in cells { texts[positions[column]!] = CSVField.quoted(text) }
    lines.append((texts.joined(separator: ","), texts.count))
  }

  /// With a header; quoted as RFC 4180 says.
  public var text: String {
    var text = columns.map(CSVField.quoted).joined(separator: ",") + "\n"
    for line in lines { text += line.text + String(repeating: ",", count: columns.count - line.count) + "\n" }
    return text
  }
}
