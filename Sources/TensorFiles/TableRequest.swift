import Errors

/// What is wanted of a table, from which each column gets its part, in one place for files and for rows from a pipe.
///
/// Without a model the table says what it is: the label column is the one that was asked for, or is named so, or the
/// only one with text; unnamed row numbers and what is to be left out are no features; the rest are. With the
/// description that a model kept, columns are found by their names where both have names, in whatever order they come,
/// and by position with their count otherwise.
package struct TableRequest: Sendable {
  package var label = DelimitedText.LabelColumn.automatic
  /// Whether the label column, or the targets, must be there.
  package var needsLabels = true
  /// The columns of numbers to predict; nil for classes.
  package var targets: [DelimitedText.LabelColumn]?
  /// What the targets of a model are called.
  package var targetNames: [String] = []
  /// The column that tells rows apart, which is no feature.
  package var id: DelimitedText.LabelColumn?
  /// The column of weights of the examples, which is no feature.
  package var weight: DelimitedText.LabelColumn?
  /// The features, where these are not all that is left.
  package var columns: [String] = []
  /// No features.
  package var dropped: [String] = []
  /// Of the data that the model was trained on.
  package var description: TableDescription?
  /// D of the model.
  package var width: Int?

  package init() {}

  /// The parts of the columns of one table.
  ///
  /// - Parameters:
  ///   - names: of the columns; nil where the first line is an example.
  ///   - sample: fields of some examples, the first ones.
  ///   - isNumber: whether a text is a number here; a missing value is none and no text either.
  /// - Throws: `FileError` for columns that are not there or are not numbers, with the names of what is there.
  package func layout(
    names given: [String]?, sample: [[String]], path: String, isNumber: @escaping (String) -> Bool
  ) throws(FileError) -> TableLayout {
    let count = given?.count ?? sample.first?.count ?? 0
    let table = TableColumns(
      names: given ?? (0..<count).map(String.init), isNamed: given != nil, sample: sample, path: path,
      isNumber: isNumber)
    if let description, description.isNamed, table.isNamed { return try byName(table, description) }
    if let width { return try byPosition(table, width) }
    return try fresh(table)
  }

  /// Of a table that a model is to be trained on.
  private func fresh(_ table: TableColumns) throws(FileError) -> TableLayout {
    var roles = [TableDescription.Role?](repeating: nil, count: table.names.count)
    var remarks: [String] = []
    try findOthers(table, &roles, &remarks)
    for name in dropped {
      let column = try table.find(.name(name), "column to leave out", &remarks)
      if roles[column] == nil { roles[column] = .ignored }
    }
    let found = try table.findTargets(self, &remarks, taken: roles)
    for column in found { roles[column] = targets == nil ? .label : .target }
    if !columns.isEmpty {
      for name in columns {
        let column = try table.find(.name(name), "feature", &remarks)
        guard roles[column] == nil else {
          throw .badData(
            table.path, "column \(excerpt(table.names[column])) cannot be a feature and a \(roles[column]!)")
        }
        roles[column] = .feature
      }
      let others = roles.indices.filter { roles[$0] == nil }
      if !others.isEmpty { remarks.append("left out: \(listed(others.map { table.names[$0] }))") }
      for column in others { roles[column] = .ignored }
    }
    if table.isNamed {
      for column in roles.indices where roles[column] == nil {
        guard let role = table.unnamedRole(column) else { continue }
        roles[column] = role
        remarks.append(
          role == .index
            ? "column \(column + 1) has no name and counts or names the rows: it is no feature"
            : "column \(column + 1) has no name and is empty: it is left out")
      }
    }
    let all = roles.map { $0 ?? .feature }
    return try table.layout(all, targets: targets == nil ? [] : found, remarks: remarks)
  }

  /// The columns of ids and of weights that were asked for.
  private func findOthers(
    _ table: TableColumns, _ roles: inout [TableDescription.Role?], _ remarks: inout [String]
  ) throws(FileError) {
    if let id { roles[try table.find(id, "id", &remarks)] = .id }
    guard let weight else { return }
    let column = try table.find(weight, "weight", &remarks)
    guard roles[column] == nil else {
      throw .badData(table.path, "column \(excerpt(table.names[column])) cannot be an id and a weight")
    }
    roles[column] = .weight
  }

  /// Columns by the names that the model knows.
  private func byName(_ table: TableColumns, _ known: TableDescription) throws(FileError) -> TableLayout {
    var places: [String: [Int]] = [:]
    for (column, name) in table.names.enumerated().reversed() { places[name, default: []].append(column) }
    var (uses, missing) = ([TableLayout.Use](repeating: .none, count: table.names.count), [String]())
    for (j, name) in known.featureNames.enumerated() {
      if let column = places[name]?.popLast() { uses[column] = .feature(j) } else { missing.append(name) }
    }
    guard missing.isEmpty else {
      throw .badData(
        table.path,
        "expected the columns of the model, and \(listed(missing)) \(missing.count == 1 ? "is" : "are") not among "
          + "\(listed(table.names))")
    }
    var remarks: [String] = []
    let wished = try wishedTargets(table, known, &remarks)
    for (k, column) in wished.enumerated() {
      if case .feature(let j) = uses[column] {
        throw .badData(
          table.path, "column \(excerpt(known.featureNames[j])) is a feature of the model, and cannot be the label")
      }
      if needsLabels { uses[column] = targets == nil ? .label : .target(k) }
    }
    if let id {
      uses[try table.find(id, "id", &remarks)] = .id
    } else if let name = known.columns.first(where: { $0.role == .id })?.name, let column = places[name]?.last {
      uses[column] = .id
    }
    try findWeight(table, known, &uses, &remarks)
    let parts = known.columns.filter { $0.role != .feature }.map(\.name)
    let ignored = uses.indices.filter { uses[$0] == .none && !wished.contains($0) && !parts.contains(table.names[$0]) }
      .map { table.names[$0] }
    if !ignored.isEmpty { remarks.append("ignored, as the model does not know them: \(listed(ignored))") }
    var layout = TableLayout(names: table.names, uses: uses, description: known)
    layout.remarks = remarks
    return layout
  }

  /// The weights that were asked for, or else those that the model was trained with, where labels are used.
  private func findWeight(
    _ table: TableColumns, _ known: TableDescription, _ uses: inout [TableLayout.Use], _ remarks: inout [String]
  ) throws(FileError) {
    guard needsLabels else { return }
    var column: Int?
    if let weight {
      column = try table.find(weight, "weight", &remarks)
    } else if let name = known.columns.first(where: { $0.role == .weight })?.name {
      column = table.names.firstIndex(of: name)
      remarks.append(
        column == nil
          ? "no column \(excerpt(name)) of weights: examples weigh the same"
          : "column \(excerpt(name)) weighs the examples, as in training")
    }
    guard let column else { return }
    guard uses[column] == .none else {
      throw .badData(table.path, "column \(excerpt(table.names[column])) cannot be the weight: it is used already")
    }
    uses[column] = .weight
  }

  /// The columns of labels or targets in a table for a model that knows its own by name; none where they are not there
  /// and need not be.
  private func wishedTargets(
    _ table: TableColumns, _ known: TableDescription, _ remarks: inout [String]
  ) throws(FileError) -> [Int] {
    let isGiven = targets.map { !$0.isEmpty } ?? (label != .automatic)
    if isGiven { return label == .absent ? [] : try table.findTargets(self, &remarks, taken: []) }
    let names = targets == nil ? known.labelName.map { [$0] } ?? [] : orderedTargets(known)
    let found = names.compactMap { name in table.names.lastIndex(of: name) }
    if !names.isEmpty, found.count == names.count { return found }
    guard needsLabels else { return [] }
    if names.isEmpty { return try table.findTargets(self, &remarks, taken: []) }
    throw FileError(
      .badData, file: table.path,
      "expected \(listed(names)) with the \(targets == nil ? "labels" : "targets"), as the model was trained with, got "
        + "\(listed(table.names));", remedy: .labelColumn)
  }

  /// The names of a model's targets in the order of its outputs, which need not be that of the columns.
  private func orderedTargets(_ known: TableDescription) -> [String] {
    Set(targetNames) == Set(known.targetNames) ? targetNames : known.targetNames
  }

  /// Columns by their position, where the table or the model has no names.
  private func byPosition(_ table: TableColumns, _ width: Int) throws(FileError) -> TableLayout {
    var remarks: [String] = []
    let count = table.names.count
    if let description, description.columns.count == count, count > width,
      targets.map(\.isEmpty) ?? (label == .automatic)
    {
      let columns = orderedTargets(description).compactMap { name in
        description.columns.firstIndex { $0.role == .target && $0.name == name }
      }
      return try table.layout(
        description.columns.map(\.role), targets: columns, remarks: [], needsLabels: needsLabels)
    }
    var roles = [TableDescription.Role?](repeating: nil, count: count)
    try findOthers(table, &roles, &remarks)
    if count > width {
      for column in roles.indices where roles[column] == nil { roles[column] = table.unnamedRole(column) }
    }
    let isGiven = targets.map { !$0.isEmpty } ?? (label != .automatic && label != .absent)
    let free = roles.count { $0 == nil }
    var found: [Int] = []
    if isGiven || free != width || needsLabels {
      if !isGiven, let column = rememberedLabel(free, width), roles[column] == nil {
        found = [column]
      } else {
        found = try table.findTargets(self, &remarks, taken: roles, width: width)
      }
      for column in found { roles[column] = targets == nil ? .label : .target }
    }
    let features = roles.count { $0 == nil }
    guard features == width else {
      throw .badData(table.path, "expected \(width) features, as the model has, got \(features) of \(count) columns")
    }
    return try table.layout(
      roles.map { $0 ?? .feature }, targets: targets == nil ? [] : found, remarks: remarks, needsLabels: needsLabels)
  }

  /// Where the label stood among features in training, for a table of one column more.
  private func rememberedLabel(_ free: Int, _ width: Int) -> Int? {
    guard targets == nil, label == .automatic, free == width + 1, let description else { return nil }
    return description.columns.filter { $0.role == .feature || $0.role == .label }.firstIndex { $0.role == .label }
  }
}
