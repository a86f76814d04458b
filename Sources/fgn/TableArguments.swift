import ArgumentParser
import FastGaussNewton

extension DataFiles.MissingValues: ExpressibleByArgument {}
extension DelimitedText.Decimal: ExpressibleByArgument {}
extension DelimitedText.Delimiter: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// How tables (CSV) are read.
struct TableArguments: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: """
      Whether the first line of a table names the columns. By default it does if it differs in kind from the second, \
      and what was decided is printed.
      """)
  var header: Bool?

  @Option(help: "Between fields of a table: comma, semicolon, tab, pipe or space, or the character. Found by default.")
  var delimiter: DelimitedText.Delimiter?

  @Option(help: "Before the fraction of numbers in a table. Found by default.")
  var decimal: DelimitedText.Decimal?

  @Option(
    help: """
      Where a feature is missing (empty, NA, nan, null, none, ?): an error; drop the example, in predictions an empty \
      answer; or the mean of the column in the training data. By default what the model does, or else an error.
      """)
  var missing: DataFiles.MissingValues?

  @Option(
    parsing: .unconditional,
    help: "Column of a table that tells rows apart, by name or number: no feature, and written beside predictions.")
  var idColumn: String?

  @Option(
    parsing: .unconditional,
    help: """
      Column of a table that holds the weight of each example, at least 0, by name or number: no feature. A model that \
      was trained with one is evaluated with it too.
      """)
  var weightColumn: String?

  @Option(help: "The columns of a table that are features, with commas between them. The model remembers them.")
  var columns: String?

  @Option(help: "Columns of a table that are no features, with commas between them.")
  var dropColumns: String?

  func set(_ files: inout DataFiles) {
    (files.hasHeader, files.delimiter, files.decimal, files.missingValues) = (header, delimiter, decimal, missing)
    (files.idColumn, files.weightColumn) = (idColumn.map { .name($0) }, weightColumn.map { .name($0) })
    func list(_ text: String?) -> [String] { text?.split(separator: ",").map(String.init) ?? [] }
    (files.columns, files.droppedColumns) = (list(columns), list(dropColumns))
  }
}
