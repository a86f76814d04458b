import TensorFiles
import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The finished runs of comparisons, in a directory: `rows.jsonl`, which is read back, and the same as `rows.csv`.
///
/// Both are replaced whole after each run, so that they are complete up to the last one whenever the comparison ends.
/// Rows of other comparisons in the same directory stay.
public struct RunStore: Sendable {
  /// Nil keeps the runs in memory alone.
  public let directory: String?
  private var runs: [String: [ComparisonRow]] = [:]
  private var lines = ""
  private var table = ComparisonRow.columns.joined(separator: ",") + "\n"

  /// In memory.
  public init() { directory = nil }

  /// In `directory`, which is made if it is not there (its parent must be).
  ///
  /// - Throws: `FileError` if it cannot be made or read, or holds rows that are none.
  public init(directory: String) throws {
    self.directory = directory
    guard mkdir(directory, 0o777) == 0 || errno == EEXIST && access(directory + "/.", W_OK) == 0 else {
      throw FileError(
        .cannotCreate, file: directory, "cannot create the directory: \(String(cString: strerror(errno)))")
    }
    let path = directory + "/rows.jsonl"
    guard access(path, F_OK) == 0 else { return }
    var (keys, found) = ([String](), [String: [ComparisonRow]]())
    for (number, line) in try TextFile.read(path, limit: 1 << 30).split(separator: "\n").enumerated() {
      guard let row = try? JSONLine.value(ComparisonRow.self, of: line) else {
        throw FileError(
          .badData, file: path, position: "line \(number + 1)",
          "expected a row of a comparison: take another directory, or remove the file")
      }
      if found[row.key] == nil { keys.append(row.key) }
      found[row.key, default: []].append(row)
    }
    // A run without its end was cut: it is run again.
    for rows in keys.compactMap({ found[$0] }) where rows.last?.outcome != nil {
      for row in rows { try append(row) }
    }
  }

  /// The rows of a finished run.
  public func run(_ key: String) -> [ComparisonRow]? { runs[key] }

  /// Keeps a finished run.
  mutating func add(_ rows: [ComparisonRow]) throws {
    for row in rows { try append(row) }
    guard let directory else { return }
    try AtomicFile.write(lines, to: directory + "/rows.jsonl")
    try AtomicFile.write(table, to: directory + "/rows.csv")
  }

  private mutating func append(_ row: ComparisonRow) throws {
    runs[row.key, default: []].append(row)
    lines += try JSONLine.text(of: row)
    table += row.csv + "\n"
  }
}
