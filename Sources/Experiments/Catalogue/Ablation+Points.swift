import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import Training

/// Measures of the ablation at fixed parameters, in Double: at the start of training and after an epoch of FGN.
struct AblationPoints: Sendable {
  let letter: Split<Float>

  func cases(in setting: ExperimentSetting) throws -> [Case] {
    let (width, height) = (letter.training.featureCount, letter.training.classCount)
    let kernel = RandomFeatures<Float>(inputs: width, count: setting.pick(full: 256, quick: 64), bandwidth: 4, seed: 0)
    let lifted = try letter.mapFeatures { kernel.features(of: $0) }
    let network = try Ablation.network(letter.training, as: Double.self)
    return setting.seeds.flatMap { seed in
      [false, true].flatMap { isTrained -> [Case] in
        let stage = isTrained ? "trained" : "start"
        func one<M: Model>(
          _ kind: String, _ model: M, _ split: Split<Float>, rows: Int,
          _ measure: @escaping @Sendable (M, Parameters<Double>, Batch<Double>) -> [Row]
        ) -> Case where M.Scalar == Double {
          Case("\(kind) \(stage) rows=\(rows)", seed: seed, data: split.fingerprint) {
            let (parameters, batch) = try Self.place(
              model, split.training, rows: rows, isTrained: isTrained, seed: seed)
            return measure(model, parameters, batch).map { $0.merging(Row(["stage": .text(stage)])) }
          }
        }
        let head = LinearHead<Double>(features: width, classes: height)
        let wide = LinearHead<Double>(features: lifted.training.featureCount, classes: height)
        return [
          one("directions, head", head, letter, rows: 128) { Self.directions($0, $1, $2, "head") },
          one("directions, network", network, letter, rows: 30) { Self.directions($0, $1, $2, "network") },
          one("preconditioner, head", head, letter, rows: 128) {
            Self.preconditioner($0, $1, $2, "head", isDense: true)
          },
          one("preconditioner, random features", wide, lifted, rows: setting.pick(full: 256, quick: 96)) {
            Self.preconditioner($0, $1, $2, "random features", isDense: false)
          },
        ]
      }
    }
  }

  /// Parameters, and a batch drawn by the seed.
  private static func place<M: Model>(
    _ model: M, _ data: Dataset<Float>, rows: Int, isTrained: Bool, seed: UInt64
  ) throws -> (Parameters<Double>, Batch<Double>) where M.Scalar == Double {
    let own = try Dataset<Double>(
      features: data.features.dense.converted(), labels: data.labels, classNames: data.classNames, source: data.source)
    var generator = SeededGenerator(seed: seed, .ablationPoints)
    var parameters = model.initialParameters(using: &generator)
    let order = generator.permutation(of: own.count)
    if isTrained {
      var optimizer = GaussNewtonOptimizer(Objective(model))
      let steps = own.count / 128
      for step in 0..<steps {
        let part = try own.rows(Array(order[step * 128..<(step + 1) * 128]))
        _ = optimizer.step(
          &parameters, on: Batch(features: part.features, labels: part.labels),
          at: Schedule.Progress(step: step, total: steps, stepsPerEpoch: steps))
      }
    }
    let drawn = try own.rows(Array(order.suffix(rows)))
    return (parameters, Batch(features: drawn.features, labels: drawn.labels))
  }

  /// Each row weight's direction against the GGN's.
  private static func directions<M: Model>(
    _ model: M, _ parameters: Parameters<Double>, _ batch: Batch<Double>, _ name: String
  ) -> [Row] where M.Scalar == Double {
    Curvature.rowWeights.flatMap { weight in
      [1e-4, 1e-3, 1e-2, 1e-1, 1].map { damping in
        let found = DirectionMeasure(
          Objective(model), at: parameters, batch: batch, damping: damping, kept: weight.curvature)
        return Row([
          "study": "direction", "model": .text(name), "method": .text(weight.name), "damping": .number(damping),
          "relativeError": .number(found.relativeError), "cosine": .number(found.cosine),
          "lengthRatio": .number(found.lengthRatio), "lossBefore": .number(found.lossBefore),
          "lossAfter": .number(found.lossAfterFGN), "lossAfterGGN": .number(found.lossAfterGGN),
        ])
      }
    }
  }

  /// Iterations of conjugate gradient on the GGN without and with FGN, and where `isDense` all eigenvalues.
  private static func preconditioner<M: Model>(
    _ model: M, _ parameters: Parameters<Double>, _ batch: Batch<Double>, _ name: String, isDense: Bool
  ) -> [Row] where M.Scalar == Double {
    let objective = Objective(model)
    var point = ObjectivePoint(objective)
    point.evaluate(at: parameters, batch: batch)
    let gradient = point.gradient()
    func norm(_ curvature: Curvature) -> Double {
      var matrix = CurvatureOperator(curvature, of: objective, at: parameters, batch: batch)
      return eigenvalues(&matrix).last ?? .nan
    }
    let (dropped, whole) = isDense ? (norm(.competitor), norm(.ggn)) : (.nan, .nan)
    return [1e-5, 1e-4, 1e-3, 1e-2, 1e-1].map { damping in
      var row = Row(["study": "preconditioner", "model": .text(name), "damping": .number(damping)])
      for (column, isUsed) in [("plainIterations", false), ("iterations", true)] {
        let root = isUsed ? FGNPreconditioner(objective, at: parameters, batch: batch, damping: damping) : nil
        let ggn = CurvatureOperator(.ggn, of: objective, at: parameters, batch: batch)
        var matrix = PreconditionedGGN(ggn, root: root, damping: damping)
        row[column] = matrix.iterations(gradient, tolerance: 1e-6, limit: 5000).map { .number(Double($0)) }
        guard isUsed && isDense else { continue }
        let values = eigenvalues(&matrix)
        row["least"] = .number(values.first ?? .nan)
        row["largest"] = .number(values.last ?? .nan)
        row["bound"] = .number(1 + dropped / damping)
        row["share"] = .number(((values.last ?? .nan) - 1) * damping / dropped)
        row["plainCondition"] = .number(1 + whole / damping)
      }
      return row
    }
  }

  private static func eigenvalues<O: LinearOperator>(_ matrix: inout O) -> [Double] where O.Scalar == Double {
    var eigen = SymmetricEigen<Double>()
    let dense = matrix.dense()
    return eigen.decompose(dense) ? eigen.values : []
  }
}
