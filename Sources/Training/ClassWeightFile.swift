import TensorFiles

/// Weights of classes by name, as text has them.
package enum ClassWeights {
  /// `a=2,b=1`: a name, the last equals sign, a number. Nil for any other text, and for a name twice.
  package static func parse(_ text: String) -> [String: Double]? {
    var weights: [String: Double] = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let sign = part.lastIndex(of: "="), sign > part.startIndex,
        let value = Double(part[part.index(after: sign)...])
      else { return nil }
      guard weights.updateValue(value, forKey: String(part[..<sign])) == nil else { return nil }
    }
    return weights
  }

  /// A JSON object of numbers, or a table of names and numbers, whose first line may be a header.
  ///
  /// - Throws: `FileError` with the line or the name of what is no weight.
  package static func read(_ path: String) throws(FileError) -> [String: Double] {
    FileContent.name(path).hasSuffix(".json") ? try json(path) : try table(path)
  }

  private static func json(_ path: String) throws(FileError) -> [String: Double] {
    let text = try TextFile.read(path)
    do { return try JSONValue(parsing: text).decoded(as: [String: Double].self) } catch {
      throw FileError(.badData, file: path, "expected a JSON object of class names with numbers: \(error)")
    }
  }

  private static func table(_ path: String) throws(FileError) -> [String: Double] {
    var weights: [String: Double] = [:]
    for (number, record) in try DelimitedText.records(path).enumerated() {
      func bad(_ message: String) -> FileError {
        FileError(.badData, file: path, position: "line \(record.line)", message)
      }
      guard record.fields.count == 2 else {
        throw bad("expected a class and its weight, got \(record.fields.count) fields")
      }
      guard let value = Double(record.fields[1]) else {
        if number == 0 { continue }
        throw bad("expected a number as the weight, got \"\(record.fields[1].prefix(40))\"")
      }
      guard weights.updateValue(value, forKey: record.fields[0]) == nil else {
        throw bad("expected each class once, got \"\(record.fields[0])\" again")
      }
    }
    guard !weights.isEmpty else { throw FileError(.badData, file: path, "expected weights of classes, got none") }
    return weights
  }
}
