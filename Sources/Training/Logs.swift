import TensorFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A run as JSON lines: first a header, then one `EpochRecord` a line. Numbers that are not finite are the strings
/// "inf", "-inf" and "nan".
///
/// The file is rewritten whole after each epoch under a temporary name and renamed, so that it is complete up to the
/// last epoch whenever the run ends, and a full disk leaves the lines already there.
public struct JSONLinesLog<Header: Encodable>: TrainingObserver {
  let path: String
  private var text: String

  /// - Parameter header: what the run was started with; its own line, under the key "run".
  public init(path: String, header: Header) throws {
    self.path = path
    text = try Self.line(["run": header])
    try AtomicFile.write(text, to: path)
  }

  public mutating func epochEnded(_ record: EpochRecord) throws {
    text += try Self.line(record)
    try AtomicFile.write(text, to: path)
  }

  private static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }
}
