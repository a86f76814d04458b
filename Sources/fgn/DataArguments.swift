import ArgumentParser
import FastGaussNewton

enum Precision: String, ExpressibleByArgument, CaseIterable {
  case float, double
}

extension Curvature: ExpressibleByArgument {
  /// Without the within-competitor part, which gives no directions.
  public static var allValueStrings: [String] { [Curvature.fgn, .ggn, .fisher].map(\.rawValue) }
}
extension Solver: ExpressibleByArgument {}

/// Where examples come from; shared by all commands.
struct DataArguments: ParsableArguments {
  @Argument(help: "Examples: .npz (arrays X, y), .csv, .svm or .libsvm. Or use --features and --labels.")
  var data: String?

  @Option(help: "Features as .npy [N, D].")
  var features: String?

  @Option(help: "Labels as .npy [N], integers from 0; [N, T] where positions are classified.")
  var labels: String?

  @Option(help: "Column of a CSV file that holds the labels, by name or by number from 0.")
  var labelColumn: String?

  @Flag(help: "The first line of a CSV file holds data, not column names.")
  var noHeader = false

  @Option(help: "Numbers are read, kept and computed in this precision.")
  var precision: Precision = .float

  @Option(help: "Threads, 0 for one a core. Results do not depend on it.")
  var threads: Int = 0

  func validate() throws {
    guard (data == nil) != (features == nil) else {
      throw ValidationError("Give either DATA or --features, got \(data == nil ? "neither" : "both").")
    }
    guard labels == nil || features != nil else {
      throw ValidationError("--labels goes with --features.")
    }
    guard threads >= 0 else { throw ValidationError("--threads must be 0 or more, got \(threads).") }
  }

  var column: DelimitedText.LabelColumn? {
    labelColumn.map { name in Int(name).map { .index($0) } ?? .name(name) }
  }

  /// The files, for a model of `featureCount` features, trained with a LIBSVM index base, where there is one.
  func files(featureCount: Int? = nil, indexBase: LIBSVM.IndexBase? = nil) -> DataFiles {
    let location = data.map { DataFiles.Location.file($0) } ?? .pair(features: features!, labels: labels)
    var files = DataFiles(location, labelColumn: column, featureCount: featureCount)
    files.hasHeader = !noHeader
    files.indexBase = indexBase ?? .automatic
    return files
  }
}
