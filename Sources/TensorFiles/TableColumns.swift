import Errors

/// The columns of one table, before they have their parts.
struct TableColumns {
  let names: [String]
  let isNamed: Bool
  let sample: [[String]]
  let path: String
  let isNumber: (String) -> Bool

  private var list: String {
    names.prefix(20).map(excerpt).joined(separator: ", ") + (names.count > 20 ? ", ... (\(names.count))" : "")
  }

  /// The column that `choice` names, or numbers from 0, or from the end by a negative number. A name comes first.
  func find(
    _ choice: DelimitedText.LabelColumn, _ what: String, _ remarks: inout [String]
  ) throws(FileError) -> Int {
    switch choice {
    case .index(let index):
      let column = index < 0 ? names.count + index : index
      guard names.indices.contains(column) else {
        throw .badData(
          path, "expected a \(what) column below \(names.count), got \(index); columns count from 0, from the end by -1"
        )
      }
      return column
    case .name(let name):
      let matches = names.indices.filter { names[$0] == name }
      if matches.isEmpty, let index = Int(name) { return try find(.index(index), what, &remarks) }
      guard matches.count == 1 else {
        throw .badData(
          path,
          "expected one column named \(excerpt(name)), got \(matches.isEmpty ? "none" : String(matches.count)); "
            + "the columns are \(list)")
      }
      if isNamed, let index = Int(name), index != matches[0] {
        remarks.append("\"\(name)\" is the column of that name, not the one of that number")
      }
      return matches[0]
    case .automatic, .absent: throw .badData(path, "expected the name or the number of a \(what) column")
    }
  }

  /// The label column, or those of targets, of a request without names that a model knows.
  ///
  /// - Parameter width: D, where features alone are possible.
  func findTargets(
    _ request: TableRequest, _ remarks: inout [String], taken: [TableDescription.Role?], width: Int? = nil
  ) throws(FileError) -> [Int] {
    guard let targets = request.targets else {
      switch request.label {
      case .absent: return []
      case .automatic: return [try automaticLabel(taken, width)]
      case .name, .index: return [try find(request.label, "label", &remarks)]
      }
    }
    if targets.isEmpty {
      let known = request.targetNames.compactMap { name in names.firstIndex(of: name) }
      if !known.isEmpty, known.count == request.targetNames.count { return known }
      return [try namedLabel("targets", remedy: .targetColumns)]
    }
    var result: [Int] = []
    for target in targets {
      let column = try find(target, "target", &remarks)
      guard !result.contains(column) else {
        throw .badData(path, "expected each target column once, got \(excerpt(names[column])) twice")
      }
      result.append(column)
    }
    return result
  }

  /// The one column that is called label, class, target or y, by preference and in any case.
  private func namedLabel(_ what: String, remedy: Remedy) throws(FileError) -> Int {
    let lowercased = names.map { $0.lowercased() }
    guard let name = DelimitedText.labelNames.first(where: lowercased.contains) else {
      throw FileError(
        .badData, file: path,
        "cannot tell which column holds the \(what): none is named label, class, target or y; name one of \(list), "
          + "or several,", remedy: remedy)
    }
    let matches = names.indices.filter { lowercased[$0] == name }
    guard matches.count == 1 else {
      throw FileError(
        .badData, file: path, "expected one column named \(excerpt(name)), got \(matches.count):",
        remedy: .oneLabelColumn)
    }
    return matches[0]
  }

  private func automaticLabel(_ taken: [TableDescription.Role?], _ width: Int?) throws(FileError) -> Int {
    let lowercased = names.map { $0.lowercased() }
    if DelimitedText.labelNames.contains(where: lowercased.contains) {
      return try namedLabel("labels", remedy: .labelColumn)
    }
    let texts = names.indices.filter {
      (taken.isEmpty || taken[$0] == nil) && isText($0) && unnamedRole($0) == nil
    }
    guard texts.count == 1 else {
      if let width {
        throw FileError(
          .badData, file: path,
          "expected \(width) features, as the model has, and one column of labels that can be told from them, got "
            + "\(names.count) columns;", remedy: .labelColumn)
      }
      throw FileError(
        .badData, file: path,
        "cannot tell which column holds the labels: none is named label, class, target or y, and "
          + "\(texts.count) hold text; name one of \(list);", remedy: .labelColumn)
    }
    return texts[0]
  }

  /// Whether some example of the sample has a text there.
  func isText(_ column: Int) -> Bool { firstText(column) != nil }

  private func firstText(_ column: Int) -> String? {
    sample.lazy.compactMap { column < $0.count ? $0[column] : nil }
      .first { !MissingValue.isOne($0) && !isNumber($0) }
  }

  /// Whether no example of several has a number there: one field that is none may be a fault.
  private func isAllText(_ column: Int) -> Bool {
    let fields = sample.compactMap { column < $0.count ? $0[column] : nil }.filter { !MissingValue.isOne($0) }
    return fields.count > 1 && !fields.contains(where: isNumber)
  }

  /// The part of a column without a name; nil where it is a feature like others.
  func unnamedRole(_ column: Int) -> TableDescription.Role? {
    guard isNamed, names[column].isEmpty || names[column].hasPrefix("Unnamed: ") else { return nil }
    let fields = sample.compactMap { column < $0.count ? $0[column] : nil }
    if fields.allSatisfy(\.isEmpty) { return .ignored }
    guard column == 0 else { return nil }
    if isText(column) { return .index }
    guard let first = Int(fields[0]), first == 0 || first == 1 else { return nil }
    return fields.enumerated().allSatisfy { Int($1) == first + $0 } ? .index : nil
  }

  /// The layout of columns with these parts; features must be numbers.
  ///
  /// - Parameter targets: the columns of targets in their order.
  func layout(
    _ roles: [TableDescription.Role], targets order: [Int], remarks: [String], needsLabels: Bool = true
  ) throws(FileError) -> TableLayout {
    var (uses, next) = ([TableLayout.Use](), 0)
    for (column, role) in roles.enumerated() {
      switch role {
      case .feature:
        uses.append(.feature(next))
        next += 1
      case .label: uses.append(needsLabels ? .label : .none)
      case .target: uses.append(needsLabels ? .target(order.firstIndex(of: column)!) : .none)
      case .id: uses.append(.id)
      case .weight: uses.append(needsLabels ? .weight : .none)
      case .index, .ignored: uses.append(.none)
      }
    }
    guard next > 0 else {
      throw .badData(path, "expected a column of features, got only \(roles.contains(.target) ? "targets" : "labels")")
    }
    let texts = roles.indices.filter { roles[$0] == .feature && isAllText($0) }
    if let first = texts.first, let text = firstText(first) {
      let several = texts.count > 1
      throw FileError(
        .badData, file: path,
        "column\(several ? "s" : "") \(listed(texts.map { names[$0] })) hold\(several ? "" : "s") text, such as "
          + "\(excerpt(text)), and features are numbers:", remedy: .textColumns)
    }
    let columns = zip(names, roles).map { TableDescription.Column(name: $0, role: $1) }
    var layout = TableLayout(
      names: names, uses: uses, description: TableDescription(columns: columns, isNamed: isNamed))
    layout.remarks = remarks
    return layout
  }
}
