import Errors
import LinearAlgebra
import TensorFiles

/// Numbers to predict.
extension DataFiles {
  /// A data set for a regression. Targets are named as the columns of a CSV file, or else "y", or "y0", "y1", ...
  func loadValues<Scalar>(as type: Scalar.Type = Scalar.self) throws -> Loaded<Scalar> {
    guard labelsPerExample == 1 else {
      throw DataError(name, "the model has outputs for \(labelsPerExample) positions of each example: classes only")
    }
    let table: Valued<Scalar> = try readValues()
    let names = table.names ?? Dataset<Scalar>.defaultTargetNames(table.values.columns)
    if let path = table.targetSource {
      guard table.values.rows == table.features.rows else {
        throw DataError(
          path, "expected targets for each of the \(table.features.rows) feature rows, got \(table.values.rows) rows")
      }
      try Dataset.checkFinite(table.values, path, names, kind: "target")
    }
    var data = try Dataset(
      features: table.features, values: table.values, targetNames: names, source: name,
      columnNames: table.columnNames)
    data.targetSource = table.targetSource
    return Loaded(data: data, remark: table.remark, indexBase: table.indexBase)
  }

  /// The features of a table that may hold targets too.
  func csvFeaturesOfRegression<Scalar>(_ path: String, width: Int) throws -> Matrix<Scalar> {
    let table = try DelimitedText.read(path, as: Scalar.self, options: csvOptions(.absent))
    if table.features.columns == width && targetColumns.isEmpty { return table.features }
    return try parts(of: table, path).features.dense
  }

  private struct Valued<Scalar: RealScalar> {
    var features: Features<Scalar>
    var values: Matrix<Scalar>
    var names: [String]?
    var columnNames: [String]?
    var indexBase: LIBSVM.IndexBase?
    var remark: String?
    /// A file of targets alone.
    var targetSource: String?
  }

  private func readValues<Scalar>() throws -> Valued<Scalar> {
    switch location {
    case .pair(let features, let labels):
      guard let labels else { throw DataError(features, "expected labels for these features, got none") }
      let (values, stored): (Matrix<Scalar>, ElementType) = try NPY.columns(labels)
      try checkKind(stored, labels)
      return try Valued(features: self.features(of: features), values: values, targetSource: labels)
    case .file(let path):
      switch try format(of: path) {
      case .npz:
        let archive = try self.archive(path)
        let (values, stored): (Matrix<Scalar>, ElementType) = try archive.columns("y")
        try checkKind(stored, path)
        return try Valued(features: features(of: archive, path), values: values)
      case .csv:
        let table = try parts(of: DelimitedText.read(path, as: Scalar.self, options: csvOptions(.absent)), path)
        try checkKind(of: table.values, path)
        return table
      case .libsvm:
        let contents = try LIBSVM.read(path, as: Scalar.self, options: libsvmOptions(realLabels: true))
        let values = Matrix(rows: contents.targets.count, columns: 1, elements: contents.targets)
        try checkKind(of: values, path)
        return Valued(
          features: contents.features, values: values, indexBase: contents.indexBase, remark: remark(contents.indexBase)
        )
      }
    }
  }

  private func checkKind(_ stored: ElementType, _ path: String) throws(DataError) {
    guard targetKind == .measurements, stored.isInteger else { return }
    throw DataError(
      path,
      "expected real targets, got an array of \(stored.rawValue), as class numbers are:", remedy: .integerArray)
  }

  private func checkKind<Scalar>(of values: Matrix<Scalar>, _ path: String) throws(DataError) {
    guard targetKind == .measurements else { return }
    var distinct: Set<Scalar> = []
    for value in values.elements {
      distinct.insert(value)
      guard value.rounded(.towardZero) == value, distinct.count <= 100 else { return }
    }
    let list = Self.list(distinct.sorted().map { NumberText.fixed(Double($0), 0) })
    throw DataError(
      path,
      "expected real targets, got \(distinct.count) different whole numbers (\(list)), as class numbers are:",
      remedy: .integerColumn)
  }

  /// Cuts a table into features and targets.
  private func parts<Scalar>(
    of table: DelimitedText.Table<Scalar>, _ path: String
  ) throws(DataError) -> Valued<Scalar> {
    let names = table.featureNames
    let targets = try targetPositions(names, path)
    let others = names.indices.filter { !targets.contains($0) }
    guard !others.isEmpty else { throw DataError(path, "expected a column of features, got only targets") }
    let found = targets.map { names[$0] }
    let list = found.map { "\"\($0)\"" }.joined(separator: ", ")
    return Valued(
      features: .dense(ColumnLoops.columns(others, of: table.features)),
      values: ColumnLoops.columns(targets, of: table.features),
      names: found, columnNames: others.map { names[$0] },
      remark: "targets are in column\(found.count == 1 ? "" : "s") \(list)")
  }

  /// Which columns hold targets: those that were asked for, else those of the model, else the one that is named so.
  private func targetPositions(_ names: [String], _ path: String) throws(DataError) -> [Int] {
    let list = Self.list(names.map { "\"\($0)\"" })
    if targetColumns.isEmpty {
      let known = targetNames.compactMap { name in names.firstIndex(of: name) }
      if !known.isEmpty && known.count == targetNames.count { return known }
      let lowercased = names.map { $0.lowercased() }
      guard let name = DelimitedText.labelNames.first(where: lowercased.contains) else {
        throw DataError(
          path,
          "cannot tell which column holds the targets: none is named label, class, target or y; name one of \(list), "
            + "or several,", remedy: .targetColumns)
      }
      let matches = names.indices.filter { lowercased[$0] == name }
      guard matches.count == 1 else {
        throw DataError(path, "expected one column named \"\(name)\", got \(matches.count):", remedy: .oneLabelColumn)
      }
      return matches
    }
    var result: [Int] = []
    for column in targetColumns {
      let matches: [Int]
      switch column {
      case .index(let index):
        guard names.indices.contains(index) else {
          throw DataError(path, "expected a target column below \(names.count), got \(index), counted from 0")
        }
        matches = [index]
      case .name(let name):
        matches = names.indices.filter { names[$0] == name }
        guard matches.count == 1 else {
          let got = matches.isEmpty ? "none" : "\(matches.count)"
          throw DataError(path, "expected one column named \"\(name)\", got \(got); the columns are \(list)")
        }
      case .automatic, .absent: throw DataError(path, "expected a name or a number for each target column")
      }
      guard !result.contains(matches[0]) else {
        throw DataError(path, "expected each target column once, got \"\(names[matches[0]])\" twice")
      }
      result += matches
    }
    return result
  }
}

private enum ColumnLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func columns<S: RealScalar>(_ index: [Int], of x: Matrix<S>) -> Matrix<S> {
    var result = Matrix<S>(rows: x.rows, columns: index.count)
    for i in 0..<x.rows {
      for (j, column) in index.enumerated() { result[i, j] = x[i, column] }
    }
    return result
  }
}
