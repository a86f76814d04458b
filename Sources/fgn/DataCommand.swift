import ArgumentParser
import FastGaussNewton

enum Precision: String, ExpressibleByArgument, CaseIterable {
  case float, double
}

/// A command whose work is the same in either precision.
protocol DataCommand: ParsableCommand {
  var arguments: DataArguments { get }
  func work<S: RealScalar>(_ type: S.Type) throws
}

extension DataCommand {
  func run() throws {
    Partition.threads = arguments.threads
    try reportingFailures {
      switch arguments.precision {
      case .float: try work(Float.self)
      case .double: try work(Double.self)
      }
    }
  }

  /// Says what a run works on, before it does.
  ///
  /// - Parameters:
  ///   - examples: how many of what kind, such as "90 examples".
  ///   - seed: where the run has one that is worth saying.
  func announce<S>(_ examples: String, of data: DataPreparation.Result<S>, seed: UInt64? = nil) {
    let seed = seed.map { "seed \($0), " } ?? ""
    logger.info(
      "\(examples), \(data.training.featureCount) features, \(data.targetText); \(seed)\(S.precisionName), \(Partition.threads) threads, \(BLAS.description)"
    )
  }
}

extension DataPreparation.Result {
  func announceWhereFeaturesAre() {
    if !training.features.isInMemory { logger.info("features stay in their file and are read in blocks of rows") }
  }
}
