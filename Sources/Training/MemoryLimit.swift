import TensorFiles

/// How much memory features may take before they stay in their file.
package enum MemoryLimit {
  /// Half of what this process may have: of the machine's memory, of its limit of address space (`ulimit -v`), or of
  /// its control group's memory, whichever is least.
  package static var standard: Int { available / 2 }

  static var available: Int {
    var result = OperatingSystem.physicalMemory
    if let limit = OperatingSystem.addressSpaceLimit { result = min(result, limit) }
    for path in groups() {
      // "max" is no number, and no limit.
      if let text = try? TextFile.readGenerated(path), let bytes = Int(text.prefix { $0 != "\n" }) {
        result = min(result, bytes)
      }
    }
    return result
  }

  /// Files of the control groups that this process is in, up to the root.
  private static func groups() -> [String] {
    guard let text = try? TextFile.readGenerated("/proc/self/cgroup") else { return [] }
    var result = ["/sys/fs/cgroup/memory.max"]
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::") }) else { return result }
    var folder = "/sys/fs/cgroup"
    for name in line.dropFirst(3).split(separator: "/") {
      folder += "/" + name
      result.append(folder + "/memory.max")
    }
    return result
  }

  /// A number of bytes, or of units of 2^10, 2^20, 2^30 or 2^40 as in "500M", "2G" or "1.5G"; nil for anything else.
  package static func bytes(_ text: String) -> Int? {
    guard let last = text.last else { return nil }
    let unit = ["K", "M", "G", "T"].firstIndex(of: last.uppercased())
    let digits = unit == nil ? text[...] : text.dropLast()
    guard digits.allSatisfy({ $0.isNumber || $0 == "." }), let number = Double(digits) else { return nil }
    let bytes = number * Double(1 << (10 * ((unit ?? -1) + 1)))
    return bytes < 9e18 ? Int(bytes) : nil
  }
}
