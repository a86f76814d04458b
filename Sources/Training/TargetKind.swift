extension DataFiles {
  /// What the labels in files are taken for.
  public enum TargetKind: Sendable {
    case classes
    /// Numbers, but not those that must be class numbers: arrays of an integer type, and columns of text with nothing
    /// but whole numbers, a hundred different ones at most.
    case measurements
    /// Whatever numbers there are, such as counts.
    case numbers
  }
}
