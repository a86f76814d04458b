/// What a data file holds: by its name, or for names that do not say by its first bytes.
package enum FileContent: Sendable, Equatable {
  case archive, array, table, libsvm, other

  /// Throws `FileError` where the file cannot be opened or read.
  package static func of(_ path: String) throws(FileError) -> FileContent {
    let file = try InputFile.text(path)
    let bytes = try file.bytes(0..<min(file.size, 1 << 16))
    if bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6]) { return .archive }
    if bytes.starts(with: [0x93] + Array("NUMPY".utf8)) { return .array }
    guard !bytes.contains(where: { $0 < 9 }) else { return .other }
    let lines = bytes.split { $0 == 10 || $0 == 13 }
    guard let line = lines.first(where: { $0.contains { $0 != 32 && $0 != 9 } && $0.first != UInt8(ascii: "#") }) else {
      return .other
    }
    return isLIBSVM(line) ? .libsvm : .table
  }

  /// The name of a file in small letters, without `.gz`: its ending says what it holds.
  package static func name(_ path: String) -> String {
    let name = path.lowercased()
    return name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
  }

  /// Whether a line is a label and index:value pairs, of which there is one at least; or pairs alone, where the label
  /// may be left out.
  static func isLIBSVM(_ line: ArraySlice<UInt8>, needsLabel: Bool = true) -> Bool {
    func isPair(_ field: ArraySlice<UInt8>) -> Bool {
      let parts = field.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      return parts.count == 2 && !parts[0].isEmpty && parts[0].allSatisfy { $0 &- 48 < 10 } && !parts[1].isEmpty
    }
    let fields = line.split { $0 == 32 || $0 == 9 }
    guard let first = fields.first else { return false }
    let hasLabel = needsLabel || !isPair(first)
    return fields.count > (hasLabel ? 1 : 0) && fields.dropFirst().allSatisfy(isPair)
  }
}
