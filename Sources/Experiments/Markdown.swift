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
    switch table.lines {
    case .values(let column, let form, let columns):
      let cells = table.values(rows).map { line in
        [line.text] + columns.map { cell($0.query.adding(Condition("\(column)=\(line.text)")!), form) }
      }
      grid([column] + columns.map(\.title), cells)
      let sources = columns.map { "\($0.title) = \($0.query)" }.joined(separator: " | ")
      paragraph("\n<!-- by \(column): \(sources) -->")
    case .given(let lines, let heading, let columns):
      var cells: [[String]] = []
      for line in lines { cells.append([line.title] + line.cells.map { $0.map { noted($0) } ?? "-" }) }
      grid([heading] + columns, cells)
      text += "\n"
    }
  }

  private mutating func grid(_ header: [String], _ cells: [[String]]) {
    let lines = [header, ["---"] + header.dropFirst().map { _ in "--:" }] + cells
    text += lines.map { "| \($0.joined(separator: " | ")) |\n" }.joined()
  }

  /// As text: a mean has its deviation.
  private func cell(_ query: Query, _ form: NumberFormat) -> String {
    let value = query.value(rows.all)
    guard value != nil, query.statistic == .mean, let spread = query.taking(.deviation).value(rows.all) else {
      return form.text(value)
    }
    return "\(form.text(value)) +- \(form.text(spread))"
  }

  /// The statement with a footnote for each number.
  private mutating func noted(_ statement: Statement) -> String {
    var result = ""
    for piece in statement.pieces {
      switch piece {
      case .text(let text): result += text
      case .number(let number): result += noted(number)
      }
    }
    return result
  }

  private mutating func noted(_ number: Quoted) -> String {
    let known = footnotes.firstIndex(of: number.query)
    if known == nil { footnotes.append(number.query) }
    return "\(number.text)[^\((known ?? footnotes.count - 1) + 1)]"
  }

  /// The footnotes, at the end.
  mutating func close() {
    for (number, query) in footnotes.enumerated() { text += "[^\(number + 1)]: \(query)\n" }
  }
}
