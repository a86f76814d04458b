import FastGaussNewton

// Our side of benchmarks/torch_check.py: products of networks at random parameters, in double.
//
//   TorchCheck NAME FILE.safetensors        NAME is perceptron, convolutional, attention or positions
//
// The file holds the parameters under PyTorch's names, and
//
//   check.inputs [B, D]  check.labels [R]  check.tangent [P]  check.row_weights [R]    drawn
//   check.rows [R], which of the network's output rows there are
//   check.outputs [R, C]  check.gradient [P] of the mean loss
//   check.row_products [R] = M tangent, M with the margins' gradients as rows; check.pushforward [R, C] = J tangent
//   check.row_pullback [P] = M^T row_weights; check.row_norms [R], squared
//   check.direction [P], check.direction_l2 [P], exact; check.direction_cg [P], matrix-free
//
// and in its metadata the order of the parameters in vectors [P], those that L2 applies to, lambda and l2.

let (damping, l2) = (1e-2, 3e-2)

func architecture(_ name: String) -> Architecture {
  switch name {
  case "perceptron":
    return Architecture(
      input: [7],
      layers: [
        Layers.Dense(12), Layers.Activation(.relu), Layers.Dense(11), Layers.Activation(.tanh), Layers.Dense(10),
        Layers.LayerNorm(), Layers.Activation(.gelu), Layers.Dense(9),
        Layers.Activation(.silu), Layers.Dense(8, bias: false), Layers.Activation(.sigmoid), Layers.Dense(7),
        Layers.Activation(.softplus), Layers.Dense(6),
        Layers.Activation(.leakyReLU(slope: 0.01)), Layers.Dense(5),
      ])
  case "convolutional":
    return Architecture(
      input: [3, 9, 8],
      layers: [
        Layers.Conv2D(channels: 8, kernel: 3, padding: 1), Layers.GroupNorm(groups: 2), Layers.Activation(.relu),
        Layers.MaxPool2D(kernel: 2),
        Layers.Residual([
          Layers.Conv2D(channels: 8, kernel: 3, padding: 1), Layers.GroupNorm(groups: 4), Layers.Activation(.relu),
          Layers.Conv2D(channels: 8, kernel: 3, padding: 1, groups: 2),
        ]),
        Layers.Activation(.relu),
        Layers.Residual(
          [Layers.Conv2D(channels: 12, kernel: 3, stride: 2, padding: 1), Layers.GroupNorm(groups: 3)],
          shortcut: [Layers.Conv2D(channels: 12, kernel: 1, stride: 2, bias: false)]),
        Layers.Activation(.relu), Layers.GlobalAveragePool(), Layers.Dense(5),
      ])
  case "attention":
    func block(causal: Bool) -> [any Layer] {
      [
        Layers.Residual([Layers.LayerNorm(), Layers.SelfAttention(heads: 2, causal: causal)]),
        Layers.Residual([Layers.LayerNorm(), Layers.Dense(16), Layers.Activation(.gelu), Layers.Dense(8)]),
      ]
    }
    return Architecture(
      input: [6],
      layers: [Layers.Embedding(vocabulary: 11, width: 8), Layers.PositionalEmbedding()] + block(causal: false)
        + block(causal: true)
        + [Layers.MeanPositions(), Layers.Dense(5)])
  case "positions":
    return Architecture(
      input: [6],
      layers: [
        Layers.Embedding(vocabulary: 11, width: 8), Layers.PositionalEmbedding(),
        Layers.Residual([Layers.LayerNorm(), Layers.SelfAttention(heads: 2, causal: true)]),
        Layers.Residual([Layers.LayerNorm(), Layers.Dense(16), Layers.Activation(.gelu), Layers.Dense(8)]),
        Layers.Positions(), Layers.Dense(5),
      ])
  default: fatalError("unknown network: \(name)")
  }
}

func check(_ name: String, to path: String) throws {
  let network = try Network<Double>(architecture(name))
  let layout = network.layout
  let (batch, classes, count) = (9, network.outputWidth, layout.trainableCount)
  var generator = SeededGenerator(seed: 7)
  func normal(_ count: Int) -> [Double] { (0..<count).map { _ in generator.normal() } }
  var parameters = Parameters<Double>(layout: layout)
  for slice in layout.slices {
    // Gains about one, all else about zero; products keep their size from layer to layer.
    let isGain = slice.shape.count == 1 && slice.name.hasSuffix("weight")
    let fan = slice.shape.dropFirst().reduce(1, *)
    for i in slice.range {
      parameters.values[i] = isGain ? 1 + 0.3 * generator.normal() : generator.normal() / Double(fan).squareRoot()
    }
  }
  let width = network.inputWidth
  let features = Matrix<Double>(
    rows: batch, columns: width,
    elements: network.architecture.input == [6]
      ? (0..<batch * width).map { _ in Double(generator.index(below: 11)) } : normal(batch * width))
  // Where positions are rows, some of them.
  var inputs = Inputs(features)
  if network.rowsPerExample > 1 { inputs.rows = (0..<Int32(batch * 6)).filter { $0 % 6 != 2 && $0 % 5 != 1 } }
  let size = inputs.rows?.count ?? batch
  let labels = (0..<size).map { _ in Int32(generator.index(below: classes)) }
  let (tangent, weights) = (normal(count), normal(size))

  var linearization = network.makeLinearization()
  var outputs = Matrix<Double>(rows: 0, columns: 0)
  linearization.linearize(at: parameters, inputs: inputs, outputs: &outputs)
  var pushforward = Matrix<Double>(rows: size, columns: classes)
  linearization.pushforward(tangent, into: &pushforward)
  let rows = MarginRows(logits: outputs, labels: labels)
  linearization.backpropagate(rows.rows)
  var rowProducts = [Double](repeating: 0, count: size)
  linearization.rowProducts(tangent, into: &rowProducts)
  var rowNorms = [Double](repeating: 0, count: size)
  linearization.rowSquaredNorms(into: &rowNorms)
  var rowPullback = [Double](repeating: 0, count: count)
  linearization.pullback(
    rowWeights: weights, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), into: &rowPullback)

  let data = Batch(inputs: inputs, labels: labels)
  func direction(_ options: DescentOptions, l2: Double = 0) -> [Double] {
    var descent = Descent(Objective(network, l2: l2), options: options)
    let (direction, report) = descent.direction(at: parameters, batch: data, damping: damping)
    precondition(report.solve.outcome == .converged, "\(report.solve.outcome)")
    return direction
  }
  var descent = Descent(Objective(network))
  descent.linearize(at: parameters, batch: data)
  let exact = DescentOptions(solver: .gram)
  let vectors: [(String, [Double])] = [
    ("labels", labels.map(Double.init)), ("rows", (inputs.rows ?? (0..<Int32(size)).map { $0 }).map(Double.init)),
    ("tangent", tangent), ("row_weights", weights),
    ("gradient", descent.point.gradient()), ("row_products", rowProducts), ("row_pullback", rowPullback),
    ("row_norms", rowNorms), ("direction", direction(exact)), ("direction_l2", direction(exact, l2: l2)),
    ("direction_cg", direction(DescentOptions(solver: .cg, tolerance: 1e-13, maximumIterations: 1000))),
  ]
  let matrices = [("inputs", features), ("outputs", outputs), ("pushforward", pushforward)]
  try SafeTensors.write(
    layout.slices.map { SafeTensors.Tensor(name: $0.name, shape: $0.shape, values: parameters[$0]) }
      + vectors.map { SafeTensors.Tensor(name: "check.\($0.0)", shape: [$0.1.count], values: $0.1) }
      + matrices.map {
        SafeTensors.Tensor(name: "check.\($0.0)", shape: [$0.1.rows, $0.1.columns], values: $0.1.elements)
      },
    metadata: [
      "order": layout.slices.map(\.name).joined(separator: ","),
      "penalised": layout.slices.filter(\.isPenalised).map(\.name).joined(separator: ","),
      "damping": "\(damping)", "l2": "\(l2)",
    ], to: path)
}

guard CommandLine.arguments.count == 3 else { fatalError("usage: TorchCheck NAME FILE.safetensors") }
try check(CommandLine.arguments[1], to: CommandLine.arguments[2])
