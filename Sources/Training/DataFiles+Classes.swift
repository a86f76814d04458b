import Errors
import LinearAlgebra
import TensorFiles

extension DataFiles {
  /// What is known of classes before labels are read.
  package struct KnownClasses: Sendable, Equatable {
    /// Those of a model to go on from; empty without one.
    package var names: [String] = []
    /// Whether the model's file has no names of classes: then they are numbers, and the data's order says what they are.
    package var areUnnamed = false
    /// The outputs of a network that starts anew.
    package var count: Int?
    /// Whether the caller has said that labels are classes, however many there are.
    package var isCertain = false

    package init() {}
  }

  /// A training set: its labels define the classes, unless they are numbers to predict.
  ///
  /// What is the same class, and in which order classes are, is the same for all formats: see `ClassLabels`.
  public func load<Scalar>(as type: Scalar.Type = Scalar.self) throws -> Loaded<Scalar> {
    guard targetKind == .classes else { return try loadValues() }
    let table: Labelled<Scalar> = try read()
    var remarks = table.remarks
    try checkAreClasses(table, &remarks)
    let (names, codes) = try classes(of: table, &remarks)
    let occurring = Set(codes).filter { $0 >= 0 }
    guard occurring.count >= 2 || occurring.count == 1 && !known.names.isEmpty else {
      let only = occurring.first.map { "one class only (\(names[Int($0)]))" } ?? "none"
      throw DataError(name, "expected examples of at least two classes, got \(only)")
    }
    if occurring.count < names.count {
      let absent = names.indices.filter { !occurring.contains(Int32($0)) }.map { names[$0] }
      remarks.append("no example of \(absent.count == 1 ? "class" : "\(absent.count) classes:") \(Self.list(absent))")
    }
    var data = try Dataset(
      features: table.features, labels: codes, labelsPerExample: labelsPerExample, classNames: names,
      source: name, columnNames: table.table?.featureNames)
    try data.setWeights(of: table.weights)
    return Loaded(data: data, remarks: remarks, table: table.table, indexBase: table.indexBase)
  }

  /// Refuses labels that are numbers to predict, as far as that can be told; asks where it cannot.
  private func checkAreClasses<Scalar>(_ table: Labelled<Scalar>, _ remarks: inout [String]) throws(DataError) {
    if table.areRealNumbers {
      let text = table.names.first { ClassLabels.wholeNumber($0) == nil } ?? table.names[0]
      throw DataError(name, "expected classes, got numbers such as \(text):", remedy: .lossForNumbers)
    }
    let (count, rows) = (table.names.count, table.codes.count)
    guard classNames == nil, known.names.isEmpty, known.count == nil, labelsPerExample == 1, count > 10 else { return }
    let text = "\(count) different \(table.kind == .wholeNumber ? "whole numbers" : "labels") in \(rows) rows"
    if Double(count) >= 0.8 * Double(rows), table.kind == .wholeNumber, !known.isCertain {
      throw DataError(name, "expected classes, got \(text):", remedy: .classesOrNumbers)
    }
    if count * 5 >= rows {
      remarks.append(
        "\(text): " + (table.kind == .wholeNumber ? "are they numbers to predict?" : "do they tell rows apart?"))
    }
  }

  /// The classes in order, and the class of each label: negative for none.
  private func classes<Scalar>(
    of table: Labelled<Scalar>, _ remarks: inout [String]
  ) throws(DataError) -> (names: [String], codes: [Int32]) {
    func coded(_ names: [String], _ classes: [Int32?]) throws(DataError) -> (names: [String], codes: [Int32]) {
      if let i = table.codes.firstIndex(where: { $0 >= 0 && classes[Int($0)] == nil }) {
        throw unknown(table, i, names)
      }
      return (names, table.codes.map { $0 < 0 ? -1 : classes[Int($0)]! })
    }
    if let classNames {
      guard Set(classNames).count == classNames.count, classNames.count >= 2 else {
        throw DataError(name, "expected two different names of classes or more, got \(Self.list(classNames))")
      }
      return try coded(classNames, Self.lookUp(table.names, in: classNames).classes)
    }
    if !known.names.isEmpty {
      let (names, classes) = try continued(table.names, &remarks)
      return try coded(names, classes)
    }
    if let count = known.count, count > table.names.count, table.kind == .wholeNumber, count <= 1 << 24 {
      let numbers = table.names.map { ClassLabels.wholeNumber($0).flatMap { 0..<count ~= $0 ? Int32($0) : nil } }
      if !numbers.contains(nil), numbers.last == Int32(count - 1) {
        return try coded((0..<count).map(String.init), numbers)
      }
    }
    if table.kind == .wholeNumber, table.names.last != "\(table.names.count - 1)", table.indexBase == nil,
      table.table == nil
    {
      remarks.append("labels are \(table.names.count) classes by value: \(Self.list(table.names))")
    }
    return (table.names, table.codes)
  }

  /// The classes of a model to go on from and those that the data add, and which of them each of the data's is.
  ///
  /// See `ClassLabels.joined`. A model without names has those of the data, in order, where there are as many.
  private func continued(
    _ labels: [String], _ remarks: inout [String]
  ) throws(DataError) -> (names: [String], classes: [Int32]) {
    let (names, new) = ClassLabels.joined(known.names, with: labels)
    if known.areUnnamed, !new.isEmpty {
      guard labels.count == known.names.count else {
        throw DataError(
          name,
          "the model to go on from has \(known.names.count) classes without names, and the data have \(labels.count): "
            + Self.list(labels))
      }
      remarks.append("the model has no names of classes: they are taken to be \(Self.list(labels)), in this order")
      return (labels, labels.indices.map { Int32($0) })
    }
    if !new.isEmpty {
      let text = new.count == 1 ? "class \(new[0]) is" : "\(new.count) classes (\(Self.list(new))) are"
      remarks.append("\(text) added to the model's (\(Self.list(known.names))); new weights start at zero")
    }
    let all = ClassLookup(names)
    return (names, labels.map { all[$0]! })
  }

  /// The classes of labels: by name; or, where names are text and no label is one of them, by number from 0.
  private static func lookUp(_ labels: [String], in names: [String]) -> (classes: [Int32?], isByNumber: Bool) {
    let found = ClassLookup(names)
    let classes = labels.map { found[$0] }
    guard classes.allSatisfy({ $0 == nil }) else { return (classes, false) }
    let numbers = labels.compactMap { ClassLabels.wholeNumber($0) }
    guard numbers.count == labels.count, ClassLabels(names).kind == .text else { return (classes, false) }
    return (numbers.map { names.indices.contains($0) ? Int32($0) : nil }, true)
  }

  private func unknown<Scalar>(_ table: Labelled<Scalar>, _ label: Int, _ names: [String]) -> DataError {
    DataError(
      name,
      "\(place(label, table.lines)): expected a label among the \(names.count) classes (\(Self.list(names))), "
        + "got \"\(table.names[Int(table.codes[label])])\"")
  }

  /// Data to be used with a model whose classes are `classNames`.
  ///
  /// Examples of other labels are left out, counted in `Dataset.unknownLabels` and said; data of no others are refused,
  /// as are such labels of positions.
  ///
  /// - Parameter note: is told what a person should know, such as which columns were ignored.
  public func load<Scalar>(
    as type: Scalar.Type = Scalar.self, classNames: [String], note: (String) -> Void = { _ in }
  ) throws -> Dataset<Scalar> {
    let table: Labelled<Scalar> = try read()
    for remark in table.remarks { note("\(name): \(remark)") }
    let (classes, isByNumber) = Self.lookUp(table.names, in: classNames)
    if isByNumber { note("\(name): labels are taken for the numbers of the classes \(Self.list(classNames)), from 0") }
    func dataset(_ labels: [Int32]) throws(DataError) -> Dataset<Scalar> {
      var data = try Dataset(
        features: table.features, labels: labels, labelsPerExample: labelsPerExample, classNames: classNames,
        source: name, columnNames: table.table?.featureNames)
      try data.setWeights(of: table.weights)
      return data
    }
    guard let first = table.codes.firstIndex(where: { $0 >= 0 && classes[Int($0)] == nil }) else {
      return try dataset(table.codes.map { $0 < 0 ? $0 : classes[Int($0)]! })
    }
    let isKnown = table.codes.map { classes[Int(max(0, $0))] != nil }
    guard labelsPerExample == 1, isKnown.contains(true) else { throw unknown(table, first, classNames) }
    var data = try dataset(table.codes.map { classes[Int($0)] ?? 0 })
      .rows(isKnown.indices.filter { isKnown[$0] }.map { Int32($0) })
    for (code, isKnown) in zip(table.codes, isKnown) where !isKnown {
      data.unknownLabels[table.names[Int(code)], default: 0] += 1
    }
    for (row, isKnown) in isKnown.enumerated() where !isKnown {
      data.unknownWeight += table.weights.isEmpty ? 1 : table.weights[row]
    }
    let labels = data.unknownLabels.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
    let count = labels.reduce(0) { $0 + $1.value }
    note(
      "\(name): \(count) of \(table.codes.count) examples have labels that are no classes of the model: "
        + Self.list(labels.map { "\"\($0.key)\" (\($0.value))" }) + "; losses are without them, and they count as wrong"
    )
    return data
  }
}
