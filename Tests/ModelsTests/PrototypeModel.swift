import LinearAlgebra
import Models

/// Ways in which a model can be wrong.
enum ModelFault: String, CaseIterable, Sendable {
  case none, transpose, missingTerm, ignoresRowWeights, ignoresBeta, remembers, wrongShape, isotropic, sharedGram
  case wrongGram, wrongNorms, wrongRowProducts, endlessCosts
}

/// A model with nothing but what the protocol asks for: z_c = -|x - w_c|^2 / 2, a prototype w_c for each class.
struct PrototypeModel<Scalar: RealScalar>: Model {
  let inputWidth: Int
  let outputWidth: Int
  let layout: ParameterLayout
  var fault = ModelFault.none

  init(features: Int, classes: Int, fault: ModelFault = .none) {
    (inputWidth, outputWidth, self.fault) = (features, classes, fault)
    var layout = ParameterLayout()
    layout.append("weight", shape: [classes, features], isPenalised: true, initializer: .normal(deviation: 1))
    self.layout = layout
  }

  func makeLinearization() -> Minimal { Minimal(layout: layout, classes: outputWidth, fault: fault) }

  struct Minimal: Linearization {
    let layout: ParameterLayout
    let classes: Int
    let fault: ModelFault
    var cotangents = Matrix<Scalar>(rows: 0, columns: 0)
    private var features = Matrix<Scalar>(rows: 0, columns: 0)
    private var weight: [Scalar] = []

    init(layout: ParameterLayout, classes: Int, fault: ModelFault) {
      (self.layout, self.classes, self.fault) = (layout, classes, fault)
    }

    mutating func linearize(
      at parameters: Parameters<Scalar>, inputs: Inputs<Scalar>, outputs: inout Matrix<Scalar>
    ) {
      releaseCotangents()
      features = inputs.dense
      if fault != .remembers || weight.isEmpty { weight = parameters.values }
      outputs.reshape(rows: features.rows, columns: fault == .wrongShape ? classes + 1 : classes)
      for i in 0..<features.rows {
        for c in 0..<classes {
          let distances = (0..<features.columns).map { difference(i, c, $0) * difference(i, c, $0) }
          outputs[i, c] = -distances.reduce(0, +) / 2
        }
      }
    }

    /// x_j - w_cj: also dz_c / dw_cj.
    private func difference(_ i: Int, _ c: Int, _ j: Int) -> Scalar {
      features[i, j] - weight[c * features.columns + j]
    }

    private func slope(_ i: Int, _ c: Int, _ j: Int) -> Scalar {
      fault == .missingTerm ? features[i, j] : difference(i, c, j)
    }

    mutating func pushforward(_ tangent: [Scalar], into result: inout Matrix<Scalar>) {
      let width = features.columns
      for i in 0..<features.rows {
        for c in 0..<classes {
          result[i, c] = (0..<width).reduce(0) { $0 + slope(i, c, $1) * tangent[c * width + $1] }
        }
      }
    }

    mutating func pullback(
      _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
      beta: ParameterLayout.Factors<Scalar>,
      into result: inout [Scalar]
    ) {
      releaseCotangents()
      let weights = fault == .ignoresRowWeights ? nil : rowWeights
      for c in 0..<classes {
        for j in 0..<features.columns {
          let other = fault == .transpose ? (c + 1) % classes : c
          let sum = (0..<features.rows).reduce(Scalar(0)) {
            $0 + (weights?[$1] ?? 1) * cotangents[$1, other] * slope($1, other, j)
          }
          let k = c * features.columns + j
          let rest = beta.penalised == 0 || fault == .ignoresBeta ? 0 : beta.penalised * result[k]
          result[k] = alpha.penalised * sum + rest
        }
      }
    }

    mutating func rowProducts(_ tangent: [Scalar], into result: inout [Scalar]) {
      var outputs = Matrix<Scalar>(rows: cotangents.rows, columns: cotangents.columns)
      pushforward(tangent, into: &outputs)
      RowKernels.dots(cotangents.view, outputs.view, into: &result)
      if fault == .wrongRowProducts { result[0] += 1 }
    }

    mutating func rowGram(into gram: inout Linearizations.RowGram<Scalar>) {
      let rows = explicitRows()
      gram.reset(rows: rows.rows)
      gram.addRows(rows.view, to: layout.slices[0])
      if fault == .wrongGram { gram.addRows(features.view, to: layout.slices[0]) }
    }

    mutating func rowSquaredNorms(into result: inout [Scalar]) {
      let rows = explicitRows()
      RowKernels.dots(rows.view, rows.view, into: &result)
      if fault == .wrongNorms { result.scale(by: 0.5) }
    }

    var isIsotropic: Bool { fault == .isotropic }

    mutating func sharedGram(metric: ParameterLayout.Factors<Scalar>, into result: inout Matrix<Scalar>) -> Bool {
      guard fault == .sharedGram else { return false }
      result.reshape(rows: features.rows, columns: features.rows)
      result.fill(with: 1)
      return true
    }

    var costs: Linearizations.Costs {
      var costs = Linearizations.Costs()
      costs.rowGram = fault == .endlessCosts ? .infinity : 1
      return costs
    }

    mutating func release() {
      releaseCotangents()
      features = Matrix(rows: 0, columns: 0)
    }
  }
}

/// The same with every default of the protocol in use.
struct PlainPrototypeModel<Scalar: RealScalar>: Model {
  let inner: PrototypeModel<Scalar>

  var layout: ParameterLayout { inner.layout }
  var inputWidth: Int { inner.inputWidth }
  var outputWidth: Int { inner.outputWidth }

  func makeLinearization() -> Plain { Plain(inner: inner.makeLinearization()) }

  struct Plain: Linearization {
    var inner: PrototypeModel<Scalar>.Minimal
    var cotangents = Matrix<Scalar>(rows: 0, columns: 0)
    var layout: ParameterLayout { inner.layout }

    mutating func linearize(
      at parameters: Parameters<Scalar>, inputs: Inputs<Scalar>, outputs: inout Matrix<Scalar>
    ) {
      releaseCotangents()
      inner.linearize(at: parameters, inputs: inputs, outputs: &outputs)
    }

    mutating func pushforward(_ tangent: [Scalar], into result: inout Matrix<Scalar>) {
      inner.pushforward(tangent, into: &result)
    }

    mutating func pullback(
      _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
      beta: ParameterLayout.Factors<Scalar>,
      into result: inout [Scalar]
    ) {
      inner.pullback(cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, into: &result)
    }

    mutating func release() {
      releaseCotangents()
      inner.release()
    }
  }
}
