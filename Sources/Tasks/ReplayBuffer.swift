import LinearAlgebra

/// The last transitions seen, to draw batches from: the oldest is overwritten. Source: Lin 1992.
struct ReplayBuffer<Scalar: RealScalar>: Sendable {
  /// Transitions held, at most the capacity.
  private(set) var count = 0
  private let capacity: Int
  private var next = 0
  private var before: Matrix<Scalar>
  private var after: Matrix<Scalar>
  private var actions: [Int32]
  private var rewards: [Scalar]
  /// 0 where the episode ended, 1 elsewhere.
  private var goesOn: [Scalar]

  init(capacity: Int, width: Int) {
    self.capacity = capacity
    before = Matrix(rows: capacity, columns: width)
    after = Matrix(rows: capacity, columns: width)
    actions = [Int32](repeating: 0, count: capacity)
    rewards = [Scalar](repeating: 0, count: capacity)
    goesOn = rewards
  }

  mutating func append(_ observation: [Double], _ action: Int, _ step: EnvironmentStep) {
    for j in 0..<before.columns {
      before[next, j] = Scalar(observation[j])
      after[next, j] = Scalar(step.observation[j])
    }
    actions[next] = Int32(action)
    rewards[next] = Scalar(step.reward)
    goesOn[next] = step.isTerminal ? 0 : 1
    next = (next + 1) % capacity
    count = min(count + 1, capacity)
  }

  /// Transitions drawn uniformly, with repetition.
  func sample(_ size: Int, into batch: inout Transitions<Scalar>, using generator: inout SeededGenerator) {
    let index = (0..<size).map { _ in Int32(generator.index(below: count)) }
    RowKernels.gather(before.view, index, into: &batch.before)
    RowKernels.gather(after.view, index, into: &batch.after)
    batch.actions = index.map { actions[Int($0)] }
    batch.rewards = index.map { rewards[Int($0)] }
    batch.goesOn = index.map { goesOn[Int($0)] }
  }
}

/// A batch of transitions.
struct Transitions<Scalar: RealScalar>: Sendable {
  var before = Matrix<Scalar>(rows: 0, columns: 0)
  var after = Matrix<Scalar>(rows: 0, columns: 0)
  var actions: [Int32] = []
  var rewards: [Scalar] = []
  var goesOn: [Scalar] = []
}
