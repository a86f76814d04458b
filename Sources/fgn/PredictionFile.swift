import FastGaussNewton

/// Predictions as a file: .npz of named arrays, .csv with names, .npy of one array under any other name.
struct PredictionFile {
  let path: String

  private enum Form { case npy, npz, csv }

  private static func form(_ path: String) -> Form {
    let name = path.lowercased()
    return name.hasSuffix(".npz") ? .npz : name.hasSuffix(".csv") ? .csv : .npy
  }

  /// Whether a file of this name can hold classes and probabilities.
  static func canHoldTwo(_ path: String) -> Bool { form(path) != .npy }

  /// A field of a CSV file, in quotes where it needs them.
  static func field(_ text: String) -> String {
    CSVField.quoted(text)
  }

  /// Class numbers.
  func write(_ classes: [Int], shape: [Int], names: [String]) throws {
    switch Self.form(path) {
    case .npy: try NPY.write(classes, shape: shape, to: path)
    case .npz:
      try NPZ.write(to: path) { archive throws(FileError) in
        try archive.add(classes, shape: shape, named: "classes")
      }
    case .csv:
      let fields = names.map(Self.field)
      try writeLines(["class"], classes.count) { fields[classes[$0]] }
    }
  }

  /// All probabilities, the last extent of their shape, and the classes that are highest.
  func write<S: RealScalar>(
    _ probabilities: [S], shape: [Int], classes: [Int], classShape: [Int], names: [String]
  ) throws {
    guard Self.form(path) == .npz else { return try write(probabilities, shape: shape, names: names) }
    try NPZ.write(to: path) { archive throws(FileError) in
      try archive.add(classes, shape: classShape, named: "classes")
      try archive.add(probabilities, shape: shape, named: "probabilities")
    }
  }

  /// Numbers, as many a row as there are names.
  func write<S: RealScalar>(_ values: [S], shape: [Int], names: [String]) throws {
    switch Self.form(path) {
    case .npy: try NPY.write(values, shape: shape, to: path)
    case .npz:
      try NPZ.write(to: path) { archive throws(FileError) in
        try archive.add(values, shape: shape, named: "predictions")
      }
    case .csv:
      let width = names.count
      try writeLines(names.map(Self.field), values.count / width) { row in
        values[row * width..<(row + 1) * width].map { "\($0)" }.joined(separator: ",")
      }
    }
  }

  /// The highest classes and their probabilities, K the last extent of their shape.
  func write<S>(_ top: TopRows<S>, shape: [Int], names: [String]) throws {
    if Self.form(path) == .npz {
      return try NPZ.write(to: path) { archive throws(FileError) in
        try archive.add(top.classes.map(Int.init), shape: shape, named: "classes")
        try archive.add(top.probabilities, shape: shape, named: "probabilities")
      }
    }
    let fields = names.map(Self.field)
    let k = top.k
    try writeLines((1...k).map { "class\($0),probability\($0)" }, top.classes.count / k) { row in
      let places = row * k..<(row + 1) * k
      return places.map { "\(fields[Int(top.classes[$0])]),\(top.probabilities[$0])" }.joined(separator: ",")
    }
  }

  private func writeLines(_ header: [String], _ count: Int, _ line: (Int) -> String) throws {
    try AtomicFile.write(to: path) { file throws(FileError) in
      try file.append(header.joined(separator: ",") + "\n")
      for row in 0..<count { try file.append(line(row) + "\n") }
    }
  }
}
