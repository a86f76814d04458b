import Foundation
import Jobs
import Testing

/// Answers to arrays, to files and line by line are the same answers.
@Suite struct PredictionTests {
  let directory = TemporaryDirectory()

  private func answers(_ job: PredictJob, _ model: ModelFile<Float>, _ text: String, isJSON: Bool) throws -> String {
    let input = try FileHandle(forReadingFrom: URL(filePath: directory.write(text, "input")))
    let path = try directory.write("", "answers")
    let output = try FileHandle(forWritingTo: URL(filePath: path))
    try job.answerLines(
      model, reading: DataFiles(.file("-")), from: input.fileDescriptor, to: output.fileDescriptor, isJSON: isJSON)
    try output.close()
    return try directory.text("answers")
  }

  @Test(arguments: [PredictJob.Form.classes, .probabilities, .top(2)])
  func filesAndLines(_ form: PredictJob.Form) throws {
    var model = try BadInputTests.model()
    model.standardization = Standardization(mean: [1, 0, -1], scale: [2, 1, 3])
    let job = PredictJob(form)
    let prediction = try job.run(model, on: Letters.data().features)
    #expect(prediction.rows == 90 && prediction.names == Letters.names)
    #expect(try prediction.classes == Predictor(model).classes(of: Letters.data().features).map(Int.init))
    try prediction.write(to: directory.file("p.csv"))
    let csv = try directory.text("p.csv")
    let lines = csv.split(separator: "\n")
    #expect(lines.count == 91)
    #expect(
      lines[0]
        == (form == .classes
          ? "class"
          : form == .probabilities
            ? "a,\"b, c\",d" : "class1,probability1,class2,probability2"))
    #expect(try answers(job, model, Letters.csv(), isJSON: false) == csv.drop { $0 != "\n" }.dropFirst())
    let fromFile = try job.run(model, on: DataFiles(.file(directory.write(Letters.csv(), "letters.csv"))))
    #expect(fromFile.classes == prediction.classes)
    for (number, line) in try answers(job, model, Letters.csv(), isJSON: true).split(separator: "\n").enumerated() {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let name: String? =
        switch form {
        case .classes: object["class"] as? String
        case .probabilities:
          (object["probabilities"] as? [Double]).map { p in Letters.names[p.firstIndex(of: p.max()!)!] }
        case .top: (object["top"] as? [[String: Any]])?.first?["class"] as? String
        }
      #expect(name == Letters.names[prediction.classes![number]], "line \(number)")
    }
    try prediction.write(to: directory.file("p.npz"))
    #expect(
      try Set(NPZ(directory.file("p.npz")).names) == (form == .classes ? ["classes"] : ["classes", "probabilities"]))
  }

  @Test func numbers() throws {
    var preparation = DataPreparation("")
    preparation.loss = NamedLoss(SquaredLoss())
    var job = TrainJob()
    job.epochs = 20
    let data = try Letters.measurements()
    let model = try job.run(on: preparation.prepare(data)).model
    #expect(model.targetStandardization != nil)
    let prediction = try PredictJob().run(model, on: data.features)
    guard case .numbers(let values) = prediction.answers else {
      Issue.record("expected numbers, got \(prediction.answers)")
      return
    }
    #expect(prediction.classes == nil && prediction.names == ["price"])
    let rmse = try EvaluateJob().run(model, on: data).rmse
    let error = zip(values.elements, data.values!.elements).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    #expect(abs((error / 60).squareRoot() - (rmse ?? 0)) < 1e-3)
    try prediction.write(to: directory.file("p.npy"))
    #expect(try NPY.vector(directory.file("p.npy"), as: Float.self) == values.elements)
    let text = (0..<60).map { row in data.features.dense.row(row).map { "\($0)" }.joined(separator: ",") + "\n" }
    #expect(
      try answers(PredictJob(), model, text.joined(), isJSON: false)
        == values.elements.map { "\($0)\n" }.joined())
    expectFailure(.badData, "probabilities is for classes; this model predicts numbers") {
      try PredictJob(.probabilities).run(model, on: data.features)
    }
    expectFailure(.badData, "top-k is for classes") { try PredictJob(.top(1)).run(model, on: data.features) }
  }
}
