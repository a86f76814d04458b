import Errors
import LinearAlgebra
import TensorFiles

/// Tables: which columns are what, and what happens where values are missing.
extension DataFiles {
  package enum Purpose: Sendable { case labels, prediction }

  /// Reads a table. Missing values are filled where they are to be.
  func table<Scalar: RealScalar>(_ path: String, for purpose: Purpose) throws -> DelimitedText.Table<Scalar> {
    var options = DelimitedText.Options()
    (options.hasHeader, options.delimiter, options.decimal) = (hasHeader, delimiter, decimal)
    options.request = request(for: purpose)
    let policy = missingValues ?? (table?.fill == nil ? .error : .mean)
    options.missing =
      switch policy {
      case .error: .error
      case .drop: purpose == .labels ? .drop : .keep
      case .mean: .fill
      }
    var result = try DelimitedText.read(path, as: Scalar.self, options: options)
    if policy == .mean { try fill(&result, path) }
    return result
  }

  /// Throws where something is wanted of a table and the examples are in none.
  func checkTableOptions() throws {
    var wanted: [String] = []
    if labelColumn != nil || !targetColumns.isEmpty { wanted.append("label-column") }
    if idColumn != nil { wanted.append("id-column") }
    if weightColumn != nil { wanted.append("weight-column") }
    if !columns.isEmpty { wanted.append("columns") }
    if !droppedColumns.isEmpty { wanted.append("drop-columns") }
    if missingValues == .drop || missingValues == .mean { wanted.append("missing") }
    guard let option = wanted.first else { return }
    if try isTable(location) { return }
    throw OptionError(option, "is for tables, and \(name) is none")
  }

  /// Whether a file is a table.
  package func isTable(_ location: Location) throws -> Bool {
    if case .file(let path) = location { return try format(of: path) == .csv }
    return false
  }

  /// The same for another file, which may be of another kind.
  package func elsewhere(_ location: Location) throws -> DataFiles {
    var files = self
    files.location = location
    if try isTable(location) { return files }
    (files.labelColumn, files.targetColumns, files.idColumn, files.weightColumn) = (nil, [], nil, nil)
    (files.columns, files.droppedColumns, files.missingValues) = ([], [], nil)
    return files
  }

  /// What is wanted of a table, or of rows of text that come one by one.
  package func request(for purpose: Purpose) -> TableRequest {
    var request = TableRequest()
    request.label = labelColumn ?? .automatic
    request.needsLabels = purpose == .labels
    if targetKind != .classes { (request.targets, request.targetNames) = (targetColumns, targetNames) }
    (request.id, request.columns, request.dropped) = (idColumn, columns, droppedColumns)
    request.weight = weightColumn
    (request.description, request.width) = (table, followsModel ? featureCount : nil)
    return request
  }

  /// Puts means in the place of missing values: those of the model, or of the table itself in training.
  private func fill<Scalar>(_ result: inout DelimitedText.Table<Scalar>, _ path: String) throws(DataError) {
    guard let means = followsModel ? table?.fill : result.means() else {
      throw DataError(path, "the model was not trained with means for missing values, and keeps none")
    }
    let width = means.count
    for element in result.missing { result.features[element / width, element % width] = Scalar(means[element % width]) }
    result.layout.description.fill = means
    let count = result.missing.count
    if count > 0 {
      result.layout.remarks.append("\(count) missing value\(count == 1 ? "" : "s") filled with the column's mean")
    }
  }

  /// The rows of a table to be predicted.
  func tableRows<Scalar>(_ path: String, width: Int) throws -> Rows<Scalar> {
    var files = self
    (files.featureCount, files.followsModel) = (width, true)
    let table: DelimitedText.Table<Scalar> = try files.table(path, for: .prediction)
    var rows = Rows(features: .dense(table.features))
    (rows.incomplete, rows.ids, rows.lines) = (table.incomplete, table.ids, table.lines)
    rows.idName = table.layout.id.map { table.layout.names[$0] }
    rows.remarks = table.layout.remarks
    return rows
  }
}

extension DelimitedText.Table {
  /// The mean of each feature over the examples that have it, 0 where none has, in Double.
  func means() -> [Double] {
    let width = features.columns
    var (sums, counts) = ([Double](repeating: 0, count: width), [Int](repeating: features.rows, count: width))
    for element in missing { counts[element % width] -= 1 }
    // A missing value is a zero here.
    for i in 0..<features.rows {
      for j in 0..<width { sums[j] += Double(features[i, j]) }
    }
    return zip(sums, counts).map { $1 > 0 ? $0 / Double($1) : 0 }
  }
}
