/// Answers as text, a line a row: fields with commas between them, or JSON objects.
struct PredictionLines {
  private let isJSON: Bool
  /// As they are printed.
  private let names: [String]

  init(names: [String], isJSON: Bool) {
    self.isJSON = isJSON
    self.names = names.map { isJSON ? JSONValue.string($0).text : Self.field($0) }
  }

  /// A field of a CSV file, in quotes where it needs them.
  private static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) || $0 == "\r\n" }) else { return text }
    return "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }

  /// The line that names the columns, with its end.
  func header<S>(of prediction: PredictJob.Prediction<S>) -> String {
    let columns =
      switch prediction.answers {
      case .classes: ["class"]
      case .probabilities, .numbers: names
      case .top(let top): (1...top.k).map { "class\($0),probability\($0)" }
      }
    return columns.joined(separator: ",") + "\n"
  }

  /// A row, with its line's end.
  func line<S>(_ row: Int, of prediction: PredictJob.Prediction<S>) -> String {
    switch prediction.answers {
    case .classes(let classes):
      let name = names[Int(classes[row])]
      return isJSON ? "{\"class\":\(name)}\n" : "\(name)\n"
    case .probabilities(let table): return line(row, of: table, "probabilities")
    case .numbers(let table): return line(row, of: table, "values")
    case .top(let top):
      let fields = (row * top.k..<(row + 1) * top.k).map {
        let (name, probability) = (names[Int(top.classes[$0])], top.probabilities[$0])
        return isJSON ? "{\"class\":\(name),\"probability\":\(probability)}" : "\(name),\(probability)"
      }.joined(separator: ",")
      return isJSON ? "{\"top\":[\(fields)]}\n" : "\(fields)\n"
    }
  }

  private func line<S>(_ row: Int, of table: Matrix<S>, _ key: String) -> String {
    let fields = table.row(row).map { "\($0)" }.joined(separator: ",")
    return isJSON ? "{\"\(key)\":[\(fields)]}\n" : "\(fields)\n"
  }
}
