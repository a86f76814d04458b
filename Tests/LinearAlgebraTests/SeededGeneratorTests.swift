import Foundation
import LinearAlgebra
import TestSupport
import Testing

@Suite struct SeededGeneratorTests {
  /// A generator with this very state, through the checkpoint format.
  func generator(state: UInt64) throws -> SeededGenerator {
    try JSONDecoder().decode(SeededGenerator.self, from: Data(#"{"state": \#(state)}"#.utf8))
  }

  /// The published sequences of SplitMix64.
  @Test func knownValues() throws {
    var zero = try generator(state: 0)
    #expect((0..<3).map { _ in zero.next() } == [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F])
    var other = try generator(state: 1_234_567)
    let values: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    #expect((0..<5).map { _ in other.next() } == values)
  }

  /// Runs are repeated from the seed, also by later versions: these numbers may not change.
  @Test func seedsAndStreams() {
    #expect(SeededGenerator(seed: 0).state == 0xE220_A839_7B1D_CDAF)
    let starts = (0..<20).flatMap { seed in (0..<20).map { SeededGenerator(seed: seed, stream: $0).state } }
    #expect(Set(starts).count == 400)
    var (a, b) = (SeededGenerator(seed: 9), SeededGenerator(seed: 9))
    #expect((0..<100).allSatisfy { _ in a.next() == b.next() })
  }

  @Test func checkpointsGoOnWhereTheyWere() throws {
    var generator = SeededGenerator(seed: 3, stream: 2)
    _ = generator.next()
    var copy = try JSONDecoder().decode(SeededGenerator.self, from: JSONEncoder().encode(generator))
    #expect(copy == generator)
    #expect((0..<50).allSatisfy { _ in copy.next() == generator.next() })
  }

  @Test(arguments: [0, 1, 2, 3, 10, 257, 5000])
  func permutations(count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    let order = generator.permutation(of: count)
    #expect(order.sorted() == (0..<Int32(count)).map { $0 })
    if count > 9 { #expect(order != generator.permutation(of: count)) }
  }

  /// All six orders of three, equally often: 5 standard deviations at 6,000 draws.
  @Test func permutationsAreFair() {
    var generator = SeededGenerator(seed: 77)
    var counts: [[Int32]: Int] = [:]
    for _ in 0..<6000 { counts[generator.permutation(of: 3), default: 0] += 1 }
    #expect(counts.count == 6)
    for (order, count) in counts { #expect((count - 1000).magnitude < 145, "seed 77, \(order)") }
  }

  @Test func uniform() {
    var generator = SeededGenerator(seed: 5)
    var (total, squares) = (0.0, 0.0)
    for _ in 0..<20_000 {
      let x = generator.uniform()
      if !(x >= 0 && x < 1) { Issue.record("seed 5: \(x)") }
      total += x
      squares += x * x
    }
    #expect((total / 20_000 - 0.5).magnitude < 0.01)
    #expect((squares / 20_000 - 1.0 / 3).magnitude < 0.01)
  }

  @Test(arguments: [1, 2, 3, 7, 64, 1000, Int.max])
  func indices(bound: Int) {
    var generator = SeededGenerator(seed: UInt64(bound))
    var seen = Set<Int>()
    for _ in 0..<2000 {
      let index = generator.index(below: bound)
      if !(index >= 0 && index < bound) { Issue.record("\(index) below \(bound)") }
      seen.insert(index)
    }
    if bound <= 64 { #expect(seen.count == bound) }
  }

  @Test func normal() {
    var generator = SeededGenerator(seed: 6)
    let x = (0..<20_000).map { _ in generator.normal() }
    #expect(x.isFinite)
    let mean = x.sum / 20_000
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    let fourth = x.reduce(0) { $0 + $1 * $1 * $1 * $1 } / 20_000
    #expect(mean.magnitude < 0.04 && (variance - 1).magnitude < 0.06 && (fourth - 3).magnitude < 0.4, "seed 6")
  }
}
