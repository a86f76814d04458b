import Foundation
import Jobs
import TestSupport
import Testing

/// Jobs do what their parts do by hand, and save the model before anything else.
@Suite struct JobTests {
  let directory = TemporaryDirectory()

  /// The label column of the training table is found by its name in others, however it was chosen.
  @Test func labelsOfOtherTablesAreFoundByName() throws {
    var preparation = DataPreparation(try directory.write("x,z,kind\n1,2,0\n3,4,1\n5,6,0\n", "train.csv"))
    preparation.files.labelColumn = .name("-1")
    preparation.validation = .file(try directory.write("kind,z,x\n1,20,10\n", "held.csv"))
    let data = try preparation.load(as: Double.self)
    let held = try #require(data.validation)
    #expect(held.features.dense.elements == [10, 20] && held.labels == [1])
  }

  /// Further examples in two files.
  @Test func pairsOfFurtherExamples() throws {
    var preparation = DataPreparation(try directory.write("x,kind\n1,ant\n3,bee\n5,ant\n", "train.csv"))
    let (x, y) = (directory.file("X.npy"), try directory.write("bee\nant\n", "y.txt"))
    try NPY.write(Matrix<Double>(rows: 2, columns: 1, elements: [7, 8]), to: x)
    preparation.validation = .files(.pair(features: x, labels: y))
    preparation.test = .pair(features: x, labels: y)
    let data = try preparation.load(as: Double.self)
    for part in [data.validation, data.test] {
      #expect(part?.features.dense.elements == [7, 8] && part?.labels == [1, 0])
    }
    preparation.test = .file(x)
    let error = #expect(throws: DataError.self) { try preparation.load(as: Double.self) }
    #expect("\(error!)" == "\(x): expected labels for these features: a second file, which holds them")
  }

  @Test func trainingIsTheTrainers() throws {
    let path = try directory.write(Letters.csv(), "letters.csv")
    var preparation = DataPreparation(path)
    preparation.standardizesFeatures = true
    preparation.validation = .fraction(0.2)
    preparation.seed = 3
    var notes: [String] = []
    let data = try preparation.load(as: Float.self) { notes.append($0) }
    #expect(
      notes == ["\(path): labels are in column \"label\"", "\(path): the first line names the columns"]
        && data.targetText == "3 classes")
    var job = TrainJob()
    (job.epochs, job.batchSize, job.l2, job.seed) = (4, 16, 1e-2, 7)
    (job.output, job.log) = (directory.file("m.safetensors"), directory.file("log.jsonl"))
    let fit = try job.run(on: data)

    var (training, held) = try Letters.data().split(validationFraction: 0.2, seed: 3)
    let standardization = Standardization(fitting: training.features.dense)
    try training.standardize(standardization)
    try held.standardize(standardization)
    let head = LinearHead<Float>(features: 3, classes: 3)
    var optimizer = GaussNewtonOptimizer(Objective(head, l2: 1e-2))
    var observer = SilentObserver()
    let own = try Trainer(options: Trainer.Options(epochs: 4, batchSize: 16, seed: 7)).run(
      &optimizer, on: training, validation: held, observer: &observer)
    #expect(fit.model.parameters == own.parameters && fit.result.epochs.count == 4)
    #expect(fit.validation?.loss == own.epochs[own.bestEpoch - 1].validationLoss)
    let read = try ModelFile<Float>(reading: directory.file("m.safetensors"))
    #expect(read.parameters == own.parameters && read.standardization == standardization && read.seed == 7)
    #expect(read.l2 == 1e-2 && read.objective == fit.training.objective && read.producer == Producer.name)
    #expect(read.classNames == Letters.names)
    let lines = try directory.text("log.jsonl").split(separator: "\n")
    #expect(lines.count == 5 && lines[0].contains("\"optimizer\":\"fgn\"") && fit.logFailure == nil)
  }

  @Test func goingOnFromAModel() throws {
    var preparation = DataPreparation("")
    preparation.standardizesFeatures = true
    let data = try preparation.prepare(Letters.data())
    var job = TrainJob()
    job.epochs = 1
    let first = try job.run(on: data)
    let more = ModelSpecification(continuing: first.model)
    let again = try DataPreparation("").prepare(Letters.data(30, seed: 9), for: more)
    #expect(again.standardization == first.model.standardization)
    let second = try job.run(more, on: again)
    #expect(second.model.parameters != first.model.parameters && second.model.standardization == data.standardization)
  }

  @Test func theOptimumIsTheSolvers() throws {
    let data = try DataPreparation("").prepare(Letters.data())
    var job = OptimumJob()
    (job.l2, job.output) = (0.05, directory.file("m.safetensors"))
    let fit = try job.run(on: data)
    let own = try SoftmaxRegression.Solver(SoftmaxRegression.Problem(Letters.data(), l2: 0.05)).fit()
    #expect(fit.model.parameters.values == own.values && fit.result.outcome == .converged)
    #expect(fit.progress.last?.passes ?? .infinity <= own.passes && fit.progress.count == own.iterations)
    let read = try ModelFile<Float>(reading: directory.file("m.safetensors"))
    #expect(read.objective == own.certificate.objective && read.l2 == 0.05)
    // From its optimum it ends at once.
    let again = try job.run(ModelSpecification(continuing: fit.model), on: data)
    #expect(again.result.iterations <= 2)
  }

  @Test func penaltiesAreChosen() throws {
    var preparation = DataPreparation("")
    preparation.validation = .fraction(0.3)
    let data = try preparation.prepare(Letters.data())
    var path = PathJob()
    path.options.values = [1, 0.1, 0.01]
    var seen: [Double] = []
    let fit = try path.run(on: data, observers: [RecordObserver<PathFit<Float>> { seen.append($0.point.l2) }])
    let points = try #require(fit.path?.points)
    #expect(seen == points.map(\.l2) && fit.l2 == points[fit.path!.bestIndex].l2 && fit.model.l2 == fit.l2)
    #expect(abs((fit.validation?.loss ?? 0) - points.map(\.validation.loss).min()!) < 1e-6)
    var tune = TuneJob()
    (tune.options.folds, tune.options.path.values) = (3, [1, 0.1])
    let tuned = try tune.run(on: data)
    #expect(
      tuned.crossValidation?.points.count == 2 && tuned.crossValidation?.fit?.values == tuned.model.parameters.values)
  }

  /// A log that cannot be written ends; the model and its evaluation are there.
  @Test func theModelOutlivesItsLog() throws {
    var job = TrainJob()
    let data = try DataPreparation("").prepare(Letters.data())
    // Without its directory the log fails after the first epoch.
    let gone = TemporaryDirectory()
    (job.log, job.epochs) = (gone.file("log.jsonl"), 2)
    job.output = directory.file("m.safetensors")
    let fit = try job.run(on: data, observers: [RemovingOnce(gone.path)])
    #expect((fit.logFailure as? FileError)?.code == .cannotCreate)
    #expect(try ModelFile<Float>(reading: directory.file("m.safetensors")).parameters == fit.model.parameters)
  }

  private final class RemovingOnce: RunObserver {
    let path: String
    var isDone = false
    init(_ path: String) { self.path = path }
    func partEnded(_ record: some RunRecord) throws {
      if !isDone { try FileManager.default.removeItem(atPath: path) }
      isDone = true
    }
  }

  @Test func calibrationIsUsed() throws {
    var preparation = DataPreparation("")
    preparation.validation = .fraction(0.3)
    let data = try preparation.prepare(Letters.data())
    var model = try BadInputTests.model()
    try model.write(to: directory.file("m.safetensors"))
    let calibration = try CalibrateJob().run(&model, on: data)
    #expect(calibration.outcome == .converged && model.temperature == calibration.temperature)
    let held = try #require(data.validation)
    let evaluation = try EvaluateJob().run(model, on: held)
    #expect(evaluation.calibrated?.loss == calibration.after.loss)
    try CalibrateJob().save(
      temperature: calibration.temperature, ofModelIn: directory.file("m.safetensors"), to: directory.file("c"))
    try model.write(to: directory.file("same"))
    #expect(try directory.text("c") == directory.text("same"))
  }

  @Test func inspection() throws {
    let model = try BadInputTests.model()
    let files = DataFiles(.file(try directory.write(Letters.csv(), "letters.csv")))
    let (inspection, direction) = try InspectJob(damping: 0.1).run(model, on: files)
    #expect(inspection.examples == 90 && direction.count == 12)
    try InspectJob(damping: 0.1).save(direction, of: model, to: directory.file("d"))
    #expect(try SafeTensors.read(directory.file("d")).values("bias", as: Float.self) == Array(direction[9...]))
    expectFailure(.badData, "the direction is not finite") {
      try InspectJob(damping: 0.1).save([Float](repeating: .nan, count: 12), of: model, to: directory.file("d"))
    }
  }
}
