extension DataPreparation {
  /// Data that are ready for training: weighted and standardised, with their loss and what was done to them.
  public struct Result<Scalar: RealScalar>: Sendable {
    /// What is trained on.
    public internal(set) var training: Dataset<Scalar>
    /// What is not trained on, and what a model may be chosen by.
    public internal(set) var validation: Dataset<Scalar>?
    /// What nothing is chosen by.
    public internal(set) var test: Dataset<Scalar>?
    /// What training makes small.
    public internal(set) var loss: any Loss
    /// What was done to the features; the model remembers it.
    public internal(set) var standardization: Standardization?
    /// Where the feature indices of a LIBSVM file start; nil for other data.
    public internal(set) var indexBase: LIBSVM.IndexBase?
    /// What the columns of a table are; nil for other data. The model remembers it.
    package internal(set) var table: TableDescription?
    /// Bytes that features may take in memory.
    public internal(set) var memoryLimit = Int.max

    /// For people: "26 classes".
    public var targetText: String {
      let (classes, targets) = (training.classCount, training.outputCount)
      return classes > 0 ? "\(classes) classes" : "\(targets) target\(targets == 1 ? "" : "s"), \(loss.name) loss"
    }

    var parts: [Dataset<Scalar>] { [training, validation].compactMap { $0 } }

    mutating func update(_ body: (inout Dataset<Scalar>) throws(DataError) -> Void) throws(DataError) {
      try body(&training)
      if validation != nil { try body(&validation!) }
      if test != nil { try body(&test!) }
    }

    /// Throws where `model` does not take these data.
    func checkFit(_ model: some Model<Scalar>) throws(DataError) {
      for part in parts { try part.checkFit(model) }
    }
  }
}
