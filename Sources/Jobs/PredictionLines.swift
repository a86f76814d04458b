/// Answers as text, a line a row: fields with commas between them, or JSON objects.
struct PredictionLines {
  private let isJSON: Bool
  /// As they are printed.
  private let names: [String]

  init(names: [String], isJSON: Bool) {
    self.isJSON = isJSON
    self.names = names.map { isJSON ? JSONValue.string($0).text : CSVField.quoted($0) }
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

  /// The line of a row that is no example: empty fields, or an object that says why.
  func refusal<S>(_ error: String, id: String?, of prediction: PredictJob.Prediction<S>) -> String {
    guard isJSON else { return (id.map { CSVField.quoted($0) + "," } ?? "") + empty(of: prediction) }
    let id = id.map { "\"id\":\(JSONValue.string($0).text)," } ?? ""
    return "{\(id)\"error\":\(JSONValue.string(error).text)}\n"
  }

  /// The line of a row behind its id, where it has one.
  func line<S>(_ row: Int, id: String?, of prediction: PredictJob.Prediction<S>) -> String {
    let text = line(row, of: prediction)
    guard let id else { return text }
    return isJSON ? "{\"id\":\(JSONValue.string(id).text),\(text.dropFirst())" : "\(CSVField.quoted(id)),\(text)"
  }

  /// The fields of a row without an answer.
  func empty<S>(of prediction: PredictJob.Prediction<S>) -> String {
    let fields =
      switch prediction.answers {
      case .classes: 1
      case .probabilities(let table), .numbers(let table): table.columns
      case .top(let top): 2 * top.k
      }
    return String(repeating: ",", count: fields - 1) + "\n"
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
