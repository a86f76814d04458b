import ArgumentParser
import FastGaussNewton

@main
struct FGN: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fgn",
    abstract: "Train and use softmax classifiers and regressions by Fast Gauss-Newton, without tuning a learning rate.",
    discussion: """
      Results go to standard output, progress and errors to standard error.
      Exit codes: 0 ok, 1 failure, 2 diverged, 3 no certified optimum, 64 usage, 65 bad data, 66 missing input, \
      73 cannot create, 74 input/output, 130 interrupted.
      """,
    version: Producer.version,
    subcommands: [
      TrainCommand.self, TuneCommand.self, CompareCommand.self, EvaluateCommand.self, PredictCommand.self,
      CalibrateCommand.self, InspectCommand.self, TaskCommand.self, ExperimentCommand.self,
    ])

  static func main() { main(Array(OperatingSystem.arguments.dropFirst())) }
}
