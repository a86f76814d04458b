import FastGaussNewton
import Foundation
import TestSupport
import Testing

/// Models that were written before a model knew its columns: they load and answer the same (Fixtures/earlier).
@Suite struct EarlierModelTests {
  let directory = TemporaryDirectory()

  private func fixture(_ name: String) -> String {
    Bundle.module.resourceURL!.appending(path: "Fixtures/earlier/\(name)").path
  }

  @Test(arguments: [
    ("head", "a.csv", ["I", "T", "X"]), ("network", "a.csv", ["I", "T", "X"]), ("sparse", "s.svm", ["1", "2", "3"]),
    ("regression", "r.csv", []),
  ])
  func answersAsItDid(_ name: String, _ data: String, _ classes: [String]) throws {
    let model = try ModelFile<Float>(reading: fixture("\(name).safetensors"))
    #expect(model.classNames == classes && model.table == nil && model.labelKind == nil && !model.isWeighted)
    #expect(model.indexBase == (name == "sparse" ? .one : nil))
    let job = PredictJob(model.isClassifier ? .probabilities : .classes)
    let prediction = try job.run(model, on: DataFiles(.file(fixture(data))))
    let answers: [Float] =
      switch prediction.answers {
      case .probabilities(let table), .numbers(let table): table.elements
      default: []
      }
    let lines = try String(contentsOfFile: fixture("\(name).csv"), encoding: .utf8).split(separator: "\n").dropFirst()
    let expected = lines.flatMap { $0.split(separator: ",").map { Float($0)! } }
    #expect(answers.count == expected.count && answers.count >= 24)
    for (a, b) in zip(answers, expected) { #expect(abs(a - b) <= 4e-6 * max(1, abs(b)), "\(name): \(a), it was \(b)") }
    // Written again, it has no more than it had.
    let path = directory.file("\(name).safetensors")
    try model.write(to: path)
    let (old, new) = try (SafeTensors.read(fixture("\(name).safetensors")), SafeTensors.read(path))
    #expect(new.metadata == old.metadata && new.names == old.names)
    for tensor in old.names {
      #expect(try old.values(tensor, as: Float.self) == new.values(tensor, as: Float.self), "\(tensor)")
    }
  }

  @Test func goesOnAndIsEvaluated() throws {
    let model = try ModelFile<Float>(reading: fixture("head.safetensors"))
    let evaluation = try EvaluateJob().run(model, on: DataFiles(.file(fixture("a.csv"))))
    #expect(evaluation.examples == 24 && evaluation.accuracy! > 0.5)
  }
}
