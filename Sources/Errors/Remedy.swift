/// What a caller can do about an error, or about a result that is not what was wanted.
public enum Remedy: String, Sendable, CaseIterable {
  /// Numbers overflow in single precision.
  case doublePrecision
  /// Labels are no class numbers.
  case lossForNumbers
  /// Labels are nearly as many different numbers as there are rows.
  case classesOrNumbers
  /// An array of an integer type was given for numbers to predict.
  case integerArray
  /// Whole numbers were given for numbers to predict.
  case integerColumn
  /// Any of a table's columns may be the label.
  case labelColumn
  /// Columns of a table hold text.
  case textColumns
  /// A table lacks values.
  case missingValues
  /// Any of a table's columns may hold the numbers to predict.
  case targetColumns
  /// Several columns have the name that was looked for.
  case oneLabelColumn
  /// Features and labels are in formats that hold one array.
  case pairOfFiles
  /// A directory holds files of others.
  case otherDirectory
  /// A batch of features that stay in their file is too large for memory.
  case smallerBatches
  /// All features are needed in memory at once.
  case featuresInMemory
  /// A fit ended at its limit of iterations.
  case moreIterations
  /// A fit ended at its limit of time.
  case moreTime
  /// An objective has no minimum without a penalty.
  case penalty
  /// A fit ended where the precision does.
  case looserTolerance

  /// What to do, in words that belong to no language and no program.
  public var text: String {
    switch self {
    case .doublePrecision: "use double precision"
    case .lossForNumbers: "for numbers to predict choose a loss such as squared"
    case .classesOrNumbers:
      "for numbers to predict choose a loss such as squared; if they are classes all the same, choose cross-entropy"
    case .integerArray:
      "for classes use cross-entropy; for numbers to predict convert it to float, or allow integer targets"
    case .integerColumn: "for classes use cross-entropy; for numbers to predict allow integer targets"
    case .labelColumn: "say which of them is the label"
    case .targetColumns: "as label columns"
    case .textColumns: "leave them out, or write them as numbers"
    case .missingValues: "examples that lack a value can be left out, or filled with the column's mean"
    case .oneLabelColumn: "say which is the label column"
    case .pairOfFiles: "or features and labels as two files"
    case .otherDirectory: "take another directory, or allow that they are replaced"
    case .smallerBatches: "take smaller batches, or raise the memory limit"
    case .featuresInMemory: "the features must not take more than the memory limit"
    case .moreIterations: "raise the number of iterations or the tolerance"
    case .moreTime: "raise the time limit or the tolerance"
    case .penalty: "use a penalty l2 above 0"
    case .looserTolerance: "raise the tolerance, use double precision, or standardise the features"
    }
  }

  /// `message` with this remedy after it, in `words`: after a colon, semicolon or comma if the message ends with one,
  /// otherwise in brackets.
  public func following(_ message: String, in words: (Remedy) -> String) -> String {
    [":", ";", ","].contains(where: message.hasSuffix)
      ? "\(message) \(words(self))" : "\(message) (\(words(self)))"
  }
}
