/// What the settings of methods do: damping against batch size, and each method's own number.
enum HeadDamping {
  static let batchSizes = [32, 128, 512]
  static let passes = 4.0
  private static let fixed = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]
  /// Of automatic damping; the default in the middle.
  private static let factors = [0.12, 0.36, 1.2, 3.6, 12, 36, 120, 360, 1200]

  /// All but ten classes of letter, which differ little from all of them.
  static func cases(_ problems: [HeadProblem], in setting: ExperimentSetting) -> [Case] {
    let passes = setting.pick(full: passes, quick: 2)
    let chosen = problems.filter { $0.name != "letter-10" }
    func some<T>(_ all: [T]) -> [T] { all.indices.filter { !setting.isQuick || $0 % 2 == 0 }.map { all[$0] } }
    // Maps have no bands: three seeds are enough for their means.
    return setting.seeds.prefix(3).flatMap { seed in
      chosen.flatMap { problem in
        batchSizes.map { batchSize in
          var own = problem
          own.batchSize = batchSize
          let varied = batchSize == problem.batchSize ? some(factors).map { "fgn:damping-factor=\($0)" } : []
          let method = HeadMethod(
            family: HeadMethod.fgn, contestants: ["fgn"] + some(fixed).map { "fgn:fixed-damping=\($0)" } + varied)
          return own.bundle(part: "damping", method, passes: [passes], seed: seed)
        }
      }
    }
  }
}
