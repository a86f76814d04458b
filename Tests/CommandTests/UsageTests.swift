import FastGaussNewton
import Foundation
import Testing

@Suite struct UsageTests {
  static let train = ["train", "t.npz", "--output", "m.safetensors"]
  static let compare = ["compare", "t.npz", "--output", "d", "--optimizers"]

  /// Arguments, and what is said about them. No file is looked at.
  static let wrong: [([String], String)] = [
    (["train", "--output", "m"], "Give either DATA or --features, got neither."),
    (train + ["--features", "X.npy"], "Give either DATA or --features, got both."),
    (["train", "t.npz"], "Missing expected argument '--output <output>'"),
    (train + ["--labels", "y.npy"], "--labels goes with --features."),
    (
      train + ["--solver", "dual"],
      "solver of fgn must be one of auto, gram, cg, gram-cg, duncan-guttman, woodbury, got dual"
    ),
    (
      train + ["--curvature", "fisher", "--solver", "dual"],
      "must be one of auto, gram, cg, gram-cg, duncan-guttman, woodbury, got dual"
    ),
    (
      train + ["--curvature", "ggn", "--solver", "gram-cg"],
      "solver of ggn must be one of auto, cg, dual, gram, duncan-guttman, woodbury, got gram-cg"
    ),
    (
      train + ["--solver", "lu"],
      "solver of fgn must be one of auto, gram, cg, gram-cg, duncan-guttman, woodbury, got lu"
    ),
    (train + ["--curvature", "competitor"], "--curvature must be fgn, ggn, fisher or rayleigh, got competitor."),
    (train + ["--damping", "much"], "damping of fgn must be auto or a number above 0, got much"),
    (train + ["--damping", "0"], "damping of fgn must be auto or a number above 0, got 0"),
    (train + ["--damping=-1"], "must be auto or a number above 0, got -1"),
    (train + ["--damping", "nan"], "must be auto or a number above 0, got nan"),
    (train + ["--fixed-damping", "inf"], "fixed-damping of fgn must be a number above 0, got inf"),
    (train + ["--damping", "1", "--fixed-damping", "1"], "fgn: give damping or fixed-damping, not both"),
    (
      train + ["--optimizer", "adan"], "unknown optimizer \"adan\", did you mean adam? There are fgn, ggn, egn, fisher,"
    ),
    (train + ["--optimizer", "adam:lr"], "expected option=value after a colon, got \"lr\""),
    (train + ["--optimizer", "adam:bate=1"], "unknown option \"bate\" for adam"),
    (train + ["--optimizer", "adam", "--curvature", "ggn"], "give --optimizer or --curvature, not both"),
    (
      train + ["--learning-rate", "0.1"],
      "fgn has no learning-rate: its damping sets how far a step goes; it has damping"
    ),
    (
      train + ["--optimizer", "adam", "--damping", "1"], "adam has no damping: it has learning-rate, schedule, warm-up"
    ),
    (train + ["--optimizer", "sgd", "--momentum", "1"], "momentum of sgd must be a number from 0 to below 1, got 1"),
    (train + ["--optimizer", "sgd", "--schedule", "step"], "schedule of sgd must be one of constant, linear, cosine"),
    (train + ["--optimizer", "sgd", "--gradient-agreement", "2"], "must be a cosine from -1 to 1, got 2"),
    (["compare", "t.npz", "--output", "d"], "Missing expected argument '--optimizers"),
    (compare + ["sdg"], "unknown optimizer \"sdg\", did you mean sgd?"),
    (compare + ["fgn,adam", "fgn"], "--optimizers names one twice."), (compare + [","], "needs at least one name."),
    (compare + ["fgn", "--epochs", "1", "--steps", "1"], "Give one budget: --epochs, --steps or --seconds."),
    (compare + ["fgn", "--seconds", "0"], "The budget must be above 0, got 0.0."),
    (compare + ["fgn", "--seeds", "0"], "--seeds must be at least 1, got 0."),
    (compare + ["fgn", "--points", "0"], "--points must be at least 1, got 0."),
    (compare + ["fgn", "--grid", "0"], "--grid must be from 1 to 99, got 0."),
    (compare + ["fgn", "--grid-factor", "1"], "--grid-factor must be above 1, got 1.0."),
    (compare + ["fgn", "--clock", "sun"], "Please provide one of 'cpu' and 'wall'"),
    (compare + ["fgn", "--sample-weights", "W.npy"], "give --validation too."),
    (train + ["--epochs", "0"], "--epochs must be at least 1, got 0."),
    (train + ["--epochs", "1.5"], "The value '1.5' is invalid for '--epochs"),
    (train + ["--batch-size", "0"], "--batch-size must be at least 1, got 0."),
    (train + ["--l2=-0.1"], "--l2 must be 0 or more, got -0.1."),
    (train + ["--l2", "nan"], "--l2 must be 0 or more, got nan."),
    (train + ["--time-limit", "0"], "--time-limit must be above 0, got 0.0."),
    (train + ["--patience", "0"], "--patience must be at least 1, got 0."),
    (train + ["--gram-budget=-1"], "--gram-budget must be 0 or more, got -1."),
    (train + ["--threads=-1"], "--threads must be 0 or more, got -1."),
    (train + ["--seed=-1"], "The value '-1' is invalid for '--seed"),
    (train + ["--validation", "v.npz", "--validation-fraction", "0.5"], "--validation-fraction, not both."),
    (train + ["--validation-fraction", "1"], "--validation-fraction must be between 0 and 1, got 1.0."),
    (train + ["--validation-fraction", "nan"], "--validation-fraction must be between 0 and 1, got nan."),
    (train + ["--model", "16"], "--model must be widths such as 16-128-64-26, two at least, or a .json file, got 16."),
    (train + ["--model", "16-x-3"], "--model must be widths such as 16-128-64-26, two at least, or a .json file"),
    (train + ["--model", "16--3"], "got 16--3."), (train + ["--model", "16-0-3"], "got 16-0-3."),
    (train + ["--model", "16-+8-3"], "got 16-+8-3."), (train + ["--model", "4-9999999-3"], "got 4-9999999-3."),
    (train + ["--model", "net.txt"], "got net.txt."), (train + ["--model", ""], "or a .json file, got ."),
    (
      train + ["--activation", "relu"], "--activation goes with --model and widths: an architecture file says its own."
    ),
    (train + ["--model", "net.json", "--activation", "relu"], "--activation goes with --model and widths"),
    (
      train + ["--model", "4-3", "--activation", "elu"], "The value 'elu' is invalid for '--activation"
    ),
    (train + ["--model", "4-3", "--no-intercept"], "--no-intercept is for a linear head from the start"),
    (train + ["--initial", "m", "--no-intercept"], "--no-intercept is for a linear head from the start"),
    (train + ["--class-weight", "even"], "--class-weight must be balanced, weights by name"),
    (train + ["--loss", "squared", "--class-weight", "balanced"], "--class-weight is for classes, and --loss squared"),
    (train + ["--loss", "hinge"], "expected one of cross-entropy, squared, huber, poisson, got \"hinge\""),
    (train + ["--loss", "huber:delta=-1"], "huber-delta: expected a number above 0, got \"-1\""),
    (train + ["--loss", "squared:delta=1"], "squared has no parameter \"delta\": it has none"),
    (train + ["--huber-delta", "1"], "--huber-delta goes with --loss huber."),
    (train + ["--loss", "huber", "--huber-delta", "0"], "--huber-delta must be a number above 0, got 0."),
    (
      train + ["--loss", "poisson", "--standardize-targets"], "--standardize-targets goes with --loss squared or huber."
    ),
    (train + ["--loss", "cross-entropy", "--integer-targets"], "--integer-targets is for numbers to predict"),
    (train + ["--precision", "half"], "Please provide one of 'float' and 'double'"),
    (train + ["--unknown"], "Unknown option '--unknown'"),
    (train + ["more"], "Unexpected argument 'more'"),
    (["evaluate"], "Missing expected argument '<model>'"),
    (["evaluate", "m"], "Give either DATA or --features, got neither."),
    (["evaluate", "m", "t.npz", "--l2", "nan"], "--l2 must be 0 or more, got nan."),
    (["predict", "m", "t.npz"], "Missing expected argument '--output <output>'"),
    (["inspect", "m", "t.npz"], "Missing expected argument '--damping <damping>'"),
    (["inspect", "m", "t.npz", "--damping", "0"], "--damping must be above 0, got 0.0."),
    (["inspect", "m", "t.npz", "--damping", "1", "--l2=-1"], "--l2 must be 0 or more, got -1.0."),
    (["inspect", "m", "t.npz", "--damping", "1", "--curvature", "fisher"], "Please provide one of 'fgn' and 'ggn'."),
    (
      ["inspect", "m", "t.npz", "--damping", "1", "--solver", "dual"],
      "auto, gram, cg, gram-cg, duncan-guttman, woodbury, got dual."
    ),
    (
      ["inspect", "m", "t.npz", "--damping", "1", "--curvature", "ggn", "--solver", "gram-cg"],
      "auto, cg, dual, gram, duncan-guttman, woodbury, got gram-cg."
    ),
    (["task"], "Missing expected argument '<name>'"),
    (["task", "pole"], "Please provide one of 'lqr', 'cartpole' or 'acrobot'"),
    (["task", "lqr", "--optimizer", "adm"], "unknown optimizer \"adm\", did you mean adam?"),
    (["task", "lqr", "--optimizer", "egn:lr=1"], "egn has no learning-rate"),
    (["task", "lqr", "--seeds", "0"], "--seeds must be at least 1, got 0."),
    (["task", "lqr", "--seed", "18446744073709551615"], "--seed is too large for 1 seeds, got 18446744073709551615."),
    (["task", "lqr", "--steps", "0"], "--steps must be at least 1, got 0."),
    (["bake"], "Unexpected argument 'bake'"),
  ]

  @Test(arguments: wrong) func isRefused(_ arguments: [String], _ part: String) async throws {
    let result = try await Command.run(arguments)
    expectFailure(result, 64, part, "Usage: fgn")
  }

  static let options: [(command: String, options: [String])] = [
    (
      "train",
      [
        "--features", "--labels", "--label-column", "--header/--no-header", "--delimiter", "--decimal", "--missing",
        "--id-column", "--columns",
        "--drop-columns", "--validation", "--validation-fraction",
        "--curvature", "--solver", "--damping", "--fixed-damping", "--epochs", "--batch-size", "--l2", "--standardize",
        "--no-intercept", "--sample-weights", "--class-weight", "--precision", "--threads", "--seed", "--time-limit",
        "--patience", "--gram-budget", "--output", "--log", "--curve", "--json", "--model", "--activation", "--initial",
        "--optimizer", "--learning-rate",
        "--schedule", "--warm-up", "--weight-decay", "--clipping", "--momentum", "--gradient-agreement",
      ]
    ),
    (
      "compare",
      [
        "--features", "--labels", "--optimizers", "--epochs", "--steps", "--seconds", "--clock", "--seeds", "--seed",
        "--validation", "--validation-fraction", "--test", "--standardize", "--batch-size", "--l2", "--points",
        "--grid",
        "--grid-factor", "--extend-grid", "--tune-all-seeds", "--target", "--output", "--json", "--model", "--loss",
      ]
    ),
    ("evaluate", ["--features", "--labels", "--architecture", "--l2", "--precision", "--threads", "--json"]),
    ("predict", ["--features", "--architecture", "--output", "--probabilities", "--precision", "--threads", "--json"]),
    (
      "inspect",
      ["--architecture", "--damping", "--l2", "--curvature", "--solver", "--precision", "--direction", "--json"]
    ),
    ("task", ["--optimizer", "--seed", "--seeds", "--steps", "--curve", "--json"]),
  ]

  @Test(arguments: options) func helpListsEveryOption(_ command: String, _ options: [String]) async throws {
    let result = try await Command.run(command, "--help")
    #expect(result.status == 0 && result.errors.isEmpty)
    for option in options { #expect(result.output.contains("  \(option) "), "\(command) lacks \(option)") }
  }

  @Test func theCommandItself() async throws {
    let help = try await Command.run("--help")
    #expect(help.status == 0 && help.output.contains("130 interrupted"))
    for command in ["train", "compare", "evaluate", "predict", "inspect", "task"] {
      #expect(help.output.contains("  \(command) "))
    }
    let version = try await Command.run("--version")
    #expect(version.status == 0 && version.output == "0.1.0\n")
  }
}
