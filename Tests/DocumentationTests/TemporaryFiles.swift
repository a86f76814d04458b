import Foundation

/// A path that no other test uses. In a file of its own: Foundation's `Schedule.Progress` hides ours.
func temporaryPath(_ name: String) -> String {
  FileManager.default.temporaryDirectory.appendingPathComponent("fgn-\(UUID().uuidString)-\(name)").path
}

func removeFile(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
