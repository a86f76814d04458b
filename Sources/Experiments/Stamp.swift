import Comparison
import LinearAlgebra
import TensorFiles

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
    let cores = Partition.processors
    machine =
      "\(OperatingSystem.processorName ?? "unknown processor"), \(cores) \(cores == 1 ? "processor" : "processors")"
  }

  static let columns = ["version", "blas", "threads", "machine", "note"]

  /// The same in each row.
  var row: Row {
    Row([
      "version": .text(version), "blas": .text(blas), "threads": .number(Double(threads)), "machine": .text(machine),
      "note": .text(note),
    ])
  }
}
