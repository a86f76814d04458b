import Experiments
import LinearAlgebra
import Testing

@Suite("Synthetic classes")
struct SyntheticClassesTests {
  /// Accuracy on the held out examples, and the median effective competitors, of the posterior's logits.
  private static func posterior(_ near: SyntheticClasses, seed: UInt64) throws -> (
    accuracy: Double, competitors: Double
  ) {
    let held = try near.split(training: 1, held: 600, seed: seed).validation
    var logits = Matrix<Float>(rows: held.count, columns: near.classes)
    Products.timesTransposed(
      held.features.dense.view, near.means(seed: seed).view, alpha: Float(near.separation), into: &logits)
    let best = RowKernels.argmax(logits)
    let right = zip(best, held.labels).count { $0 == $1 }
    RowKernels.softmax(&logits)
    let competitors = (0..<held.count).map { i in
      let q = logits.row(i).enumerated().map { $0.offset == Int(held.labels[i]) ? 0 : Double($0.element) }
      let (sum, squares) = q.reduce((0, 0)) { ($0.0 + $1, $0.1 + $1 * $1) }
      return sum * sum / squares
    }.sorted()
    return (Double(right) / Double(held.count), competitors[held.count / 2])
  }

  @Test(
    "Labels can be learned, and the competitor mass is as diffuse as the separation says",
    arguments: [0, 1] as [UInt64])
  func posterior(seed: UInt64) throws {
    let near = try Self.posterior(SyntheticClasses(classes: 40, features: 16, separation: 1), seed: seed)
    let far = try Self.posterior(SyntheticClasses(classes: 40, features: 16, separation: 6), seed: seed)
    // Chance is 0.025.
    #expect(near.accuracy > 0.06 && near.accuracy < 0.4, "seed \(seed): \(near)")
    #expect(far.accuracy > 0.9, "seed \(seed): \(far)")
    #expect(near.competitors > 10 && far.competitors < 2.5, "seed \(seed): \(near), \(far)")
  }

  @Test("The same seed gives the same bits, another one others")
  func seeds() throws {
    let near = SyntheticClasses(classes: 5, features: 3, separation: 2)
    let (first, again) = (
      try near.split(training: 20, held: 5, seed: 3), try near.split(training: 20, held: 5, seed: 3)
    )
    #expect(
      first.training.features.dense == again.training.features.dense && first.training.labels == again.training.labels)
    #expect(first.fingerprint == again.fingerprint)
    #expect(try near.split(training: 20, held: 5, seed: 4).fingerprint != first.fingerprint)
    #expect(first.training.count == 20 && first.validation.count == 5 && first.training.classCount == 5)
  }

  @Test("Means are unit vectors")
  func means() {
    let means = SyntheticClasses(classes: 7, features: 5, separation: 2).means(seed: 9)
    for k in 0..<7 { #expect(abs(Array(means.row(k)).norm - 1) < 1e-6) }
  }

  @Test(
    "Noise replaces the fraction of the training labels that it says, and nothing held out",
    arguments: [1, 2] as [UInt64])
  func noise(seed: UInt64) throws {
    let clean = try SyntheticClasses(classes: 10, features: 2, separation: 1).split(training: 2000, held: 50, seed: 5)
    let noisy = try clean.noisyLabels(0.4, seed: seed)
    let changed = Double(zip(clean.training.labels, noisy.training.labels).count { $0 != $1 }) / 2000
    // A tenth of the replaced keep their class.
    #expect(abs(changed - 0.36) < 0.04, "seed \(seed): \(changed)")
    #expect(
      noisy.validation.labels == clean.validation.labels
        && noisy.training.features.dense == clean.training.features.dense)
    #expect(try clean.noisyLabels(0, seed: seed).training.labels == clean.training.labels)
    #expect(try clean.noisyLabels(0.4, seed: seed).training.labels == noisy.training.labels)
  }
}
