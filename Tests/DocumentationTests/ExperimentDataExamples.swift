import Comparison
import Experiments
import FastGaussNewton
import Testing

/// The examples in comments of Comparison's tables and of the experiments' data.
@Suite struct ExperimentDataExamples {
  @Test func table() {
    var table = CSVTable()
    table.add([("method", "fgn"), ("loss", "0.5")])
    table.add([("method", "a, b"), ("rows", "7")])
    print(table.text)
    // method,loss,rows
    // fgn,0.5,
    // "a, b",,7
    #expect(table.text == "method,loss,rows\nfgn,0.5,\n\"a, b\",,7\n")
  }

  @Test func data() throws {
    let data = ExperimentData(directory: "Examples")
    if let letter = try data.letter() { print(letter.training.count) }
    #expect(data.directory == "Examples")
    let nowhere = try ExperimentData(directory: "/nowhere").letter()
    #expect(nowhere == nil)
  }

  @Test func trainingRuns() throws {
    let features = Matrix<Double>(rows: 4, columns: 2, elements: [0, 0, 0, 1, 1, 0, 1, 1])
    let examples = try Dataset(features: features, labels: [0, 0, 1, 1], classNames: ["no", "yes"])
    let split = Split(name: "toy", training: examples, validation: examples)
    let head = LinearHead<Double>(features: 2, classes: 2)
    var runs = TrainingRuns(split, model: head, budget: .epochs(4))
    runs.l2 = 1e-4
    let rows = try runs.rows("adam:lr=0.01", seed: 0)
    let cases = try runs.cases(["fgn", "ggn", "adam:lr=0.01"], seeds: [0, 1])
    #expect(rows.count == 5 && cases.count == 6)
  }

  @Test func contrasts() throws {
    let rows = Rows(
      [("fgn", 1.0), ("adam", 2.0)].map { method, loss in
        Row(["data": "letter", "optimizer": .text(method), "method": .text(method), "loss": .number(loss)])
      })
    let gain = rows.contrast("loss", where: "data=letter, method=fgn", less: "method=adam")
    let tuned = rows.best("method", by: "loss", within: ["data", "optimizer"])
    #expect(gain.difference.value == -1 && tuned.count == 2)
  }

  @Test func randomFeatures() {
    let kernel = RandomFeatures<Double>(inputs: 2, count: 512, bandwidth: 1.5, seed: 3)
    let features = kernel.features(of: Matrix(rows: 2, columns: 2, elements: [0, 1, 1, 0]))
    #expect(features.columns == 512)
  }
}
