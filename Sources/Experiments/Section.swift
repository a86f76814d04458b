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

/// A table: a line for each value of a column, a number from the rows in each cell.
public struct ReportTable: Sendable {
  public var caption: Statement
  /// The column that lines are by.
  var by: String
  var columns: [(title: String, query: Query)]
  var form: NumberFormat
  /// The lines, in order; nil for all.
  var only: [Value]?

  /// - Parameters:
  ///   - by: the column whose values become lines; those in rows that meet `conditions`.
  ///   - columns: a title and a query for each column; means are shown with their standard deviation.
  ///   - conditions: for all cells, such as "set=letter"; empty for none.
  public init(
    _ caption: Statement, by: String, where conditions: String = "", _ columns: KeyValuePairs<String, String>,
    as form: NumberFormat = .significant(3)
  ) {
    self.caption = caption
    self.by = by
    self.form = form
    let shared = Condition.list(conditions)
    self.columns = columns.map { title, text in
      (title, shared.reduce(Query(text)) { $0.adding($1) })
    }
  }

  /// One column for each value of `column` in `rows`, which meet `conditions`: `statistic` is such as "mean of loss".
  public init(
    _ caption: Statement, by: String, columns column: String, of rows: Rows, _ statistic: String,
    where conditions: String = "", as form: NumberFormat = .significant(3)
  ) {
    self.init(caption, by: by, where: conditions, [:], as: form)
    let shared = Condition.list(conditions)
    columns = rows.where(conditions).values(of: column).map { value in
      let own = Condition("\(column)=\(value.text)")!
      return ("\(column) \(value.text)", (shared + [own]).reduce(Query(statistic)) { $0.adding($1) })
    }
  }

  /// What lines there are.
  func lines(_ rows: Rows) -> [Value] {
    if let only { return only }
    let used = rows.all.filter { row in
      columns.contains { column in
        row[column.query.column] != nil && column.query.conditions.allSatisfy { $0.holds(of: row) }
      }
    }
    return Rows(used).values(of: by)
  }

  /// As text: a mean has its deviation.
  func cell(_ query: Query, line: Value, _ rows: Rows) -> String {
    let query = query.adding(Condition("\(by)=\(line.text)")!)
    let value = query.value(rows.all)
    guard value != nil, query.statistic == .mean, let spread = query.taking(.deviation).value(rows.all) else {
      return form.text(value)
    }
    return "\(form.text(value)) +- \(form.text(spread))"
  }
}
