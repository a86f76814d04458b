import Foundation
import Testing

@Suite struct TaskTests {
  @Test func learnsGains() async throws {
    let files = TemporaryDirectory()
    let result = try await Command.run(
      "task", "lqr", "--steps", "300", "--json", "--curve", files.file("curve.svg"))
    #expect(result.status == 0, "\(result.errors)")
    let object = try result.json()
    #expect(object["task"] as? String == "lqr" && object["optimizer"] as? String == "egn")
    #expect(object["reached"] as? Int == 4)
    let runs = try #require(object["runs"] as? [[String: Any]])
    #expect(runs.count == 4)
    for run in runs {
      let error = try #require(run["gainError"] as? Double)
      #expect(error <= 1e-6, "\(run["plant"] ?? "")")
      #expect((run["errors"] as? [Double])?.count == 300)
      #expect(try #require(run["closedLoop"] as? Double) < 1)
    }
    #expect(try files.text("curve.svg").contains("double integrator"))
  }

  /// Too few fits: a result all the same, and the exit code says so.
  @Test func missesTheGoal() async throws {
    let result = try await Command.run("task", "lqr", "--steps", "5")
    #expect(result.status == 1)
    #expect(result.output.contains("unstable, seed 0: spectral radius 1.300") && result.output.contains("5: "))
  }

  @Test(arguments: ["egn", "adam", "sgn", "fgn:damping=0.1"]) func learnsValues(_ optimizer: String) async throws {
    let files = TemporaryDirectory()
    let arguments = ["task", "cartpole", "--optimizer", optimizer, "--steps", "1200", "--seeds", "2", "--seed", "3"]
    let result = try await Command.run(arguments + ["--json", "--curve", files.file("curve.svg")])
    #expect(result.status == 0 || result.status == 1, "\(result.errors)")
    let object = try result.json()
    let runs = try #require(object["runs"] as? [[String: Any]])
    #expect(runs.map { $0["seed"] as? Int } == [3, 4])
    for run in runs {
      #expect(run["steps"] as? Int == 1200 && run["rejected"] as? Int == 0)
      #expect(try #require(run["updates"] as? Int) > 50)
      #expect((run["curve"] as? [Any])?.count == 2)
      #expect(try #require(run["meanReturn"] as? Double) >= 8)
    }
    #expect(try files.text("curve.svg").contains("seed 4"))
    #expect(result.errors.contains("seed 3: step 1000, mean return"))
    let again = try await Command.run(arguments)
    #expect(again.status == result.status && again.output.contains("of 2 seeds reach 475"))
    let first = try #require(runs[0]["meanReturn"] as? Double)
    let text = again.output.components(separatedBy: "seed 3: mean return ").last?.split(separator: " ").first
    let printed = try #require(text.flatMap { Double($0) }, "\(again.output)")
    #expect(abs(printed - first) < 0.051, "the same seed")
  }

  @Test func theAcrobotToo() async throws {
    let result = try await Command.run("task", "acrobot", "--steps", "200")
    #expect(result.status == 1 && result.output.contains("0 of 1 seeds reach -100"), "\(result.errors)")
  }
}
