import Foundation

/// A directory of a test's own, removed with its last reference.
public final class TemporaryDirectory: Sendable {
  public let path: String
  public var url: URL { URL(filePath: path) }

  public init() {
    path = FileManager.default.temporaryDirectory.appending(path: "fgn-tests-\(UUID().uuidString)").path
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// What is in it, sorted.
  public var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }

  /// The path of a file in it, which need not be there.
  public func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and gives its path.
  public func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> String {
    try Data(bytes).write(to: URL(filePath: file(name)))
    return file(name)
  }

  public func write(_ text: String, _ name: String) throws -> String { try write(text.utf8, name) }

  public func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: file(name))) }

  public func read(_ name: String) throws -> [UInt8] { [UInt8](try bytes(name)) }

  public func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }
}
