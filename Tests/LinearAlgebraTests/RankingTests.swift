import LinearAlgebra
import TestSupport
import Testing

/// What evaluation takes from logits, against the definitions.
@Suite struct RankingTests {
  @Test(arguments: [2, 3, 15, 16, 17, 40]) func ranksAndMaxima(classes: Int) {
    var generator = SeededGenerator(seed: UInt64(classes))
    var z: Matrix<Float> = generator.matrix(30, classes)
    let labels = generator.labels(30, classes: classes)
    // Ties and NaN count against the true class.
    z[3, (Int(labels[3]) + 1) % classes] = z[3, Int(labels[3])]
    z[4, (Int(labels[4]) + 1) % classes] = .nan
    let ranks = RowKernels.ranks(z, labels: labels)
    let best = RowKernels.argmax(z)
    for i in 0..<30 {
      let own = z[i, Int(labels[i])]
      let others = (0..<classes).filter { $0 != Int(labels[i]) && !(z[i, $0] < own) }
      #expect(Int(ranks[i]) == others.count, "seed \(classes) row \(i)")
      if i == 4 { continue }
      #expect(best[i] == Int32((0..<classes).max { z[i, $0] < z[i, $1] } ?? -1) || i == 3)
    }
    z.fill(with: 1)
    #expect(RowKernels.argmax(z) == [Int32](repeating: 0, count: 30), "the first of equals")
  }

  @Test func standardisedColumns() {
    var generator = SeededGenerator(seed: 2)
    let x: Matrix<Float> = generator.matrix(9, 21)
    var result = x
    result.mapColumns { (shift: Float($0), factor: Float($0 + 1)) }
    for i in 0..<9 {
      for j in 0..<21 {
        let expected = (Double(x[i, j]) - Double(j)) * Double(j + 1)
        #expect((Double(result[i, j]) - expected).magnitude <= 2e-7 * (expected.magnitude + 1))
      }
    }
  }
}
