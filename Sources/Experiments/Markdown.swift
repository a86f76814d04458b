/// A report as Markdown.
///
/// Each number of a statement has a footnote with its query, and each table a comment with its columns' queries, so
/// that a reader, or a test, can take them from the rows again.
struct Markdown {
  private(set) var text = ""
  private var footnotes: [String] = []
  let rows: Rows

  init(_ rows: Rows) { self.rows = rows }

  mutating func paragraph(_ line: String) { text += line + "\n\n" }

  mutating func add(_ section: Section) {
    paragraph("## \(section.title)")
    paragraph("**Claim.** \(section.claim)")
    paragraph("**Measured.** \(section.method)")
    for figure in section.figures {
      paragraph("![\(figure.caption.text)](\(figure.name).svg)")
      paragraph("*\(noted(figure.caption))*")
    }
    for table in section.tables { add(table) }
    paragraph("**Verdict: \(section.verdict.title).** \(noted(section.verdict.statement))")
  }

  private mutating func add(_ table: ReportTable) {
    paragraph("*\(noted(table.caption))*")
    let lines = table.lines(rows)
    var cells = [[table.by] + table.columns.map(\.title)]
    cells.append(["---"] + table.columns.map { _ in "--:" })
    cells += lines.map { line in [line.text] + table.columns.map { table.cell($0.query, line: line, rows) } }
    text += cells.map { "| \($0.joined(separator: " | ")) |\n" }.joined()
    let sources = table.columns.map { "\($0.title) = \($0.query)" }.joined(separator: " | ")
    paragraph("\n<!-- by \(table.by): \(sources) -->")
  }

  /// The statement with a footnote for each number.
  private mutating func noted(_ statement: Statement) -> String {
    statement.pieces.map { piece in
      switch piece {
      case .text(let text): return text
      case .number(let number):
        let known = footnotes.firstIndex(of: number.query)
        if known == nil { footnotes.append(number.query) }
        return "\(number.text)[^\((known ?? footnotes.count - 1) + 1)]"
      }
    }.joined()
  }

  /// The footnotes, at the end.
  mutating func close() {
    for (number, query) in footnotes.enumerated() { text += "[^\(number + 1)]: \(query)\n" }
  }
}
