import LinearAlgebra
import Losses
import Models
import Optimization

/// Settings of `GradientAgreement`: the source's.
package struct GradientAgreementOptions: Sendable, Codable, Equatable {
  /// Parts that a batch is cut into, at least 2.
  package var microBatches: Int
  /// tau, the largest cosine distance (1 - cosine, 0 to 2) at which a part agrees. Above 1 opposed gradients agree too.
  package var threshold: Double

  package init(microBatches: Int = 2, threshold: Double = 0.97) {
    precondition(
      microBatches >= 2 && threshold >= 0 && threshold <= 2,
      "agreement is between at least 2 parts, and cosine distances are in 0...2, got \(microBatches), \(threshold)")
    self.microBatches = microBatches
    self.threshold = threshold
  }
}

/// Gradient agreement filtering around any optimizer (Chaubard, Eddy & Kochenderfer 2024, arXiv 2412.18052).
///
/// A batch is cut into equal parts in its order. The first is kept; each next one is kept if its gradient's cosine
/// distance to the gradient of what is kept so far is at most tau. `base` then takes a step on the examples that were
/// kept, so it may be any method. If none agrees with the first there is no step: the report says `accepted` with step
/// length 0, the path "no agreement" and the loss as objective, for such batches are the method's normal course and no
/// divergence. If the loss or gradient of any part is not finite the step is rejected. A batch of one example goes to
/// `base` as it is.
///
/// The gradients compared are of the loss alone: a penalty's, the same in all parts, would look like agreement. Cost
/// beyond the base's: one forward pass and one pullback of the batch, 2 P numbers. Default: two parts and tau 0.97, as
/// in the source's examples.
///
/// ```swift
/// let fgn = GaussNewtonOptimizer(Objective(head))
/// var filtered = GradientAgreement(fgn, options: GradientAgreementOptions(microBatches: 4))
/// let report = filtered.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
/// ```
package struct GradientAgreement<Base: Optimizer>: Optimizer {
  package typealias ModelType = Base.ModelType
  package typealias Scalar = ModelType.Scalar

  package struct State: Codable, Sendable {
    package var base: Base.State
    /// Steps for which nothing agreed.
    package var skipped: Int
  }

  package let options: GradientAgreementOptions
  package var base: Base
  private var skipped = 0
  private var point: ObjectivePoint<ModelType>
  private var gradient: [Scalar] = []
  private var aggregate: [Scalar] = []

  package init(
    _ base: Base, options: GradientAgreementOptions = GradientAgreementOptions()
  ) {
    self.options = options
    self.base = base
    point = ObjectivePoint(base.objective.withoutPenalty)
  }

  package var state: State {
    get { State(base: base.state, skipped: skipped) }
    set { (base.state, skipped) = (newValue.base, newValue.skipped) }
  }

  package var objective: Objective<ModelType> { base.objective }

  package var explanation: String { "\(base.explanation), on examples whose gradients agree" }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    let examples = batch.inputs.features.rows
    let parts = min(options.microBatches, examples)
    guard parts > 1 else { return base.step(&parameters, on: batch, at: progress) }
    point.counts = PassCounts()
    let agreement = agree(at: parameters, batch, parts)
    let passes = point.counts.passes / parts  // each over one part
    point.release()
    var report = StepReport(
      outcome: .rejected, objective: agreement.loss, stepLength: 0, path: "no agreement")
    if agreement.isFinite && agreement.kept.count > 1 {
      report = base.step(
        &parameters, on: agreement.kept.count == parts ? batch : select(agreement.kept.flatMap { $0 }, of: batch),
        at: progress)
      report.path += ", \(agreement.kept.count) of \(parts) agree"
    } else if agreement.isFinite {
      report.outcome = .accepted
      skipped += 1
    }
    report.modelPasses += passes
    return report
  }

  package func check(batchRows: Int) throws(OptimizerError) { try base.check(batchRows: batchRows) }

  private struct Agreement {
    /// Ranges of examples.
    var kept: [Range<Int>] = []
    /// Mean over all parts.
    var loss = 0.0
    var isFinite = true
  }

  private mutating func agree(at parameters: Parameters<Scalar>, _ batch: Batch<Scalar>, _ parts: Int) -> Agreement {
    let examples = batch.inputs.features.rows
    var result = Agreement()
    var total = 0.0
    aggregate.resize(to: parameters.layout.trainableCount)
    aggregate.fill(with: 0)
    for part in 0..<parts {
      let range = examples * part / parts..<examples * (part + 1) / parts
      let micro = select(Array(range), of: batch)
      let weight = micro.weights?.sum ?? Double(micro.count)
      guard weight > 0 else { continue }
      result.loss += weight * point.evaluate(at: parameters, batch: micro)
      total += weight
      point.gradient(into: &gradient)
      let norm = Double(gradient.norm)
      guard norm.isFinite else {
        result.isFinite = false
        continue
      }
      let product = norm * Double(aggregate.norm)
      let cosine = product > 0 ? Double(gradient.dot(aggregate)) / product : 0
      if result.kept.isEmpty || 1 - cosine <= options.threshold {
        aggregate.combine(Scalar(weight), gradient)
        result.kept.append(range)
      }
    }
    result.loss /= total
    result.isFinite = result.isFinite && result.loss.isFinite
    return result
  }

  /// The batch of some examples, with the rows of outputs that are theirs.
  private func select(_ examples: [Int], of batch: Batch<Scalar>) -> Batch<Scalar> {
    let index = examples.map { Int32($0) }
    var inputs = Inputs(batch.inputs.features.gatheredInMemory(index))
    inputs.dropoutSeed = batch.inputs.dropoutSeed
    if let gram = batch.inputs.gram {
      inputs.gram = Matrix(rows: index.count, columns: index.count)
      Gram.gather(gram, index, into: &inputs.gram!)
    }
    let perExample = objective.model.rowsPerExample
    guard perExample > 1 else {
      return Batch(
        inputs: inputs, targets: batch.targets.rows(index),
        weights: batch.weights.map { all in examples.map { all[$0] } })
    }
    var places = [Int32](repeating: -1, count: batch.inputs.features.rows)
    for (place, example) in examples.enumerated() { places[example] = Int32(place) }
    var (taken, rows) = ([Int32](), [Int32]())
    for k in 0..<batch.count {
      let row = batch.inputs.rows.map { Int($0[k]) } ?? k
      let place = places[row / perExample]
      guard place >= 0 else { continue }
      taken.append(Int32(k))
      rows.append(place * Int32(perExample) + Int32(row % perExample))
    }
    inputs.rows = rows
    return Batch(
      inputs: inputs, targets: batch.targets.rows(taken),
      weights: batch.weights.map { all in taken.map { all[Int($0)] } })
  }
}
