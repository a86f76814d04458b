/// The name that was probably meant.
package enum NearestName {
  /// The one of `names` with the fewest edits from `text`, in any case; the first of equals.
  package static func suggestion(for text: String, among names: [String]) -> String? {
    let wanted = Array(text.lowercased())
    return names.min { distance(wanted, Array($0)) < distance(wanted, Array($1)) }
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
  static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var edits = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { edits = min(edits, rows[i - 1][j - 1] + 1) }
        row.append(edits)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
