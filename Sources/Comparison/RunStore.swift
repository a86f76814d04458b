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
/// other work in the same directory stay, also of work that goes on there at the same time: the directory is held while
/// its rows are read again and written. A directory is known to be ours by its `rows.jsonl`; without one, files that
/// would be replaced are somebody else's, and it is refused.
public struct RunStore<Row: StoredRow>: Sendable {
  /// Nil keeps the runs in memory alone.
  public let directory: String?
  private var runs: [String: [Row]] = [:]
  private var lines = ""
  private var table = CSVTable()
  /// The text of `rows.jsonl` when it was read or written last.
  private var text = ""
  /// Whether rows that are none are to be replaced.
  private var isReplacing = false

  /// In memory.
  public init() { directory = nil }

  /// In `directory`, which is made for the first run if it is not there (its parent must be).
  ///
  /// - Parameters:
  ///   - files: names of files in it, besides the rows', that the work will replace.
  ///   - replacesOthers: whether files of others, and rows that are none, are replaced. They stay until then.
  /// - Throws: `FileError` if it cannot be made or read, holds rows that are none, or files of others.
  public init(directory: String, files: [String] = [], replacesOthers: Bool = false) throws {
    self.directory = directory
    try OperatingSystem.checkCanMakeDirectory(directory)
    if OperatingSystem.exists(directory + "/rows.jsonl") {
      do { try load() } catch  where !replacesOthers { throw error } catch {
        (runs, lines, table, text, isReplacing) = ([:], "", CSVTable(), "", true)
      }
    } else if !replacesOthers,
      let name = (["rows.csv"] + files).first(where: { OperatingSystem.exists("\(directory)/\($0)") })
    {
      throw FileError(
        .cannotCreate, file: "\(directory)/\(name)",
        "is not ours, as rows.jsonl is not beside it, and would be replaced:",
        remedy: .otherDirectory)
    }
  }

  /// Takes the runs of `rows.jsonl` that are not known yet.
  private mutating func load() throws {
    guard let directory else { return }
    let path = directory + "/rows.jsonl"
    guard OperatingSystem.exists(path) else { return }
    let found = try TextFile.read(path, limit: 1 << 30)
    guard found != text else { return }
    text = found
    var (keys, rows) = ([String](), [String: [Row]]())
    for (number, line) in found.split(separator: "\n").enumerated() {
      guard let row = try? JSONLine.value(Row.self, of: line) else {
        throw FileError(
          .badData, file: path, position: "line \(number + 1)",
          "expected a row of a \(Row.kind): take another directory, or remove the file")
      }
      if rows[row.key] == nil { keys.append(row.key) }
      rows[row.key, default: []].append(row)
    }
    // A run that was cut is run again.
    for (key, rows) in keys.map({ ($0, rows[$0]!) }) where runs[key] == nil && Row.isComplete(rows) {
      for row in rows { try append(row) }
    }
  }

  /// Makes the directory if it is not there.
  package func makeDirectory() throws(FileError) {
    if let directory { try OperatingSystem.makeDirectory(directory) }
  }

  /// The rows of a finished run.
  public func run(_ key: String) -> [Row]? { runs[key] }

  /// Keeps a finished run, whose rows have one key that is not there yet.
  public mutating func add(_ rows: [Row]) throws {
    guard let directory else {
      for row in rows { try append(row) }
      return
    }
    try makeDirectory()
    try OperatingSystem.holding(directory: directory) {
      // What other work has finished here in the meantime.
      if !text.isEmpty || OperatingSystem.exists(directory + "/rows.jsonl"), !isReplacing { try load() }
      if let key = rows.first?.key, runs[key] == nil { for row in rows { try append(row) } }
      try AtomicFile.write(lines, to: directory + "/rows.jsonl")
      (text, isReplacing) = (lines, false)
      try AtomicFile.write(table.text, to: directory + "/rows.csv")
    }
  }

  private mutating func append(_ row: Row) throws {
    runs[row.key, default: []].append(row)
    lines += try JSONLine.text(of: row)
    table.add(row.cells)
  }
}
