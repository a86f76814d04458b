import LinearAlgebra
import Models
import Optimization

/// K = J C J^T over all outputs of a batch, [R C, R C]; row (i, c) has number i C + c.
///
/// For any model: the batch is copied once for each output, copy c has the cotangents e_c, and the row Gram of the
/// copies is K. C forward passes, C times the work of carrying rows back, and C^2 row Grams. So that a large system
/// does not need five of its size, outputs are taken in blocks, and a pair of blocks at a time. Where J J^T is a
/// multiple of the identity in each row (a linear head) one shared Gram of the batch gives all of it.
struct OutputGram<ModelType: Model>: Sendable {
  typealias Scalar = ModelType.Scalar
  private var linearization: ModelType.LinearizationType
  private var rowGram = Linearizations.RowGram<Scalar>()
  private var gram = Matrix<Scalar>(rows: 0, columns: 0)
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)

  init(model: ModelType) { linearization = model.makeLinearization() }

  /// Outputs of a block, so that the system and the work areas fit `budget` bytes; nil if even one does not. The work
  /// areas of a pair of blocks are four parts of a row Gram and their sum.
  static func blockSize(rows: Int, outputs: Int, budget: Int) -> Int? {
    let stride = Double(MemoryLayout<Scalar>.stride)
    let left = Double(budget) - systemBytes(rows: rows, outputs: outputs)
    if left < 0 { return nil }
    let fitting = (left / (5 * stride)).squareRoot() / Double(rows)
    if fitting >= Double(outputs) { return outputs }
    return fitting >= 2 ? Int(fitting / 2) : nil
  }

  /// Bytes of the (R C)^2 numbers.
  static func systemBytes(rows: Int, outputs: Int) -> Double {
    Double(MemoryLayout<Scalar>.stride) * Double(rows * outputs) * Double(rows * outputs)
  }

  /// Both triangles of K for the batch at `point`; false if it does not fit `budget` bytes.
  mutating func assemble(
    _ point: inout ObjectivePoint<ModelType>, metric: ParameterLayout.Factors<Scalar>, budget: Int,
    into result: inout Matrix<Scalar>
  ) -> Bool {
    let model = point.objective.model
    let (rows, count) = (point.rows.count, model.outputWidth)
    if point.linearization.isIsotropic {
      let fits = Self.systemBytes(rows: rows, outputs: count) <= Double(budget)
      guard fits, point.linearization.sharedGram(metric: metric, into: &gram) else { return false }
      Gram.spread(gram, outputs: count, into: &result)
      return true
    }
    guard let block = Self.blockSize(rows: rows, outputs: count, budget: budget), let place = point.place else {
      return false
    }
    result.reshape(rows: rows * count, columns: rows * count)
    let blocks = stride(from: 0, to: count, by: block).map { $0..<min(count, $0 + block) }
    for (number, first) in blocks.enumerated() {
      form(Array(first), of: model, at: place.parameters, place.inputs, rows: rows, metric: metric)
      Gram.spread(gram, outputs: first, and: first, of: count, into: &result)
      for second in blocks[(number + 1)...] {
        form(Array(first) + Array(second), of: model, at: place.parameters, place.inputs, rows: rows, metric: metric)
        Gram.spread(gram, outputs: first, and: second, of: count, into: &result)
      }
    }
    linearization.release()
    point.counts.forward += count
    return true
  }

  /// `gram` = the Gram of one copy for each of `list`.
  private mutating func form(
    _ list: [Int], of model: ModelType, at parameters: Parameters<Scalar>, _ inputs: Inputs<Scalar>, rows: Int,
    metric: ParameterLayout.Factors<Scalar>
  ) {
    let copies = inputs.copied(list.count, rowsPerExample: model.rowsPerExample)
    linearization.linearize(at: parameters, inputs: copies, outputs: &outputs)
    outputs.clear()
    for (copy, output) in list.enumerated() {
      for i in 0..<rows { outputs[copy * rows + i, output] = 1 }
    }
    linearization.backpropagate(outputs)
    linearization.rowGram(into: &rowGram)
    linearization.releaseCotangents()
    gram.reshape(rows: rowGram.rows, columns: rowGram.rows)
    Gram.combine(metric.penalised, rowGram.penalised, metric.free, rowGram.free, into: &gram)
    Gram.mirror(&gram)
  }
}
