import Comparison
import LinearAlgebra

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where rows were made; in every row.
public struct Stamp: Sendable, Hashable {
  /// Of this package.
  public var version: String
  public var blas: String
  public var threads: Int
  /// The processor and how many of them there are.
  public var machine: String
  /// Whatever else should stand in the report, such as the commit.
  public var note: String

  /// Of this process.
  public init(version: String, note: String = "") {
    self.version = version
    self.note = note
    blas = BLAS.description
    threads = Partition.threads
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    machine = "\(Self.processor), \(cores) \(cores == 1 ? "processor" : "processors")"
  }

  static let columns = ["version", "blas", "threads", "machine", "note"]

  /// The same in each row.
  var row: Row {
    Row([
      "version": .text(version), "blas": .text(blas), "threads": .number(Double(threads)), "machine": .text(machine),
      "note": .text(note),
    ])
  }

  private static var processor: String {
    #if canImport(Darwin)
      var (size, bytes) = (256, [UInt8](repeating: 0, count: 256))
      guard sysctlbyname("machdep.cpu.brand_string", &bytes, &size, nil, 0) == 0 else { return "unknown processor" }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    #else
      let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
      return line?.split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? "unknown processor"
    #endif
  }
}
