import TensorFiles

/// A run as JSON lines: first a header, then one `Trainer.EpochRecord` a line. Numbers that are not finite are the
/// strings "inf", "-inf" and "nan".
///
/// The file is rewritten whole after each epoch under a temporary name and renamed, so that it is complete up to the
/// last epoch whenever the run ends, and a full disk leaves the lines already there.
package struct JSONLinesLog<Header: Encodable>: RunObserver {
  let path: String
  private var text: String

  /// - Parameter header: what the run was started with; its own line, under the key "run".
  package init(path: String, header: Header) throws {
    self.path = path
    text = try JSONLine.text(of: ["run": header])
    try AtomicFile.write(text, to: path)
  }

  package mutating func partEnded(_ record: some RunRecord) throws {
    guard let record = record as? Trainer.EpochRecord else { return }
    text += try JSONLine.text(of: record)
    try AtomicFile.write(text, to: path)
  }
}

/// A value as one line of JSON, keys sorted. Numbers that are not finite are the strings "inf", "-inf" and "nan".
package enum JSONLine {
  /// With its line break.
  package static func text(of value: some Encodable) throws -> String { try JSONText.line(of: value) + "\n" }

  /// Reads such a line.
  package static func value<Value: Decodable>(
    _ type: Value.Type = Value.self, of line: some StringProtocol
  ) throws -> Value {
    try JSONValue(parsing: String(line)).decoded(as: type)
  }
}
