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
    // Before anything is made for each target: an array may have many columns and no row.
    guard table.values.rows == table.features.rows else {
      throw DataError(
        table.targetSource ?? name,
        "expected targets for each of the \(table.features.rows) feature rows, got \(table.values.rows) rows")
    }
    let names = table.names ?? Dataset<Scalar>.defaultTargetNames(table.values.columns)
    if let path = table.targetSource {
      try Dataset.checkFinite(table.values, path, names, kind: "target")
    }
    var data = try Dataset(
      features: table.features, values: table.values, targetNames: names, source: name,
      columnNames: table.table?.featureNames)
    data.targetSource = table.targetSource
    try data.setWeights(of: table.weights)
    return Loaded(data: data, remarks: table.remarks, table: table.table, indexBase: table.indexBase)
  }

  private struct Valued<Scalar: RealScalar> {
    var features: Features<Scalar>
    var values: Matrix<Scalar>
    var names: [String]?
    var table: TableDescription?
    var indexBase: LIBSVM.IndexBase?
    var weights: [Double] = []
    var remarks: [String] = []
    /// A file of targets alone.
    var targetSource: String?
  }

  private func readValues<Scalar>() throws -> Valued<Scalar> {
    try checkTableOptions()
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
      case .npy: throw featuresWithoutLabels(path)
      case .csv:
        let table: DelimitedText.Table<Scalar> = try self.table(path, for: .labels)
        try checkKind(of: table.targets, path)
        let names = table.layout.targetNames
        let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
        return Valued(
          features: .dense(table.features), values: table.targets, names: names, table: table.layout.description,
          weights: table.weights,
          remarks: ["targets are in column\(names.count == 1 ? "" : "s") \(list)"] + table.layout.remarks)
      case .libsvm:
        let contents = try LIBSVM.read(path, as: Scalar.self, options: libsvmOptions(.numbers))
        let values = Matrix(rows: contents.targets.count, columns: 1, elements: contents.targets)
        try checkKind(of: values, path)
        return Valued(
          features: contents.features, values: values, indexBase: contents.indexBase,
          remarks: [remark(contents.indexBase)])
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
}
