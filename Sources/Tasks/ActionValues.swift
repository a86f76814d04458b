import LinearAlgebra
import Models

/// The values Q(s, a) of a model with an output for each action: the policy that takes the best.
///
/// Keeps its work areas: a state costs one forward pass.
public struct ActionValues<ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  private var linearization: ModelType.LinearizationType
  private var inputs: Matrix<Scalar>
  /// [B, actions], after `evaluate`.
  public private(set) var values = Matrix<Scalar>(rows: 0, columns: 0)

  public init(model: ModelType) {
    linearization = model.makeLinearization()
    inputs = Matrix(rows: 1, columns: model.inputWidth)
  }

  /// Values of the observations [B, D].
  public mutating func evaluate(_ observations: Matrix<Scalar>, at parameters: Parameters<Scalar>) {
    linearization.linearize(at: parameters, inputs: Inputs(observations), outputs: &values)
    linearization.release()
  }

  /// The best action in one state [D]; the first of equals.
  public mutating func bestAction(_ observation: [Double], at parameters: Parameters<Scalar>) -> Int {
    for j in 0..<inputs.columns { inputs[0, j] = Scalar(observation[j]) }
    evaluate(inputs, at: parameters)
    return (1..<values.columns).reduce(0) { values[0, $1] > values[0, $0] ? $1 : $0 }
  }

  /// Returns of greedy episodes, and the steps that they took together. The episodes go side by side: one forward pass
  /// for a step of all of them.
  ///
  /// - Parameters:
  ///   - generator: draws the starts.
  public mutating func play(
    _ environment: some Environment, episodes: Int, at parameters: Parameters<Scalar>,
    using generator: inout SeededGenerator
  ) -> Episodes {
    var worlds = [_](repeating: environment, count: episodes)
    var observations = worlds.indices.map { worlds[$0].reset(using: &generator) }
    var result = Episodes(returns: [Double](repeating: 0, count: episodes))
    var running = Array(worlds.indices)
    var batch = Matrix<Scalar>(rows: episodes, columns: environment.observationWidth)
    for _ in 0..<environment.stepLimit where !running.isEmpty {
      batch.reshape(rows: running.count, columns: environment.observationWidth)
      for (row, i) in running.enumerated() {
        for j in 0..<batch.columns { batch[row, j] = Scalar(observations[i][j]) }
      }
      evaluate(batch, at: parameters)
      var goingOn: [Int] = []
      for (i, action) in zip(running, RowKernels.argmax(values)) {
        let step = worlds[i].step(Int(action))
        observations[i] = step.observation
        result.returns[i] += step.reward
        if !step.isTerminal { goingOn.append(i) }
      }
      result.steps += running.count
      running = goingOn
    }
    return result
  }
}

/// Episodes that were played.
public struct Episodes: Sendable, Codable, Equatable {
  /// The sum of rewards of each.
  public var returns: [Double]
  /// Steps of all of them.
  public var steps = 0

  public var meanReturn: Double { returns.reduce(0, +) / Double(returns.count) }
}
