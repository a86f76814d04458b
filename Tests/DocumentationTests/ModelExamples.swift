import FastGaussNewton
import Testing

/// The blocks of docs/models.md.
@Suite struct ModelExamples {
  @Test func network() throws {
    let architecture = Architecture(
      input: [4],
      layers: [
        Layers.Dense(16), Layers.Activation(.tanh),
        Layers.Dense(3),
      ])
    let model = try Network<Float>(architecture)
    var generator = SeededGenerator(seed: 1)
    let start = model.initialParameters(using: &generator)

    #expect(start.values.count == model.layout.count)
    #expect(model.layout.slices.map(\.name) == ["0.weight", "0.bias", "2.weight", "2.bias"])
    let same = try Network<Float>(.mlp([4, 16, 3], activation: Layers.Activation(.tanh)))
    #expect(same.layout == model.layout)
  }

  @Test func frozenTrunk() throws {
    let model = try Network<Float>(
      Architecture(input: [8], layers: [Layers.Frozen(Layers.Dense(16)), Layers.Activation(.relu), Layers.Dense(3)]))
    print(model.layout.trainableCount)  // 51: the last layer's

    #expect(model.layout.trainableCount == 51)
    #expect(model.layerCount == 1)
  }

  @Test func positionsAsRows() throws {
    let model = try Network<Float>(
      Architecture(input: [10, 8], layers: [Layers.Dense(16), Layers.Positions(), Layers.Dense(3)]))
    var inputs = Inputs<Float>(Matrix(rows: 2, columns: 80))
    inputs.rows = [0, 1, 2, 10, 11, 12, 13]  // three positions of the first example, four of the second

    var linearization = model.makeLinearization()
    var outputs = Matrix<Float>(rows: 0, columns: 0)
    linearization.linearize(at: Parameters(layout: model.layout), inputs: inputs, outputs: &outputs)
    #expect(outputs.rows == 7 && outputs.columns == 3)
  }

  @Test func extents() {
    let kernel: Layers.Extent = 3
    let strip = Layers.Extent(height: 1, width: 7)
    #expect(kernel == Layers.Extent(height: 3, width: 3))
    #expect("\(strip)" == "1 x 7")
  }

  /// y = g x: a learned gain for each feature.
  struct Scale: Layer {
    var type: String { "scale" }

    func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      [Layers.ParameterSpec("weight", shape: input, isPenalised: true, initializer: .ones)]
    }

    func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { ScaleLinearization(slices: site.slices) }
  }

  struct ScaleLinearization<Scalar: RealScalar>: LayerLinearization {
    let slices: [ParameterLayout.Slice]

    /// result += x diag(g), with g where the weight is in `values`.
    func add(_ x: Matrix<Scalar>, times values: [Scalar], to result: inout Matrix<Scalar>) {
      for i in 0..<x.rows {
        for (j, k) in slices[0].range.enumerated() { result[i, j] += x[i, j] * values[k] }
      }
    }

    mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
      pushforward(point.input, nil, at: point, into: &output)
    }

    mutating func pushforward(
      _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
      into result: inout Matrix<Scalar>
    ) {
      result.reshape(rows: point.rows, columns: point.input.columns)
      result.clear()
      if let inputTangent { add(inputTangent, times: point.values, to: &result) }
      if let tangent { add(point.input, times: tangent, to: &result) }
    }

    mutating func pullback(
      _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
    ) {
      pushforward(cotangents, nil, at: point, into: &result)  // diag(g) is its own transpose
    }

    mutating func parameterPullback(
      _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
      beta: ParameterLayout.Factors<Scalar>,
      at point: Layers.Point<Scalar>, into result: inout [Scalar]
    ) {
      let (alpha, beta) = (alpha[slices[0]], beta[slices[0]])
      for (j, k) in slices[0].range.enumerated() {
        var sum: Scalar = 0
        for i in 0..<point.rows { sum += (rowWeights?[i] ?? 1) * cotangents[i, j] * point.input[i, j] }
        result[k] = alpha * sum + (beta == 0 ? 0 : beta * result[k])  // with beta 0 it is not read
      }
    }
  }

  @Test func layerOfOnesOwn() throws {
    let model = try Network<Double>(
      Architecture(input: [4], layers: [Layers.Dense(6), Layers.Activation(.tanh), Scale(), Layers.Dense(3)]))
    var generator = SeededGenerator(seed: 1)
    let parameters = model.initialParameters(using: &generator)
    let features = Matrix<Double>(rows: 5, columns: 4, elements: (0..<20).map { _ in generator.normal() })
    let report = checkLinearization(model, at: parameters, inputs: Inputs(features))
    print(report)

    #expect(report.passed, "\(report)")
    #expect(report.verdicts.contains { $0.layer == "2 (scale)" && $0.check == .differences })
    // It trains.
    let batch = Batch(features: features, labels: [0, 1, 2, 1, 0])
    var optimizer = GaussNewtonOptimizer(Objective(model))
    var moved = parameters
    let step = optimizer.step(&moved, on: batch, at: Schedule.Progress(step: 0, total: 1))
    #expect(step.outcome == .accepted)
  }

  /// z_c = -|x - w_c|^2 / 2: the class whose prototype w_c is nearest. dz_c / dw_c = x - w_c.
  struct Prototypes: Model {
    let inputWidth: Int
    let outputWidth: Int
    let layout: ParameterLayout

    init(features: Int, classes: Int) {
      (inputWidth, outputWidth) = (features, classes)
      var layout = ParameterLayout()
      layout.append(
        "weight", shape: [classes, features], isPenalised: true, initializer: .normal(deviation: 1))
      self.layout = layout
    }

    func makeLinearization() -> PrototypesLinearization { PrototypesLinearization(model: self) }
  }

  struct PrototypesLinearization: Linearization {
    let model: Prototypes
    var layout: ParameterLayout { model.layout }
    var cotangents = Matrix<Double>(rows: 0, columns: 0)
    var features = Matrix<Double>(rows: 0, columns: 0)
    var weight: [Double] = []

    init(model: Prototypes) { self.model = model }

    /// x_ij - w_cj.
    func difference(_ i: Int, _ c: Int, _ j: Int) -> Double { features[i, j] - weight[c * model.inputWidth + j] }

    mutating func linearize(at parameters: Parameters<Double>, inputs: Inputs<Double>, outputs: inout Matrix<Double>) {
      releaseCotangents()
      (features, weight) = (inputs.dense, parameters.values)
      outputs.reshape(rows: features.rows, columns: model.outputWidth)
      for i in 0..<outputs.rows {
        for c in 0..<outputs.columns {
          outputs[i, c] = (0..<model.inputWidth).reduce(0) { $0 - difference(i, c, $1) * difference(i, c, $1) / 2 }
        }
      }
    }

    mutating func pushforward(_ tangent: [Double], into result: inout Matrix<Double>) {
      for i in 0..<result.rows {
        for c in 0..<result.columns {
          result[i, c] = (0..<model.inputWidth).reduce(0) {
            $0 + difference(i, c, $1) * tangent[c * model.inputWidth + $1]
          }
        }
      }
    }

    mutating func pullback(
      _ cotangents: Matrix<Double>, rowWeights: [Double]?, alpha: ParameterLayout.Factors<Double>,
      beta: ParameterLayout.Factors<Double>,
      into result: inout [Double]
    ) {
      releaseCotangents()
      let slice = layout.slices[0]
      for c in 0..<cotangents.columns {
        for j in 0..<model.inputWidth {
          let sum = (0..<cotangents.rows).reduce(0) {
            $0 + (rowWeights?[$1] ?? 1) * cotangents[$1, c] * difference($1, c, j)
          }
          let k = c * model.inputWidth + j
          result[k] = alpha[slice] * sum + (beta[slice] == 0 ? 0 : beta[slice] * result[k])
        }
      }
    }

    mutating func release() {
      releaseCotangents()
      (features, weight) = (Matrix(rows: 0, columns: 0), [])
    }
  }

  @Test func modelOfOnesOwn() throws {
    let model = Prototypes(features: 2, classes: 3)
    var generator = SeededGenerator(seed: 1)
    let start = model.initialParameters(using: &generator)
    let features = Matrix<Double>(rows: 6, columns: 2, elements: [2, 0, 0, 2, -2, -2, 3, 1, 1, 3, -1, -2])
    let report = checkLinearization(model, at: start, inputs: Inputs(features))
    print(report.passed)  // true
    var descent = Descent(Objective(model))
    let batch = Batch(features: features, labels: [0, 1, 2, 0, 1, 2])
    let (direction, _) = descent.direction(at: start, batch: batch, damping: 0.1)

    #expect(report.passed, "\(report)")
    descent.linearize(at: start, batch: batch)
    #expect(zip(descent.point.gradient(), direction).reduce(0) { $0 + $1.0 * $1.1 } < 0)

    // Its default costs count rows: few of them are solved through the Gram, and the step that says so is the one
    // taken.
    var optimizer = GaussNewtonOptimizer(Objective(model))
    var moved = start
    let step = optimizer.step(&moved, on: batch, at: Schedule.Progress(step: 0, total: 1))
    #expect(step.outcome == .accepted && step.path == "gram")
    #expect(optimizer.explanation.hasPrefix("gram: "))
  }
}
