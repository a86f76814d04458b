import FastGaussNewton
import Foundation
import Testing

/// `ulimit -n`: a process that may have four files open, three of them its standard ones, works, or says what it lacks.
@Suite struct FewFilesTests {
  let directory = TemporaryDirectory()

  private func run(_ limit: Int, _ line: String) async throws -> Command.Result {
    let script = "ulimit -n \(limit); exec '\(Command.executable)' \(line)"
    return try await Command.start(["-c", script], executable: "/bin/bash").result()
  }

  @Test(arguments: 4...8) func everyCommandEndsInOrder(_ limit: Int) async throws {
    let toy = try ToyModel()
    let table = try directory.write(toy.data.csv(), "d.csv")
    let output = directory.file("m.safetensors")
    let data = "'\(table)' --label-column Letter"
    let lines = [
      "train \(data) --epochs 1 --output '\(output)'",
      "train \(data) --to-optimum --l2 0.01 --output '\(output)' --log '\(directory.file("log"))'",
      "tune \(data) --folds 2 --points 2 --output '\(output)'",
      "predict '\(toy.path)' \(data) --output '\(directory.file("p.csv"))'",
      "evaluate '\(toy.path)' \(data)",
      "inspect '\(toy.path)' \(data) --damping 1",
      "calibrate '\(toy.path)' \(data) --output '\(directory.file("c.safetensors"))'",
      "train '\(toy.dataPath)' --epochs 1 --memory-limit 100 --output '\(output)'",
    ]
    for line in lines {
      let result = try await run(limit, line)
      #expect([0, 66, 73, 74].contains(result.status), "\(limit) \(line): \(result.status) \(result.errors)")
      if result.status != 0 { #expect(result.errors.contains("Too many open files"), "\(line): \(result.errors)") }
    }
    // One file at a time is enough for these.
    for line in [lines[0], lines[2], lines[3], lines[5]] {
      let result = try await run(limit, line)
      #expect(result.status == 0, "\(limit) \(line): \(result.errors)")
    }
  }

  @Test(arguments: 4...8) func comparisonsAndExperiments(_ limit: Int) async throws {
    let data = try ToyData().npz(directory.file("t.npz"))
    for line in [
      "compare '\(data)' --optimizers fgn --seeds 1 --epochs 1 --output '\(directory.file("c"))'",
      "experiment decomposition --quick --seeds 1 --output '\(directory.file("e"))'",
      "task lqr --steps 1",
    ] {
      let result = try await run(limit, line)
      let codes: [Int32] = line.hasPrefix("task") ? [0, 1] : [0, 66, 73, 74]
      // On a machine with many more runnable threads than processors a run may end by SIGILL: seen with an experiment, in
      // two of six runs beside eleven others, and not in fifty alone. Why is not known.
      withKnownIssue("few open files under load", isIntermittent: true) {
        #expect(result.status >= 0, "\(limit) \(line): \(result.status) \(result.errors)")
      } when: {
        result.status < 0
      }
      #expect(result.status < 0 || codes.contains(result.status), "\(limit) \(line): \(result.status)")
      if result.status > 1 { #expect(result.errors.contains("Too many open files"), "\(line): \(result.errors)") }
    }
  }
}
