import Foundation

/// Keys of JSON that was printed, against the tables of keys in a page.
///
/// A table headed "key" has the keys of an object, one headed "key of `a`, `b`" those of the objects under `a` and `b`,
/// or in an array there, and one headed "key of a mean" those of each object whose row calls it a mean. Keys of other
/// objects are what their row has in backticks. A type with "by" in it, such as "mean by metric", is of objects whose
/// keys are free. What is not printed each time must have a row that says when it is.
struct KeyCheck {
  private let tables: [CommandPage.Table]
  /// How often objects of a kind were seen, and each of their keys.
  private var objects: [String: Int] = [:]
  private var seen: [String: [String: Int]] = [:]
  /// Keys that belong to a kind, each with the text that documents it.
  private var documented: [String: [String: String]] = [:]
  private var found: Set<String> = []

  /// - Parameter headings: of the sections whose tables there are, without those below them.
  init(_ page: CommandPage, _ headings: [String]) {
    tables = headings.flatMap { CommandPage.tables(page.lines($0)) }
      .filter { $0.head == "key" || $0.head.hasPrefix("key of ") }
    for table in tables {
      for row in table.rows {
        for name in row.names { documented[table.head, default: [:]][name] = row.cells.joined(separator: " ") }
      }
    }
  }

  /// One object that a run printed.
  mutating func add(_ object: [String: Any]) { walk(object, kind: "key") }

  private mutating func walk(_ object: [String: Any], kind: String) {
    objects[kind, default: 0] += 1
    for (key, value) in object {
      seen[kind, default: [:]][key, default: 0] += 1
      if documented[kind]?[key] == nil { found.insert("the page lacks \(key) (\(kind))") }
      let row = tables.first { $0.head == kind }?.row(key)
      let type = row?.cells.first ?? ""
      var parts = Self.parts(of: value)
      if type.contains(" by ") { parts = parts.flatMap { $0.values.flatMap(Self.parts) } }
      guard !parts.isEmpty else { continue }
      let next = self.kind(of: key, row, type)
      for part in parts { walk(part, kind: next) }
    }
  }

  /// The objects that a value is or holds.
  private static func parts(of value: Any) -> [[String: Any]] {
    (value as? [String: Any]).map { [$0] } ?? (value as? [[String: Any]]) ?? []
  }

  /// What documents the objects under a key.
  private mutating func kind(of key: String, _ row: CommandPage.Row?, _ type: String) -> String {
    let own = tables.first { table in
      let nouns = table.head.firstMatch(of: #/key of an? (?<noun>[a-z]+)/#)
      return CommandPage.quoted(table.head).contains(key) || nouns.map { type.contains($0.noun) } ?? false
    }
    if let own { return own.head }
    let kind = "in the row of \(key)"
    for name in CommandPage.quoted(row?.cells.last ?? "") where name.wholeMatch(of: #/[A-Za-z][A-Za-z0-9]*/#) != nil {
      documented[kind, default: [:]][name] = row?.cells.last ?? ""
    }
    return kind
  }

  /// What the page and the runs say differently.
  var differences: [String] {
    var all = found
    for (kind, keys) in documented {
      for (key, text) in keys {
        let count = seen[kind]?[key] ?? 0
        if count == 0 {
          all.insert("no run prints \(key) (\(kind))")
        } else if count < objects[kind] ?? 0, text.firstMatch(of: Self.condition) == nil {
          all.insert("the page does not say when there is \(key) (\(kind))")
        }
      }
    }
    return all.sorted()
  }

  /// Words that say when.
  nonisolated(unsafe) private static let condition = #/absent|with|where|\bif\b|only|of classes|of a |lqr/#
}
