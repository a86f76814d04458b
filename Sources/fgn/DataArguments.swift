import ArgumentParser
import FastGaussNewton

extension Curvature: ExpressibleByArgument {
  public init?(argument: String) { self.init(name: argument) }

  public static var allValueStrings: [String] { Curvature.solvable.map(\.name) }
  public var defaultValueDescription: String { name }
}
extension DescentOptions.Solver: ExpressibleByArgument {}

/// Where examples come from; shared by all commands.
struct DataArguments: ParsableArguments {
  @Argument(
    help: """
      Examples: .npz (arrays X, y; or SciPy's arrays of a sparse matrix, and y), .csv, .svm or .libsvm; by its content \
      under another name. Or use --features and --labels.
      """)
  var data: String?

  @Option(help: "Features as .npy [N, D], or a sparse matrix as .npz, from scipy.sparse.save_npz.")
  var features: String?

  @Option(
    help:
      """
      Labels as .npy [N] of whole numbers, booleans or strings, as text with a label a line, .csv of one column, or a \
      .json array; .npy [N, T] where positions are classified; [N] or [N, K] numbers to predict.
      """)
  var labels: String?

  @Option(
    parsing: .unconditional,
    help: """
      Column of a table that holds the labels, by name or by number from 0, -1 being the last; several, with commas \
      between them, for numbers to predict. A name beats a number. By default what the model was trained with, or \
      label, class, target or y, or else the only column with text.
      """)
  var labelColumn: String?

  @OptionGroup var table: TableArguments

  @Option(help: "Numbers are read, kept and computed in this precision.")
  var precision: Precision = .float

  @Option(help: "Threads, 0 for one a processor. Results do not depend on it.")
  var threads: Int = 0

  @Option(
    help: """
      Features of npy and uncompressed npz files that take more memory than this stay in their file: 500M, 2G, bytes. \
      Results do not depend on it.
      """)
  var memoryLimit: String?

  func validate() throws {
    guard memoryLimit.map({ MemoryLimit.bytes($0) != nil }) ?? true else {
      throw ValidationError("--memory-limit must be a size such as 500M or 2G, got \(memoryLimit ?? "").")
    }
    // Whether there are data is asked by the commands: `settle`.
    guard labels == nil || features != nil else {
      throw ValidationError("--labels goes with --features.")
    }
    guard threads >= 0 else { throw ValidationError("--threads must be 0 or more, got \(threads).") }
  }

  /// The files that are named, as whoever reads them completes them.
  var files: DataFiles {
    let location = data.map { DataFiles.Location.file($0) } ?? .pair(features: features!, labels: labels)
    var files = DataFiles(location, labelColumn: labelColumn.map { .name($0) })
    table.set(&files)
    files.memoryLimit = memoryLimit.flatMap(MemoryLimit.bytes) ?? MemoryLimit.standard
    files.targetColumns = labelColumn?.split(separator: ",").map { .name(String($0)) } ?? []
    return files
  }
}
