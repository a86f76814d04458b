import FastGaussNewton
import Foundation
import Testing

@testable import Comparison

@Suite struct RunStoreTests {
  /// A row with columns of its own.
  struct Cells: StoredRow, Equatable {
    var key: String
    var fields: [[String]]
    var cells: [(column: String, text: String)] { fields.map { ($0[0], $0[1]) } }
    static var kind: String { "test" }
  }

  let directory = NSTemporaryDirectory() + "/store-\(UUID().uuidString)"

  @Test func columnsAreTheUnion() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let first = [Cells(key: "1", fields: [["a", "1"], ["b", "x, \"y\""]]), Cells(key: "1", fields: [["b", "2"]])]
    let second = [Cells(key: "0", fields: [["c", "3"], ["a", "4"]])]
    var store = try RunStore<Cells>(directory: directory)
    try store.add(first)
    #expect(try file() == "a,b\n1,\"x, \"\"y\"\"\"\n,2\n")
    try store.add(second)
    let table = "a,b,c\n1,\"x, \"\"y\"\"\",\n,2,\n4,,3\n"
    #expect(try file() == table)
    #expect(store.run("1") == first && store.run("2") == nil)

    var again = try RunStore<Cells>(directory: directory)
    #expect(again.run("1") == first && again.run("0") == second)
    try again.add([Cells(key: "2", fields: [["d", ""]])])
    #expect(try file() == "a,b,c,d\n1,\"x, \"\"y\"\"\",,\n,2,,\n4,,3,\n,,,\n")
  }

  @Test func otherRowsAreRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var store = try RunStore<Cells>(directory: directory)
    try store.add([Cells(key: "1", fields: [["a", "1"]])])
    let error = #expect(throws: FileError.self) { try RunStore<ComparisonRow>(directory: directory) }
    #expect("\(error!)".contains("line 1: expected a row of a comparison"))
  }

  /// Two works in one directory lose no run, though each read it before the other wrote.
  @Test func twoAtATime() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    func cells(_ key: String) -> [Cells] { [Cells(key: key, fields: [["a", key]])] }
    var (first, second) = (try RunStore<Cells>(directory: directory), try RunStore<Cells>(directory: directory))
    try first.add(cells("1"))
    try second.add(cells("2"))
    try first.add(cells("3"))
    try second.add(cells("3"))
    let all = try RunStore<Cells>(directory: directory)
    for key in ["1", "2", "3"] { #expect(all.run(key) == cells(key)) }
    #expect(try file() == "a\n1\n2\n3\n")
  }

  @Test func filesOfOthersStay() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try "mine".write(toFile: directory + "/curves.svg", atomically: true, encoding: .utf8)
    let error = #expect(throws: FileError.self) { try RunStore<Cells>(directory: directory, files: ["curves.svg"]) }
    #expect("\(error!)".contains("curves.svg: is not ours, as rows.jsonl is not beside it"))
    _ = try RunStore<Cells>(directory: directory)
    try "not a row".write(toFile: directory + "/rows.jsonl", atomically: true, encoding: .utf8)
    #expect(throws: FileError.self) { try RunStore<Cells>(directory: directory) }
    var forced = try RunStore<Cells>(directory: directory, files: ["curves.svg"], replacesOthers: true)
    #expect(
      try String(contentsOfFile: directory + "/rows.jsonl", encoding: .utf8) == "not a row", "until there is a run")
    try forced.add([Cells(key: "1", fields: [["a", "1"]])])
    #expect(try file() == "a\n1\n")
  }

  private func file() throws -> String { try String(contentsOfFile: directory + "/rows.csv", encoding: .utf8) }
}
