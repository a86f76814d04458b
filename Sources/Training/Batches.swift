import LinearAlgebra
import Losses
import Models
import Optimization

/// Cuts a data set into batches, shuffled anew in each epoch by the seed.
///
/// Every example is used once in an epoch: N examples make ceil(N / B) batches whose sizes differ by at most one. A
/// data set smaller than the batch is one batch, in its own order and without a copy where no example is left out.
/// Examples of weight zero, and those whose positions have no label at all, are left out: a batch of nothing else would
/// say nothing. The batch's memory is reused.
package struct Batches<Scalar: RealScalar>: Sendable {
  /// N, without the examples that are left out.
  package let exampleCount: Int
  /// ceil(N / B).
  package let count: Int
  /// The examples that are used; nil for all.
  private let examples: [Int32]?
  private var generator: SeededGenerator
  private var order: [Int32] = []
  private var index: [Int32] = []
  private var gram: Matrix<Scalar>?
  private var features = Features<Scalar>.none

  package init(of data: Dataset<Scalar>, batchSize: Int, seed: UInt64) {
    precondition(batchSize >= 1, "the batch size is at least 1")
    let used = (0..<Int32(data.count)).filter { data.isUsed(Int($0)) }
    examples = used.count < data.count ? used : nil
    exampleCount = used.count
    count = (exampleCount - 1) / batchSize + 1
    generator = SeededGenerator(seed: seed, .shuffle)
  }

  /// Draws the order of the next epoch.
  package mutating func shuffle() {
    order = generator.permutation(of: exampleCount)
    if let examples { order = order.map { examples[Int($0)] } }
  }

  /// Batch number `number` of this epoch. `featureGram` is the whole data set's X X^T where it is cached. Throws where
  /// features are in a file that cannot be read any more.
  package mutating func batch(
    _ number: Int, of data: Dataset<Scalar>, featureGram: Matrix<Scalar>?
  ) throws -> Batch<Scalar> {
    if count == 1 && exampleCount == data.count {
      var all = data.features
      if !all.isInMemory { try data.features.read(0..<data.count, into: &all) }
      return data.batch(Inputs(all, gram: featureGram), of: 0..<data.count)
    }
    let start = exampleCount * number / count
    let end = exampleCount * (number + 1) / count
    index = Array(order[start..<end])
    try data.features.gather(index, into: &features)
    if let featureGram {
      if gram == nil { gram = Matrix(rows: 0, columns: 0) }
      gram!.reshape(rows: index.count, columns: index.count)
      Gram.gather(featureGram, index, into: &gram!)
    }
    return data.batch(Inputs(features, gram: gram), of: index)
  }
}

extension Dataset {
  /// All examples as one batch; their features must be in memory.
  public var batch: Batch<Scalar> { batch(Inputs(features), of: 0..<count) }

  /// Whether an example says anything about parameters.
  func isUsed(_ example: Int) -> Bool { weights.map { $0[example] > 0 } ?? true && isLabelled(example) }

  /// The rows of neighbouring examples, whose features `inputs` has.
  func batch(_ inputs: Inputs<Scalar>, of examples: Range<Int>) -> Batch<Scalar> {
    if examples.count == count { return batch(inputs, targets, weights) }
    return batch(inputs, of: examples.map { Int32($0) })
  }

  /// The rows of the examples `index`.
  func batch(_ inputs: Inputs<Scalar>, of index: [Int32]) -> Batch<Scalar> {
    batch(inputs, targets(of: index), weights.map { weights in index.map { weights[Int($0)] } })
  }

  /// The rows that have a label, each with its example's weight.
  private func batch(_ inputs: Inputs<Scalar>, _ all: Targets<Scalar>, _ exampleWeights: [Scalar]?) -> Batch<Scalar> {
    guard labelsPerExample > 1 else { return Batch(inputs: inputs, targets: all, weights: exampleWeights) }
    var (inputs, rows) = (inputs, [Int32]())
    for (row, label) in all.labels.enumerated() where label >= 0 { rows.append(Int32(row)) }
    if rows.count < all.count { inputs.rows = rows }
    return Batch(
      inputs: inputs, targets: all.rows(rows),
      weights: exampleWeights.map { weights in rows.map { weights[Int($0) / labelsPerExample] } })
  }
}

/// X X^T of frozen features: computed once, gathered for each batch.
package enum FeatureGram {
  /// The Gram of all N rows, its lower triangle, if its N^2 elements fit `budget` bytes and it saves work over
  /// `epochs`: it costs N^2 D once and spares B^2 D in each of N / B steps, so it pays when epochs * B > N. Nil
  /// otherwise, and for features that are sparse or in a file: those of a batch cost a step little.
  package static func make<Scalar>(
    _ features: Features<Scalar>, budget: Int, batchSize: Int, epochs: Int
  ) -> Matrix<Scalar>? {
    guard case .dense(let features) = features else { return nil }
    let count = features.rows
    let (bytes, overflow) = (count * count).multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    guard !overflow, bytes <= budget, Double(epochs) * Double(min(batchSize, count)) > Double(count) else { return nil }
    var result = Matrix<Scalar>(rows: count, columns: count)
    var workspace = Gram.Workspace<Scalar>()
    Gram.lower(features.view, into: &result, using: &workspace)
    return result
  }
}
