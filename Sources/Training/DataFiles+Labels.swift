import Errors
import LinearAlgebra
import TensorFiles

/// Labels of classes, as any format has them.
extension DataFiles {
  /// Labels that are no whole numbers, one for each example, are numbers to predict.
  func read<Scalar>() throws -> Labelled<Scalar> {
    do {
      return try readLabelled()
    } catch var error as FileError {
      if error.isOfLabels { error.remedy = .lossForNumbers }
      throw error
    }
  }

  private func readLabelled<Scalar>() throws -> Labelled<Scalar> {
    try checkTableOptions()
    let count = labelsPerExample
    switch location {
    case .pair(let features, let labels):
      guard let labels else { throw DataError(features, "expected labels for these features, got none") }
      guard count > 1 else { return try labelled(LabelFile.read(labels), labels) { try self.features(of: features) } }
      return try numbered(self.features(of: features), NPY.integers(labels, columns: count), labels)
    case .file(let path):
      let format = try format(of: path)
      guard count == 1 || format == .npz || format == .npy else {
        throw DataError(
          path,
          "the model classifies \(count) positions of each example: expected a .npz file with labels y [N, \(count)]")
      }
      switch format {
      case .npz:
        let archive = try self.archive(path)
        guard count > 1 else { return try labelled(archive.labels("y"), path) { try features(of: archive, path) } }
        return try numbered(features(of: archive, path), archive.integers("y", columns: count), path)
      case .npy: throw featuresWithoutLabels(path)
      case .csv: return try csv(path)
      case .libsvm: return try libsvm(path)
      }
    }
  }

  /// Labels that stand alone.
  private func labelled<Scalar>(
    _ labels: StoredLabels, _ path: String, _ features: () throws -> Features<Scalar>
  ) throws -> Labelled<Scalar> {
    let features = try features()
    switch labels {
    case .numbers(let values): return try numbered(features, values, path)
    case .truths(let values):
      try checkCount(values.count, features, path)
      return texts(features, ["false", "true"], values.map { $0 ? 1 : 0 })
    case .texts(let names, var codes, let lines):
      var remarks: [String] = []
      if codes.count == features.rows + 1, lines.count > 0, isHeader(names, codes) {
        codes.removeFirst()
        remarks = ["the first line of \(path), \"\(names[0])\", is no label but a header"]
      }
      try checkCount(codes.count, features, path)
      var result: Labelled<Scalar> = texts(features, names, codes)
      result.remarks = remarks
      return result
    }
  }

  /// Whether the first of one line too many is the name of the others.
  private func isHeader(_ names: [String], _ codes: [Int32]) -> Bool {
    guard !codes.dropFirst().contains(0) else { return false }
    return DelimitedText.labelNames.contains(names[0].lowercased()) || names[0].lowercased() == "labels"
      || Double(names[0]) == nil && names.dropFirst().allSatisfy { Double($0) != nil }
  }

  private func checkCount<Scalar>(_ labels: Int, _ features: Features<Scalar>, _ path: String) throws(DataError) {
    guard labels == features.rows * labelsPerExample else {
      let got = labelsPerExample == 1 ? "\(labels) labels" : "\(labels / labelsPerExample) rows of labels"
      throw DataError(path, "expected one label for each of the \(features.rows) feature rows, got \(got)")
    }
  }

  /// Whole numbers as they stand in an array: classes by value. Of positions, a negative one is no label.
  private func numbered<Scalar>(
    _ features: Features<Scalar>, _ labels: [Int], _ path: String
  ) throws(DataError) -> Labelled<Scalar> {
    try checkCount(labels.count, features, path)
    let hasNone = labelsPerExample > 1
    var distinct = Set(labels)
    if hasNone { distinct = distinct.filter { $0 >= 0 } }
    let values = distinct.sorted()
    let codes: [Int32]
    if let first = values.first, let last = values.last, first == 0, last == values.count - 1 {
      codes = labels.map { $0 < 0 ? -1 : Int32($0) }
    } else {
      let places = Dictionary(uniqueKeysWithValues: zip(values, Int32(0)...))
      codes = labels.map { hasNone && $0 < 0 ? -1 : places[$0]! }
    }
    return Labelled(features: features, codes: codes, names: values.map(String.init))
  }

  private func libsvm<Scalar>(_ path: String) throws -> Labelled<Scalar> {
    let contents = try LIBSVM.read(path, as: Scalar.self, options: libsvmOptions(.classes))
    var result: Labelled<Scalar> = texts(contents.features, contents.labelNames, contents.labelCodes)
    (result.indexBase, result.remarks) = (contents.indexBase, [remark(contents.indexBase)])
    result.lines = contents.lines
    return result
  }

  private func csv<Scalar>(_ path: String) throws -> Labelled<Scalar> {
    let table: DelimitedText.Table<Scalar> = try self.table(path, for: .labels)
    var result: Labelled<Scalar> = texts(.dense(table.features), table.labelNames, table.labelCodes)
    (result.table, result.lines, result.weights) = (table.layout.description, table.lines, table.weights)
    let label = table.labelColumn.map { "labels are in column \"\($0)\"" }
    result.remarks = [label].compactMap { $0 } + table.layout.remarks
    return result
  }

  /// Labels as text: `codes` are indices into `names`, of which some may not occur.
  private func texts<Scalar>(
    _ features: Features<Scalar>, _ names: [String], _ codes: [Int32]
  ) -> Labelled<Scalar> {
    let used = Set(codes).sorted()
    let labels = ClassLabels(used.map { names[Int($0)] })
    let classes = Dictionary(uniqueKeysWithValues: zip(used, labels.classes))
    var result = Labelled(features: features, codes: codes.map { classes[$0]! }, names: labels.names)
    (result.kind, result.areRealNumbers) = (labels.kind, labels.areRealNumbers)
    return result
  }

  /// Where a label is.
  func place(_ label: Int, _ lines: RowLines = RowLines()) -> String {
    if lines.count > 0 { return "line \(lines[label])" }
    let row = "row \(label / labelsPerExample)"
    return labelsPerExample == 1 ? row : "\(row), position \(label % labelsPerExample)"
  }
}
