/// The columns of a delimited text file: their names, and which of them is the label.
struct DelimitedColumns {
  var names: [String]
  private(set) var label: Int?
  private let path: String

  init(names: [String], path: String) {
    self.names = names
    self.path = path
  }

  var featureCount: Int { names.count - (label == nil ? 0 : 1) }

  var featureNames: [String] { names.indices.filter { $0 != label }.map { names[$0] } }

  var namesLookLikeHeader: Bool {
    names.allSatisfy { Double($0) == nil } || names.contains { DelimitedText.labelNames.contains($0.lowercased()) }
  }

  /// Chooses the label column; `firstExample` serves the automatic choice only.
  mutating func findLabel(_ choice: DelimitedText.LabelColumn, firstExample: [String]) throws(FileError) {
    switch choice {
    case .absent: label = nil
    case .index(let index):
      guard names.indices.contains(index) else {
        throw .badData(path, "expected a label column below \(names.count), got \(index), counted from 0")
      }
      label = index
    case .name(let name):
      let matches = names.indices.filter { names[$0] == name }
      guard matches.count == 1 else {
        throw .badData(
          path,
          "expected one column named \(excerpt(name)), got \(matches.isEmpty ? "none" : String(matches.count)); "
            + "the columns are \(list)")
      }
      label = matches[0]
    case .automatic:
      let lowercased = names.map { $0.lowercased() }
      if let name = DelimitedText.labelNames.first(where: lowercased.contains) {
        let matches = names.indices.filter { lowercased[$0] == name }
        guard matches.count == 1 else {
          throw .badData(path, "expected one column named \(excerpt(name)), got \(matches.count); name or number it")
        }
        label = matches[0]
      } else {
        let texts = firstExample.indices.filter { Double(firstExample[$0]) == nil }
        guard texts.count == 1, names.indices.contains(texts[0]) else {
          throw .badData(
            path,
            "cannot tell which column holds the labels: none is named label, class, target or y, and "
              + "\(texts.count) hold text; name one of \(list)")
        }
        label = texts[0]
      }
    }
    guard featureCount > 0 else { throw .badData(path, "expected a column of features, got only labels") }
  }

  private var list: String {
    names.prefix(20).map(excerpt).joined(separator: ", ") + (names.count > 20 ? ", ... (\(names.count))" : "")
  }
}

/// Distinct texts, numbered in order of appearance.
struct LabelTable {
  private(set) var names: [String] = []
  private var codes: [String: Int32] = [:]
  private var lastText: [UInt8] = []
  private var lastCode: Int32 = -1

  /// The number of a label; nil for one that is not UTF-8.
  mutating func code(_ text: ArraySlice<UInt8>) -> Int32? {
    if lastCode >= 0, lastText.elementsEqual(text) { return lastCode }
    guard let name = String(validating: text, as: UTF8.self) else { return nil }
    lastText.removeAll(keepingCapacity: true)
    lastText.append(contentsOf: text)
    if let code = codes[name] {
      lastCode = code
    } else {
      lastCode = Int32(names.count)
      codes[name] = lastCode
      names.append(name)
    }
    return lastCode
  }
}
