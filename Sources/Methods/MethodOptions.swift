import Baselines
import GaussNewton
import Models
import Optimization

/// The options of one method in full, which know their optimizer.
package protocol MethodOptions: Encodable, Sendable {
  /// Sets the seed of targets that the method draws; nothing for a method that draws none.
  mutating func setSeed(_ seed: UInt64)
  func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M>
}

extension MethodOptions {
  package mutating func setSeed(_ seed: UInt64) {}
}

/// Options of a method with a learning rate.
package protocol GradientMethodOptions: MethodOptions {
  var gradient: GradientOptions { get set }
}

extension GaussNewtonOptions: MethodOptions {
  package func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M> {
    GaussNewtonOptimizer(objective, options: self)
  }
}

extension SGDOptions: GradientMethodOptions {
  package func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M> {
    SGD(objective, options: self)
  }
}

extension AdamOptions: GradientMethodOptions {
  package func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M> {
    Adam(objective, options: self)
  }
}

extension SGNOptions: MethodOptions {
  package func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M> {
    SGN(objective, options: self)
  }
}

extension SQNOptions: MethodOptions {
  package func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M> {
    SQN(objective, options: self)
  }
}

extension LBFGSOptions: MethodOptions {
  package func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M> {
    LBFGS(objective, options: self)
  }
}

extension KFACOptions: GradientMethodOptions {
  package mutating func setSeed(_ seed: UInt64) { self.seed = seed }

  package func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M> {
    KFAC(objective, options: self)
  }
}

extension ShampooOptions: GradientMethodOptions {
  package func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M> {
    Shampoo(objective, options: self)
  }
}

extension SophiaOptions: GradientMethodOptions {
  package mutating func setSeed(_ seed: UInt64) { self.seed = seed }

  package func optimizer<M: Model>(_ objective: Objective<M>) -> any Optimizer<M> {
    Sophia(objective, options: self)
  }
}
