import Figures

/// One claim of a report.
public struct Section: Sendable {
  public var title: String
  /// What is claimed, without numbers of ours.
  public var claim: String
  /// What was measured; settings in `backticks`.
  public var method: String
  public var figures: [ReportFigure]
  public var tables: [ReportTable]
  public var verdict: Verdict

  public init(
    _ title: String, claim: String, method: String, figures: [ReportFigure] = [], tables: [ReportTable] = [],
    verdict: Verdict
  ) {
    self.title = title
    self.claim = claim
    self.method = method
    self.figures = figures
    self.tables = tables
    self.verdict = verdict
  }
}

/// A figure in a file of its own.
public struct ReportFigure: Sendable {
  /// The file's name without `.svg`, different for each figure of an experiment.
  public var name: String
  public var caption: Statement
  public var figure: Figure

  public init(_ name: String, _ caption: Statement, _ figure: Figure) {
    self.name = name
    self.caption = caption
    self.figure = figure
  }
}

/// A table of numbers from the rows.
public struct ReportTable: Sendable {
  /// What its lines are.
  enum Lines: Sendable {
    /// One for each value of a column of the rows; the same query for all, with that value.
    case values(of: String, form: NumberFormat, columns: [(title: String, query: Query)])
    /// Given ones, a number a column.
    case given([(title: String, cells: [Quoted?])], heading: String, columns: [String])
  }

  public var caption: Statement
  var lines: Lines
  /// Of lines that are values of a column, these alone and in this order; nil for all.
  var only: [Value]?

  /// - Parameters:
  ///   - by: the column whose values become lines; those in rows that meet `conditions`.
  ///   - conditions: for all cells, such as "set=letter"; empty for none.
  ///   - columns: a title and a query for each column; means are shown with their standard deviation.
  public init(
    _ caption: Statement, by: String, where conditions: String = "", _ columns: KeyValuePairs<String, String>,
    as form: NumberFormat = .significant(3)
  ) {
    self.caption = caption
    let shared = Condition.list(conditions)
    lines = .values(
      of: by, form: form, columns: columns.map { ($0, shared.reduce(Query($1)) { $0.adding($1) }) })
  }

  /// One column for each value of `column` in `rows`, which meet `conditions`: `statistic` is such as "mean of loss".
  public init(
    _ caption: Statement, by: String, columns column: String, of rows: Rows, _ statistic: String,
    where conditions: String = "", as form: NumberFormat = .significant(3)
  ) {
    self.caption = caption
    let shared = Condition.list(conditions)
    lines = .values(
      of: by, form: form,
      columns: rows.where(conditions).values(of: column).map { value in
        let own = Condition("\(column)=\(value.text)")!
        return ("\(column) \(value.text)", (shared + [own]).reduce(Query(statistic)) { $0.adding($1) })
      })
  }

  /// Where each line has queries of its own: a footnote a cell.
  ///
  /// - Parameters:
  ///   - lines: a title, which may have digits only in `backticks`, and for each of `columns` a number; nil is "-".
  ///   - heading: over the titles.
  public init(
    _ caption: Statement, _ lines: [(title: String, cells: [Quoted?])], heading: String = "", columns: [String]
  ) {
    precondition(lines.allSatisfy { $0.cells.count == columns.count }, "a table with a cell too many or too few")
    self.caption = caption
    self.lines = .given(lines, heading: heading, columns: columns)
  }

  /// Of a table by the values of a column, those that it has lines for: of rows that some query takes a number from.
  func values(_ rows: Rows) -> [Value] {
    guard case .values(let column, _, let columns) = lines else { return [] }
    if let only { return only }
    let used = rows.all.filter { row in
      columns.contains { _, query in
        row[query.column] != nil && query.conditions.allSatisfy { $0.holds(of: row) }
      }
    }
    return Rows(used).values(of: column)
  }
}
