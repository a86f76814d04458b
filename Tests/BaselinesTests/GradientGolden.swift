import Baselines
import Foundation
import LinearAlgebra
import Losses
import Models
import Optimization

/// gradient-methods.json, which Golden/generate.py wrote: iterates of torch.optim in float64.
struct GradientGolden: Decodable {
  struct Problem: Decodable {
    let loss: String
    let sizes: [Int]
    let features: [Double]
    let targets: [Double]
    let start: [Double]

    var lossValue: any Loss { loss == "squared" ? SquaredLoss() : CrossEntropy() }

    func model<S: RealScalar>(_ type: S.Type) throws -> Network<S> {
      try Network(.mlp(sizes, activation: Layers.Activation(.tanh)))
    }

    func parameters<M: Model>(of model: M) -> Parameters<M.Scalar> {
      Parameters(layout: model.layout, values: start.map { M.Scalar($0) })
    }

    func batch<S: RealScalar>(_ type: S.Type) -> Batch<S> {
      let rows = features.count / sizes[0]
      let x = Matrix(rows: rows, columns: sizes[0], elements: features.map { S($0) })
      guard loss == "squared" else { return Batch(features: x, labels: targets.map { Int32($0) }) }
      return Batch(
        features: x, values: Matrix(rows: rows, columns: targets.count / rows, elements: targets.map { S($0) }))
    }
  }

  struct Run: Decodable {
    let name: String
    let problem: String
    let method: String
    let rate: Double
    let schedule: Schedule
    let warmUp: Double
    let l2: Double
    let decay: Double
    let clipping: Double?
    let momentum: Double
    let nesterov: Bool
    let beta1: Double
    let beta2: Double
    let epsilon: Double
    let history: Int
    let evaluations: Int?
    let iterates: [Double]

    /// The method with the run's settings.
    func optimizer<S: RealScalar>(_ model: Network<S>, _ loss: any Loss) -> any Optimizer<Network<S>> {
      let gradient = GradientOptions(
        learningRate: LearningRate(rate, schedule: schedule, warmUp: warmUp), weightDecay: decay,
        clipping: clipping)
      switch method {
      case "SGD":
        return SGD(
          Objective(model, loss: loss, l2: l2),
          options: SGDOptions(gradient: gradient, momentum: momentum, nesterov: nesterov))
      case "Adam":
        return Adam(
          Objective(model, loss: loss, l2: l2),
          options: AdamOptions(gradient: gradient, beta1: beta1, beta2: beta2, epsilon: epsilon))
      default:
        return LBFGS(Objective(model, loss: loss, l2: l2), options: LBFGSOptions(history: history))
      }
    }
  }

  struct Search: Decodable {
    let function: String
    let first: Double
    let length: Double
    let value: Double
    let trials: Int
  }

  let problems: [String: Problem]
  let runs: [Run]
  let searches: [Search]

  static func load() throws -> GradientGolden {
    let url = Bundle.module.url(forResource: "gradient-methods", withExtension: "json", subdirectory: "Golden")
    guard let url else { throw CocoaError(.fileNoSuchFile) }
    return try JSONDecoder().decode(GradientGolden.self, from: Data(contentsOf: url))
  }
}
