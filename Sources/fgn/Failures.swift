import ArgumentParser
import FastGaussNewton

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

func printError(_ text: String) { StandardError.write(PrintableText.escaped(text) + "\n") }

/// Throws a usage error unless `condition` holds.
func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
  if !condition { throw ValidationError(message()) }
}

/// Throws a usage error for a count above what is meant to be waited for, or to fit in memory.
func requireAtMost(_ count: Int?, _ most: Int, _ option: String) throws {
  try require(count ?? 0 <= most, "\(option) must be at most \(most), got \(count ?? 0).")
}

/// Makes a usage error of an option that is out of its range.
func requireOptions(_ check: () throws -> Void) throws {
  do { try check() } catch let error as OptionError { throw ValidationError("\(error.textWithFlags).") }
}

/// Runs a command's work; an error is printed on standard error and becomes its documented exit code.
func reportingFailures(_ body: () throws -> Void) throws {
  // A file that grows beyond the process' limit is an error of the write, not the end of the process.
  signal(SIGXFSZ, SIG_IGN)
  do {
    try body()
  } catch let error as NoModelError {
    error.remarks.prefix(1).forEach(logger.info)
    error.remarks.dropFirst().forEach(logger.warning)
    if error.code == .interrupted {
      logger.warning(error.message)
    } else {
      printError("fgn: \(error.source): nothing was saved: \(error.message)")
    }
    throw ExitCode(error.code.exitCode)
  } catch let error as any FGNError {
    printError("fgn: \(error.textWithFlags)")
    throw ExitCode(error.code.exitCode)
  }
  guard fflush(nil) == 0 else {
    printError("fgn: standard output: cannot write: \(String(cString: strerror(errno)))")
    throw ExitCode(74)
  }
}

extension ErrorCode {
  /// BSD sysexits where there is one.
  var exitCode: Int32 {
    switch self {
    case .diverged: 2
    case .badOption: 64
    case .badData, .badModel: 65
    case .missingInput: 66
    case .cannotCreate: 73
    case .inputOutput: 74
    case .interrupted: 130
    }
  }
}

extension FGNError {
  /// The sentence with the options of this program.
  var textWithFlags: String { (self is OptionError ? "--" : "") + text(\.flags) }
}

extension Remedy {
  /// What to do, by the options of this program.
  var flags: String {
    switch self {
    case .doublePrecision: "use --precision double"
    case .lossForNumbers: "for numbers to predict say --loss squared"
    case .classesOrNumbers:
      "for numbers to predict say --loss squared; if they are classes all the same, say --loss cross-entropy"
    case .integerArray:
      "for classes use --loss cross-entropy; for numbers to predict convert it to float, or say --integer-targets"
    case .integerColumn: "for classes use --loss cross-entropy; for numbers to predict say --integer-targets"
    case .labelColumn: "say by --label-column which of them is the label"
    case .targetColumns: "by --label-column"
    case .textColumns: "leave them out by --drop-columns, or write them as numbers"
    case .missingValues:
      "--missing drop leaves out examples that lack a value, --missing mean fills them with the column's mean"
    case .oneLabelColumn: "--label-column says which"
    case .pairOfFiles: "or --features and --labels"
    case .otherDirectory: "take another --output, or say --force"
    case .smallerBatches: "take smaller batches (--batch-size), or raise --memory-limit"
    case .featuresInMemory: "the features must not take more than --memory-limit"
    case .moreIterations: "raise --max-iterations or --tolerance"
    case .moreTime: "raise --time-limit or --tolerance"
    case .penalty: "use --l2 above 0"
    case .looserTolerance: "raise --tolerance, use --precision double, or standardise the features"
    }
  }
}

extension RunFiles {
  /// Refuses all that would lose a file.
  func checkAll() throws {
    for error in try check().values.sorted(by: { $0.file < $1.file }) { throw error }
  }

  /// With what a command reads.
  init(_ arguments: DataArguments, rows: TrainingRowArguments? = nil, models: ModelArguments? = nil) {
    self.init()
    reads(arguments.data, "the data")
    reads(arguments.features, "the features")
    reads(arguments.labels, "the labels")
    reads(rows?.validation ?? [], "the validation data")
    reads(rows?.sampleWeights, "the sample weights")
    reads(models?.initial, "the model to start from")
    if let model = models?.model, model.hasSuffix(".json") { reads(model, "the architecture") }
  }

  /// With what a command reads that uses a model.
  init(_ arguments: DataArguments, _ saved: SavedModelArguments) {
    self.init(arguments)
    reads(saved.model, "the model")
    reads(saved.architecture, "the architecture")
  }
}
