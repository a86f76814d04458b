import Jobs
import Testing

/// The program of docs/jobs.md, and the examples of the jobs' comments.
@Suite struct JobsExamples {
  @Test func fromATableToAnswers() throws {
    let table = Repository.root.path + "/Examples/letter-recognition.csv"
    let (saved, answers) = (temporaryPath("letters.safetensors"), temporaryPath("answers.csv"))
    defer { [saved, answers].forEach(removeFile) }

    var preparation = DataPreparation(table)
    preparation.standardizesFeatures = true
    preparation.validation = .fraction(0.2)
    let data = try preparation.load(as: Float.self)

    var job = OptimumJob()
    job.l2 = 1e-3
    let fit = try job.run(on: data)
    print(fit.result.outcome, fit.result.certificate.objective, fit.validation?.accuracy ?? 0)

    var model = fit.model
    let calibration = try CalibrateJob().run(&model, on: data)
    print(calibration.temperature, calibration.before.calibrationError, calibration.after.calibrationError)
    try model.write(to: saved)

    let again = try ModelFile<Float>(reading: saved)
    let prediction = try PredictJob(.top(3)).run(again, on: DataFiles(.file(table)))
    try prediction.write(to: answers)
    print(prediction.rows, "rows,", prediction.names.count, "classes")
    #expect(fit.result.outcome == .converged && calibration.outcome == .converged)
    #expect(again.temperature == calibration.temperature && prediction.rows == 20_000)
    #expect(calibration.after.calibrationError < calibration.before.calibrationError)
    #expect(fit.validation?.accuracy ?? 0 > 0.7)
  }

  /// docs/jobs.md shows it with the lines that a file of its own needs: 25 at most.
  @Test func theProgramIsShort() throws {
    let program = try #require(try CodeBlock.all(in: "docs/jobs.md").first)
    #expect(program.lines.count <= 23, "and an import and the names of three files")
  }

  @Test func training() throws {
    let data = try DataPreparation("").prepare(
      try Dataset(
        features: Matrix<Float>(rows: 4, columns: 1, elements: [0, 1, 2, 4]), labels: [0, 1, 0, 1],
        classNames: ["no", "yes"]))
    let path = temporaryPath("model.safetensors")
    defer { removeFile(path) }
    var job = TrainJob()
    job.epochs = 10
    let fit = try job.run(on: data)
    try fit.model.write(to: path)
    #expect(fit.result.epochs.count == 10)

    let head = ModelSpecification<Float>()
    let perceptron = try ModelSpecification<Float>(.perceptron([16, 64, 26], activation: .tanh))
    #expect(head.network == nil && perceptron.network?.outputWidth == 26)
  }
}
