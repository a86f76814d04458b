import Jobs
import Testing

/// No number and no file that a caller gives ends the process: each is an error with a stable code.
@Suite struct BadInputTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var code: ErrorCode
    var part: String
    var body: @Sendable () throws -> Any

    init(_ name: String, _ code: ErrorCode, _ part: String, _ body: @escaping @Sendable () throws -> Any) {
      (testDescription, self.code, self.part, self.body) = (name, code, part, body)
    }

    init(_ name: String, _ part: String, _ body: @escaping @Sendable () throws -> Any) {
      self.init(name, .badOption, part, body)
    }
  }

  static func prepared(_ change: (inout DataPreparation) throws -> Void = { _ in }) throws
    -> DataPreparation.Result<Float>
  {
    var preparation = DataPreparation("letters")
    preparation.validation = .fraction(0.2)
    try change(&preparation)
    return try preparation.prepare(try Letters.data())
  }

  static func train(_ change: @escaping @Sendable (inout TrainJob) -> Void) -> @Sendable () throws -> Any {
    {
      var job = TrainJob()
      job.epochs = 1
      change(&job)
      return try job.run(on: prepared())
    }
  }

  static func optimum(_ change: @escaping @Sendable (inout OptimumJob) -> Void) -> @Sendable () throws -> Any {
    {
      var job = OptimumJob()
      (job.l2, job.options.iterations) = (0.1, 5)
      change(&job)
      return try job.run(on: prepared())
    }
  }

  static func path(_ change: @escaping @Sendable (inout SoftmaxRegression.PathOptions) -> Void)
    -> @Sendable () throws -> Any
  {
    {
      var job = PathJob()
      job.options.points = 2
      change(&job.options)
      return try job.run(on: prepared())
    }
  }

  static func tune(_ change: @escaping @Sendable (inout SoftmaxRegression.CrossValidationOptions) -> Void)
    -> @Sendable () throws -> Any
  {
    {
      var job = TuneJob()
      (job.options.path.points, job.options.folds) = (2, 2)
      change(&job.options)
      return try job.run(on: prepared())
    }
  }

  static func model(_ change: (inout ModelFile<Float>) -> Void = { _ in }) throws -> ModelFile<Float> {
    let data = try Letters.data()
    let head = LinearHead<Float>(features: 3, classes: 3)
    let values = (0..<12).map { Float($0 % 5) - 2 }
    var file = ModelFile(model: head, parameters: Parameters(layout: head.layout, values: values), trainedOn: data)
    change(&file)
    return file
  }

  static let options: [Case] = [
    Case("epochs 0", "epochs must be at least 1, got 0", train { $0.epochs = 0 }),
    Case("batch of none", "batch-size must be at least 1, got -3", train { $0.batchSize = -3 }),
    Case("l2 below 0", "l2 must be 0 or more, got -1.0", train { $0.l2 = -1 }),
    Case("l2 NaN", "l2 must be 0 or more, got nan", train { $0.l2 = .nan }),
    Case("time limit 0", "time-limit must be above 0", train { $0.timeLimit = 0 }),
    Case("patience 0", "patience must be at least 1", train { $0.patience = 0 }),
    Case("gram budget below 0", "gram-budget must be 0 or more", train { $0.gramBudget = -1 }),
    Case(
      "two dampings", "not both",
      train {
        $0.method.settings[.damping] = 1
        $0.method.settings[.gainRatio] = 1
      }),
    Case("optimum, l2 infinite", "l2 must be 0 or more, got inf", optimum { $0.l2 = .infinity }),
    Case("tolerance 0", "tolerance must be above 0", optimum { $0.options.tolerance = 0 }),
    Case("tolerance NaN", "tolerance must be above 0", optimum { $0.options.tolerance = .nan }),
    Case("no iterations", "max-iterations must be at least 1", optimum { $0.options.iterations = 0 }),
    Case("no history", "history must be at least 1", optimum { $0.options.history = 0 }),
    Case("optimum, time limit below 0", "time-limit must be 0 or more", optimum { $0.options.timeLimit = -1 }),
    Case("path of one point", "points must be from 2 to 1000, got 1", path { $0.points = 1 }),
    Case("path of no values", "l2 must be values above 0", path { $0.values = [] }),
    Case("path of NaN", "l2 must be values above 0", path { $0.values = [0.1, .nan] }),
    Case("ratio 1", "ratio must be between 0 and 1", path { $0.ratio = 1 }),
    Case("path patience 0", "patience must be at least 1", path { $0.patience = 0 }),
    Case("margin below 0", "margin must be 0 or more", path { $0.margin = -0.1 }),
    Case("path without validation", "hold examples out") { try PathJob().run(on: prepared { $0.validation = .none }) },
    Case("one fold", "folds must be at least 2, got 1", tune { $0.folds = 1 }),
    Case("fold tolerance", "fold-tolerance must be above 0", tune { $0.foldTolerance = 0 }),
    Case("more folds than rows", .badData, "expected at least one row for each of 91 folds", tune { $0.folds = 91 }),
    Case("fraction 0", "validation-fraction must be between 0 and 1") { try prepared { $0.validation = .fraction(0) } },
    Case("fraction NaN", "validation-fraction must be") { try prepared { $0.validation = .fraction(.nan) } },
    Case("fraction beyond", "validation-fraction must be") { try prepared { $0.validation = .fraction(1e300) } },
    Case("huber delta 0", "huber-delta: expected a number above 0") {
      try prepared { $0.loss = try NamedLoss("huber:delta=0") }
    },
    Case("balance of numbers", "class-weight is for classes") {
      try prepared { ($0.loss, $0.balancesClasses) = (NamedLoss(SquaredLoss()), true) }
    },
    Case("standardised counts", "standardize-targets goes with") {
      try prepared { ($0.loss, $0.standardizesTargets) = (NamedLoss(PoissonLoss()), true) }
    },
    Case("two kinds of class weights", "class-weight is either balanced or weights by name") {
      try prepared { ($0.balancesClasses, $0.classWeights) = (true, ["a": 2]) }
    },
    Case("perceptron of one width", "model must be two widths") { try Architecture.perceptron([3]) },
    Case("perceptron of width 0", "model must be two widths") { try Architecture.perceptron([3, 0, 2]) },
    Case("top 0", "top-k must be 1 or more, got 0") {
      try PredictJob(.top(0)).run(model(), on: Letters.data().features)
    },
    Case("evaluate, l2 NaN", "l2 must be 0 or more") {
      var job = EvaluateJob()
      job.l2 = .nan
      return try job.run(model(), on: Letters.data())
    },
    Case("damping 0", "damping must be above 0") { try InspectJob(damping: 0).run(model(), on: DataFiles(.file("x"))) },
    Case("curvature of none", "curvature must be fgn or ggn, got fisher") {
      var job = InspectJob(damping: 1)
      job.curvature = .fisher
      return try job.run(model(), on: DataFiles(.file("x")))
    },
    Case("solver of another curvature", "solver for fgn must be one of") {
      var job = InspectJob(damping: 1)
      job.solver = .dual
      return try job.run(model(), on: DataFiles(.file("x")))
    },
    Case("temperature 0", "temperature must be above 0") {
      try CalibrateJob().save(temperature: 0, ofModelIn: "m", to: "m")
    },
  ]

  static let files: [Case] = [
    Case("no such file", .missingInput, "none.csv: cannot open") {
      try DataPreparation("none.csv").load(as: Float.self)
    },
    Case("no such format", .badData, "or features and labels as two files") {
      let directory = TemporaryDirectory()
      return try DataPreparation(directory.write("\u{0}\u{1}", "t.bin")).load(as: Float.self)
    },
    Case("no such model", .missingInput, "m.safetensors") { try ModelSpecification<Float>(reading: "m.safetensors") },
    Case("no such weights", .missingInput, "w.npy") {
      try prepared { ($0.validation, $0.sampleWeights) = (.none, "w.npy") }
    },
    Case("an output nowhere", .cannotCreate, "nowhere", train { $0.output = "/nowhere/m.safetensors" }),
    Case("a log nowhere", .cannotCreate, "nowhere", train { $0.log = "/nowhere/log.jsonl" }),
    Case("an optimum nowhere", .cannotCreate, "nowhere", optimum { $0.output = "/nowhere/m.safetensors" }),
    Case("predictions nowhere", .cannotCreate, "nowhere") {
      try PredictJob().run(model(), on: Letters.data().features).write(to: "/nowhere/p.csv")
    },
    Case("two arrays in one", "top-k has classes and probabilities") {
      try PredictJob(.top(2)).run(model(), on: Letters.data().features).write(to: "p.npy")
    },
    Case("a target column without a name", .badData, "expected the name or the number of a target column") {
      let directory = TemporaryDirectory()
      var preparation = DataPreparation(try directory.write("a,b\n1,0.5\n2,1.5\n", "t.csv"))
      (preparation.loss, preparation.files.targetColumns) = (NamedLoss(SquaredLoss()), [.automatic])
      return try preparation.load(as: Float.self)
    },
    Case("a label column before the first", .badData, "label column") {
      let directory = TemporaryDirectory()
      var preparation = DataPreparation(try directory.write(Letters.csv(), "t.csv"))
      preparation.files.labelColumn = .index(-9)
      return try preparation.load(as: Float.self)
    },
    Case("settings of the model are the model's", .badData, "expected labels for these features, got none") {
      let directory = TemporaryDirectory()
      try NPY.write(Letters.rows(4).features, to: directory.file("X.npy"))
      var files = DataFiles(.pair(features: directory.file("X.npy"), labels: nil))
      (files.labelsPerExample, files.featureCount, files.memoryLimit) = (0, -1, -1)
      return try DataPreparation(files).load(as: Float.self)
    },
  ]

  static let fits: [Case] = [
    Case("labels out of range", .badData, "row 1: expected a label in 0..<2, got 2") {
      try SoftmaxRegression.Problem(features: .dense(Letters.rows(3).features), labels: [0, 2, 1], classes: 2, l2: 1)
    },
    Case("a label below 0", .badData, "row 0: expected a label in 0..<3, got -1") {
      try SoftmaxRegression.Problem(features: .dense(Letters.rows(3).features), labels: [-1, 2, 1], classes: 3, l2: 1)
    },
    Case("labels missing", .badData, "expected one label for each of 3 rows, got 2") {
      try SoftmaxRegression.Problem(features: .dense(Letters.rows(3).features), labels: [0, 1], classes: 2, l2: 1)
    },
    Case("weights of zero", .badData, "above 0 somewhere, got only zeros") {
      try SoftmaxRegression.Problem(
        features: .dense(Letters.rows(2).features), labels: [0, 1], classes: 2, weights: [0, 0], l2: 1)
    },
    Case("weights NaN", .badData, "row 0: expected a finite sample weight") {
      try SoftmaxRegression.Problem(
        features: .dense(Letters.rows(2).features), labels: [0, 1], classes: 2, weights: [.nan, 1], l2: 1)
    },
    Case("a penalty below 0", "l2 must be 0 or more") { try SoftmaxRegression.Problem(Letters.data(), l2: -1) },
    Case("a start of another size", .badData, "expected 9 weights and 3 biases to start from, got 2") {
      try SoftmaxRegression.Solver(SoftmaxRegression.Problem(Letters.data(), l2: 1)).fit(from: [0, 0])
    },
    Case("a start that is not finite", .badData, "expected finite weights to start from") {
      try SoftmaxRegression.Solver(SoftmaxRegression.Problem(Letters.data(), l2: 1)).fit(
        from: [Float](repeating: .nan, count: 12))
    },
    Case("a network to its optimum", .badData, "expected a linear head") {
      try OptimumJob().run(ModelSpecification(.perceptron([3, 4, 3])), on: prepared())
    },
    Case("numbers to their optimum", .badData, "expected cross-entropy to minimise") {
      var preparation = DataPreparation("")
      preparation.loss = NamedLoss(SquaredLoss())
      return try OptimumJob().run(on: preparation.prepare(Letters.measurements()))
    },
    Case("a network of another width", .badData, "letters: the model takes 4 features, the data have 3") {
      try TrainJob().run(ModelSpecification(.perceptron([4, 4, 3])), on: prepared())
    },
    Case("layers that do not fit", .badData, "layer") {
      try ModelSpecification<Float>(Architecture(input: [4], layers: [Layers.Positions(), Layers.Positions()]))
    },
    Case("numbers for classes", .badData, "cross-entropy") {
      try DataPreparation("").prepare(Letters.measurements())
    },
    Case("more classes than there are", .badData, "top-k must be at most the model's 3 classes, got 4") {
      try PredictJob(.top(4)).run(model(), on: Letters.data().features)
    },
    Case("features of another width", .badData, "expected 3 features, as the model has, got 1") {
      try PredictJob().run(model(), on: .dense(Matrix(rows: 1, columns: 1)))
    },
    Case("logits that overflow", .badData, "row 1: the logits overflow float32; use double precision") {
      let x = Matrix<Float>(rows: 2, columns: 3, elements: [1, 1, 1, 3e38, -3e38, 3e38])
      return try PredictJob().run(model(), on: .dense(x))
    },
    Case("a temperature below 0", .badData, "expected a temperature from 1e-6 to 1e6, got -1.0") {
      try PredictJob(.top(1)).run(model { $0.temperature = -1 }, on: Letters.data().features)
    },
    Case("names missing", .badData, "expected names of 3 outputs, got 1") {
      try PredictJob().run(model { $0.classNames = ["a"] }, on: Letters.data().features)
    },
    Case("a standardisation of another width", .badData, "expected a standardisation of 3 finite means") {
      try EvaluateJob().run(model { $0.standardization = Standardization(mean: [0], scale: [1]) }, on: Letters.data())
    },
    Case("a scale of 0", .badData, "expected a standardisation of 3 finite means") {
      try EvaluateJob().run(
        model { $0.standardization = Standardization(mean: [0, 0, 0], scale: [1, 0, 1]) }, on: Letters.data())
    },
    Case("nothing to calibrate on", .badData, "expected examples that were held out, got none") {
      var file = try model()
      return try CalibrateJob().run(&file, on: prepared { $0.validation = .none })
    },
    Case("calibration in other units", .badData, "standardised as the model's were") {
      var file = try model()
      return try CalibrateJob().run(&file, on: prepared { $0.standardizesFeatures = true })
    },
    Case("features that defeat the precision", .diverged, "huge: there is no model: no epoch ended well") {
      let x = Matrix<Float>(rows: 4, columns: 1, elements: [1e30, -1e30, 2e30, -2e30])
      let data = try Dataset(features: x, labels: [0, 1, 0, 1], classNames: ["no", "yes"], source: "huge")
      return try TrainJob().run(on: try DataPreparation("").prepare(data))
    },
    Case("interrupted before a choice", .interrupted, "no l2 was chosen") {
      try TuneJob().run(on: prepared(), observers: [StoppingAtOnce()])
    },
  ]

  @Test(arguments: options + files + fits) func isAnError(_ item: Case) {
    expectFailure(item.code, item.part) { try item.body() }
  }

  /// Codes and remedies are a promise to programs.
  @Test func codesStay() {
    #expect(
      ErrorCode.allCases.map(\.rawValue) == [
        "bad-data", "bad-model", "bad-option", "missing-input", "cannot-create", "input-output", "diverged",
        "interrupted",
      ])
    #expect(Layers.Failure("m").code == .badModel && OptimizerError("m").code == .badOption)
    #expect(TargetError(row: 3, "m").description == "row 3: m" && TrainingMethod.Failure("m").code == .badOption)
    #expect(Set(Remedy.allCases.map(\.text)).count == Remedy.allCases.count)
    let error = DataError("t.csv", "got numbers:", remedy: .lossForNumbers)
    #expect(error.description == "t.csv: got numbers: for numbers to predict choose a loss such as squared")
    #expect(error.text { _ in "do this" } == "t.csv: got numbers: do this")
  }
}

private struct StoppingAtOnce: RunObserver {
  var wantsToStop: Bool { true }
}
