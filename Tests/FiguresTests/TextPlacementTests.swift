import Testing

@testable import Figures

@Suite struct TextPlacementTests {
  @Test(arguments: 0..<200)
  func spreadLabelsDoNotOverlap(seed: UInt64) {
    var generator = TestGenerator(seed: seed)
    let count = generator.integer(0...8)
    let lengths = (0..<count).map { _ in generator.real(1, 12) }
    let wanted = (0..<count).map { _ in generator.real(-10, 110) }
    let centers = spread(wanted, lengths: lengths, from: 0, to: 100)
    let order = wanted.indices.sorted { wanted[$0] < wanted[$1] }
    var edge = -1e-9
    for index in order {
      #expect(centers[index] - lengths[index] / 2 >= edge - 1e-9, "seed \(seed)")
      edge = centers[index] + lengths[index] / 2
    }
    #expect(edge <= 100 + 1e-9, "seed \(seed)")
  }

  @Test func labelsWithRoomStay() {
    #expect(spread([10, 50, 90], lengths: [5, 5, 5], from: 0, to: 100) == [10, 50, 90])
    #expect(spread([50, 50], lengths: [10, 10], from: 0, to: 100) == [45, 55])
  }

  @Test func wrapping() {
    let metrics = TextMetrics(size: 10)
    #expect(metrics.wrapped("one two three", to: 45) == ["one two", "three"])
    #expect(metrics.wrapped("Fashion-MNIST", to: 60) == ["Fashion-", "MNIST"])
    #expect(metrics.wrapped("1e-6", to: 100) == ["1e-6"])
    #expect(metrics.wrapped("aaaaaaaaaa", to: 35) == ["aaaaa", "aaaaa"])
    #expect(metrics.wrapped("", to: 10) == [])
  }
}
