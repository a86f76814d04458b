import TensorFiles
import Training

/// A row that a `RunStore` keeps.
public protocol StoredRow: Codable, Sendable {
  /// Stands for everything that the run depends on; rows of a run share it.
  var key: String { get }
  /// Columns of the table and their texts, in order; each column once.
  var cells: [(column: String, text: String)] { get }
  /// What the rows are of, for messages: "comparison".
  static var kind: String { get }
  /// Whether these are all rows of a run. Files are only ever replaced whole, so that a run that is in one is
  /// complete, unless somebody cut it; rows that can tell should.
  static func isComplete(_ run: [Self]) -> Bool
}

extension StoredRow {
  public static func isComplete(_ run: [Self]) -> Bool { true }
}

/// Finished runs in a directory: `rows.jsonl`, which is read back, and the same as `rows.csv`, whose columns are those
/// of all rows in the order in which they first appear.
///
/// Both are replaced whole after each run, so that they are complete up to the last one whenever the work ends. Rows of
/// other work in the same directory stay.
public struct RunStore<Row: StoredRow>: Sendable {
  /// Nil keeps the runs in memory alone.
  public let directory: String?
  private var runs: [String: [Row]] = [:]
  private var lines = ""
  private var table = CSVTable()

  /// In memory.
  public init() { directory = nil }

  /// In `directory`, which is made if it is not there (its parent must be).
  ///
  /// - Throws: `FileError` if it cannot be made or read, or holds rows that are none.
  public init(directory: String) throws {
    self.directory = directory
    try OperatingSystem.makeDirectory(directory)
    let path = directory + "/rows.jsonl"
    guard OperatingSystem.exists(path) else { return }
    var (keys, found) = ([String](), [String: [Row]]())
    for (number, line) in try TextFile.read(path, limit: 1 << 30).split(separator: "\n").enumerated() {
      guard let row = try? JSONLine.value(Row.self, of: line) else {
        throw FileError(
          .badData, file: path, position: "line \(number + 1)",
          "expected a row of a \(Row.kind): take another directory, or remove the file")
      }
      if found[row.key] == nil { keys.append(row.key) }
      found[row.key, default: []].append(row)
    }
    // A run that was cut is run again.
    for rows in keys.compactMap({ found[$0] }) where Row.isComplete(rows) {
      for row in rows { try append(row) }
    }
  }

  /// The rows of a finished run.
  public func run(_ key: String) -> [Row]? { runs[key] }

  /// Keeps a finished run, whose rows have one key that is not there yet.
  public mutating func add(_ rows: [Row]) throws {
    for row in rows { try append(row) }
    guard let directory else { return }
    try AtomicFile.write(lines, to: directory + "/rows.jsonl")
    try AtomicFile.write(table.text, to: directory + "/rows.csv")
  }

  private mutating func append(_ row: Row) throws {
    runs[row.key, default: []].append(row)
    lines += try JSONLine.text(of: row)
    table.add(row.cells)
  }
}
