import Figures
import Testing
import Training

@testable import Experiments

@Suite struct QueryTests {
  let rows = Rows(
    [(0, "a", 1.0), (0, "b", 2), (1, "a", 3), (1, "b", 9), (2, "a", 8)].map { seed, method, loss in
      Row(["seed": .number(Double(seed)), "method": .text(method), "loss": .number(loss), "x": .number(loss * loss)])
    })

  @Test(arguments: [
    ("mean of loss", 4.6), ("mean of loss where method=a", 4), ("median of loss", 3),
    ("median of loss where seed<2", 2.5),
    ("minimum of loss where method!=a", 2), ("maximum of loss where method=a, seed<=1", 3), ("sum of loss", 23),
    ("count of loss where seed>=1", 3), ("count of nothing", 0), ("deviation of loss where seed=1", 18.0.squareRoot()),
    ("standardError of loss where seed=1", 3), ("exponent of x by loss", 2),
    ("mean of loss where method=b less method=a", 3.5), ("mean of loss where method=b over method=a", 2.5),
    ("deviation of loss where method=b less method=a", 12.5.squareRoot()),
  ])
  func values(_ query: String, _ expected: Double) throws {
    let value = try #require(rows.number(query).value)
    #expect(abs(value - expected) < 1e-12)
    #expect(Query(query).description == query)
  }

  @Test func nothingThereIsNil() {
    #expect(rows.number("mean of loss where method=c").value == nil)
    #expect(rows.number("mean of loss where method=c").text == "none")
    #expect(rows.number("deviation of loss where seed=2").value == nil)
    #expect(rows.number("exponent of x by loss where seed=2").value == nil)
  }

  @Test func valuesInOrder() {
    #expect(rows.values(of: "loss") == [1, 2, 3, 8, 9])
    #expect(rows.values(of: "method") == ["a", "b"])
    #expect(rows.where("method=a").count == 3)
  }

  @Test func rowsReadBack() throws {
    let row = Row(["a": 1, "b": "x", "c": .number(.infinity), "d": 0.1])
    let text = try JSONLine.text(of: row)
    #expect(try JSONLine.value(Row.self, of: text) == row)
  }

  @Test func linesAreOverSeeds() throws {
    let marks = rows.lines("loss", against: "seed", by: "method")
    guard case .line(let a) = marks[0] else { return #expect(Bool(false)) }
    #expect(a.name == "a" && a.x == [0, 1, 2] && a.y == [1, 3, 8])
    guard case .line(let all) = rows.line("all", "loss", against: "seed") else { return #expect(Bool(false)) }
    #expect(all.y == [1.5, 6, 8] && all.band?.lower[1] == 6 - 18.0.squareRoot())
    guard case .line(let geometric) = rows.line("all", "loss", against: "seed", .geometric) else { return }
    #expect(abs(geometric.y[0] - 2.0.squareRoot()) < 1e-12)
    guard case .line(let range) = rows.line("all", "loss", against: "seed", .range) else { return }
    #expect(range.y[1] == 6 && range.band?.upper[1] == 9)
  }

  @Test func numbersAreWrittenAsAsked() {
    #expect(rows.number("mean of loss", as: .percent(1)).text == "460.0 %")
    #expect(rows.number("mean of loss", as: .fixed(2)).text == "4.60")
    let statement: Statement = "a \(rows.number("mean of loss")) of \(setting: 3)"
    #expect(statement.text == "a 4.6 of `3`")
    #expect(Statement.joined(["x", "y"]).text == "x; y")
  }
}
