import Baselines
import GaussNewton
import Losses
import Models
import Optimization

/// The options of one method in full, which know their optimizer.
package protocol MethodOptions: Encodable, Sendable {
  /// Of the objective: (l2 / 2) |penalised parameters|^2.
  var l2: Double { get set }
  /// Sets the seed of targets that the method draws; nothing for a method that draws none.
  mutating func setSeed(_ seed: UInt64)
  func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar>
}

extension MethodOptions {
  package mutating func setSeed(_ seed: UInt64) {}
}

/// Options of a method with a learning rate.
package protocol GradientMethodOptions: MethodOptions {
  var gradient: GradientOptions { get set }
}

extension GradientMethodOptions {
  package var l2: Double {
    get { gradient.l2 }
    set { gradient.l2 = newValue }
  }
}

extension GaussNewtonOptions: MethodOptions {
  package func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar> {
    GaussNewtonOptimizer(model: model, loss: loss, options: self)
  }
}

extension SGDOptions: GradientMethodOptions {
  package func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar> {
    SGD(model: model, loss: loss, options: self)
  }
}

extension AdamOptions: GradientMethodOptions {
  package func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar> {
    Adam(model: model, loss: loss, options: self)
  }
}

extension SGNOptions: MethodOptions {
  package func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar> {
    SGN(model: model, loss: loss, options: self)
  }
}

extension SQNOptions: MethodOptions {
  package func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar> {
    SQN(model: model, loss: loss, options: self)
  }
}

extension LBFGSOptions: MethodOptions {
  package func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar> {
    LBFGS(model: model, loss: loss, options: self)
  }
}

extension KFACOptions: GradientMethodOptions {
  package mutating func setSeed(_ seed: UInt64) { self.seed = seed }

  package func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar> {
    KFAC(model: model, loss: loss, options: self)
  }
}

extension ShampooOptions: GradientMethodOptions {
  package func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar> {
    Shampoo(model: model, loss: loss, options: self)
  }
}

extension SophiaOptions: GradientMethodOptions {
  package mutating func setSeed(_ seed: UInt64) { self.seed = seed }

  package func optimizer<M: Model>(_ model: M, loss: any Loss) -> any Optimizer<M.Scalar> {
    Sophia(model: model, loss: loss, options: self)
  }
}
