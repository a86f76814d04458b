extension PredictJob {
  /// What a model answers for some examples.
  public struct Prediction<Scalar: RealScalar>: Sendable {
    /// A row for each example, or for each of its positions, R in all.
    public enum Answers: Sendable {
      /// [R], class numbers.
      case classes([Int32])
      /// [R, C].
      case probabilities(Matrix<Scalar>)
      /// [R, K] classes, the highest first, and their probabilities.
      case top(TopRows<Scalar>)
      /// [R, K], in the targets' own units.
      case numbers(Matrix<Scalar>)
    }

    public let answers: Answers
    /// Of the classes, or of the numbers.
    public let names: [String]
    /// What class numbers stand for, where classes are whole numbers; nil where they stand for themselves.
    public internal(set) var classValues: [Int]?
    /// [N], or [N, T] of a model that classifies T positions of each example.
    public let shape: [Int]
    /// Of the column that tells rows apart [N], and its name; empty without one.
    public internal(set) var ids: [String] = []
    public internal(set) var idName: String?
    /// Rows without an answer, because a value of theirs is missing, in order; what `answers` says of them means nothing.
    public internal(set) var unanswered: [Int] = []

    init(answers: Answers, names: [String], shape: [Int]) {
      (self.answers, self.names, self.shape) = (answers, names, shape)
    }

    /// R.
    public var rows: Int { shape.reduce(1, *) }

    /// The number of the highest class of each row [R]; nil for numbers.
    public var classes: [Int]? {
      switch answers {
      case .classes(let classes): classes.map(Int.init)
      case .probabilities(let table): RowKernels.argmax(table).map(Int.init)
      case .top(let top): stride(from: 0, to: top.classes.count, by: top.k).map { Int(top.classes[$0]) }
      case .numbers: nil
      }
    }

    /// Whether a file of this name can hold classes and their probabilities: .npz and .csv can.
    public static func canHoldTwo(_ path: String) -> Bool { Format(path) != .npy }

    /// By the file's name, in any case.
    private enum Format {
      case npy, npz, csv

      init(_ path: String) {
        let name = path.lowercased()
        self = name.hasSuffix(".npz") ? .npz : name.hasSuffix(".csv") ? .csv : .npy
      }
    }

    /// Writes a file: .npz with arrays `classes`, `probabilities` or `predictions`, .csv with names, and .npy of one
    /// array under any other name.
    ///
    /// - Throws: `OptionError` where the highest classes and their probabilities would have to be one array, and
    ///   `FileError` if the file cannot be written.
    public func write(to path: String) throws {
      if let first = unanswered.first, Format(path) != .csv {
        throw OptionError(
          "output", "must be a .csv file, as row \(first) and \(unanswered.count - 1) more have no answer, got \(path)",
          code: .badData)
      }
      switch Format(path) {
      case .csv: try writeLines(to: path)
      case .npz: try NPZ.write(to: path) { archive throws(FileError) in try add(to: &archive) }
      case .npy:
        switch answers {
        case .classes(let classes): try NPY.write(values(of: classes), shape: shape, to: path)
        case .probabilities(let table): try NPY.write(table.elements, shape: shape + [table.columns], to: path)
        case .numbers(let table): try NPY.write(table.elements, shape: numbersShape(table), to: path)
        case .top:
          throw OptionError("top-k", "has classes and probabilities, which need a .npz or .csv file, got \(path)")
        }
      }
    }

    /// What arrays of classes hold.
    private func values(of classes: [Int32]) -> [Int] { classes.map { classValues?[Int($0)] ?? Int($0) } }

    /// One number a row is an array [N].
    private func numbersShape(_ table: Matrix<Scalar>) -> [Int] { table.columns == 1 ? shape : shape + [table.columns] }

    private func add(to archive: inout NPZWriter) throws(FileError) {
      switch answers {
      case .classes(let classes): try archive.add(values(of: classes), shape: shape, named: "classes")
      case .probabilities(let table):
        try archive.add(values(of: (classes ?? []).map { Int32($0) }), shape: shape, named: "classes")
        try archive.add(table.elements, shape: shape + [table.columns], named: "probabilities")
      case .top(let top):
        try archive.add(values(of: top.classes), shape: shape + [top.k], named: "classes")
        try archive.add(top.probabilities, shape: shape + [top.k], named: "probabilities")
      case .numbers(let table): try archive.add(table.elements, shape: numbersShape(table), named: "predictions")
      }
    }

    /// Writes a line a row to an open file, pipe or terminal, as rows from standard input are answered. Ends quietly where
    /// nobody reads any more.
    ///
    /// - Throws: `FileError` if it cannot be written.
    public func writeLines(toDescriptor descriptor: Int32, isJSON: Bool = false) throws {
      let lines = PredictionLines(names: names, isJSON: isJSON)
      var text = TextStream(descriptor: descriptor, name: "standard output")
      let positions = shape.count > 1 ? shape[1] : 1
      let lacking = Set(unanswered)
      for row in 0..<rows where text.isOpen {
        let id = idName == nil ? nil : ids[row / positions]
        text.append(
          lacking.contains(row / positions)
            ? lines.refusal("a value is missing", id: id, of: self) : lines.line(row, id: id, of: self))
        if row % 1024 == 1023 { try text.flush() }
      }
      try text.flush()
    }

    private func writeLines(to path: String) throws {
      let lines = PredictionLines(names: names, isJSON: false)
      try AtomicFile.write(to: path) { file throws(FileError) in
        let positions = shape.count > 1 ? shape[1] : 1
        var next = unanswered[...]
        try file.append((idName.map { CSVField.quoted($0) + "," } ?? "") + lines.header(of: self))
        for row in 0..<rows {
          if idName != nil { try file.append(CSVField.quoted(ids[row / positions]) + ",") }
          if next.first == row / positions {
            try file.append(lines.empty(of: self))
            if row % positions == positions - 1 { next = next.dropFirst() }
          } else {
            try file.append(lines.line(row, of: self))
          }
        }
      }
    }
  }
}
