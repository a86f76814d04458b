import ArgumentParser
import FastGaussNewton

/// `fgn calibrate`: the temperature of a model's probabilities, from data that it was not trained on.
struct CalibrateCommand: DataCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Fit a temperature T on validation data, so that probabilities softmax(z / T) mean what they say.",
    discussion: """
      T minimises the mean cross-entropy on DATA, which should be other data than the model was trained on. Classes and \
      accuracy stay as they are. Printed are the loss and the expected calibration error (ECE, 15 bins) before and \
      after. The model is saved with T, to --output or --in-place, which `fgn predict` and `fgn evaluate` then use; where the loss has no \
      minimiser nothing is saved.
      """)

  @OptionGroup var saved: SavedModelArguments
  @OptionGroup var arguments: DataArguments
  @Option(help: "Where the model with its temperature goes, .safetensors. This or --in-place.")
  var output: String?
  @Flag(help: "Write the model with its temperature over MODEL. This or --output.")
  var inPlace = false
  @Option(help: "Draw accuracy against confidence, before and after, as .svg.")
  var figure: String?
  @Flag(help: "Print one JSON object.")
  var json = false

  struct Summary: Encodable {
    var outcome: Calibration.Outcome
    var temperature: Double
    var examples: Int
    var before: Calibration.Quality
    var after: Calibration.Quality
    var model: String?
  }

  func validate() throws {
    try arguments.requireData()
    try require(
      inPlace == (output == nil),
      "Say where the model with its temperature goes: --output FILE, or --in-place to replace MODEL; got "
        + (inPlace ? "both." : "neither."))
  }

  func work<S: RealScalar>(_ type: S.Type) throws {
    let path = output ?? saved.model
    var files = RunFiles(arguments, saved)
    files.writes(
      path, "the calibrated model", endings: inPlace ? [] : [".safetensors"], replaces: inPlace ? "the model" : nil)
    files.writes(figure, "the figure", endings: [".svg"])
    try files.checkAll()
    var model: ModelFile<S> = try saved.load()
    let job = CalibrateJob()
    let result = try job.run(&model, on: arguments.files, note: logger.info)
    let isFitted = result.outcome == .converged
    if isFitted {
      try job.save(
        temperature: result.temperature, ofModelIn: saved.model, architecture: saved.readArchitecture(), to: path)
    }
    if let figure { try AtomicFile.write(result.figure.svg(), to: figure) }
    if json {
      return try printJSON(
        Summary(
          outcome: result.outcome, temperature: result.temperature, examples: result.examples, before: result.before,
          after: result.after, model: isFitted ? path : nil))
    }
    print("outcome      \(result.outcome.rawValue)")
    print("temperature  \(NumberText.significant(result.temperature, 6))")
    print("examples     \(result.examples)")
    print("             before    after")
    func row(_ name: String, _ value: KeyPath<Calibration.Quality, Double>) {
      let (before, after) = (result.before[keyPath: value], result.after[keyPath: value])
      print("\(name)\(NumberText.fixed(before, 6))  \(NumberText.fixed(after, 6))")
    }
    row("loss         ", \.loss)
    row("ECE          ", \.calibrationError)
    print(isFitted ? "saved to \(path)" : "not saved. \(result.outcome.remedy)")
  }
}
