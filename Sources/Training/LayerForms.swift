import Models

extension LayerForm {
  /// Every layer that architecture files know: a prototype with the defaults, and the options. docs/command-line.md
  /// describes the same.
  static let all: [LayerForm] = [
    LayerForm(
      Layers.Dense(1), .required("width", \.width, .size), .optional("bias", \.hasBias, .flag),
      .optional("initialization", \.initialization, .name)),
    LayerForm(Layers.Bias()),
    LayerForm(Layers.Activation(.relu)),
    LayerForm(Layers.Activation(.leakyReLU(slope: 0.01)), .optional("slope", \.slope, .finite)),
    LayerForm(Layers.Activation(.tanh)),
    LayerForm(Layers.Activation(.sigmoid)),
    LayerForm(Layers.Activation(.gelu)),
    LayerForm(Layers.Activation(.silu)),
    LayerForm(Layers.Activation(.softplus)),
    LayerForm(Layers.Flatten()),
    LayerForm(Layers.Dropout(0), .required("rate", \.rate, .number("a number from 0 and below 1") { 0..<1 ~= $0 })),
    LayerForm(Layers.LayerNorm(), .optional("epsilon", \.epsilon, .positive), .optional("affine", \.isAffine, .flag)),
    LayerForm(
      Layers.GroupNorm(groups: 1), .required("groups", \.groups, .size), .optional("epsilon", \.epsilon, .positive),
      .optional("affine", \.isAffine, .flag)),
    LayerForm(
      Layers.BatchNorm(), .optional("epsilon", \.epsilon, .positive), .optional("affine", \.isAffine, .flag),
      .optional("statistics", \.statistics, .name)),
    LayerForm(
      Layers.Conv2D(channels: 1, kernel: 1), .required("channels", \.channels, .size),
      .required("kernel", \.kernel, .extent(from: 1)), .optional("stride", \.stride, .extent(from: 1)),
      .optional("padding", \.padding, .extent(from: 0)), .optional("dilation", \.dilation, .extent(from: 1)),
      .optional("groups", \.groups, .size), .optional("bias", \.hasBias, .flag),
      .optional("initialization", \.initialization, .name)),
    LayerForm(
      Layers.MaxPool2D(kernel: 1), .required("kernel", \.kernel, .extent(from: 1)),
      .optional("stride", \.stride, like: \.kernel, .extent(from: 1)),
      .optional("padding", \.padding, .extent(from: 0))),
    LayerForm(
      Layers.AveragePool2D(kernel: 1), .required("kernel", \.kernel, .extent(from: 1)),
      .optional("stride", \.stride, like: \.kernel, .extent(from: 1)),
      .optional("padding", \.padding, .extent(from: 0))),
    LayerForm(Layers.GlobalAveragePool()),
    LayerForm(Layers.Residual([]), .required("body", \.body, .layers), .optional("shortcut", \.shortcut, .layers)),
    LayerForm(
      Layers.Embedding(vocabulary: 1, width: 1), .required("vocabulary", \.vocabulary, .size),
      .required("width", \.width, .size), .optional("padding", \.padding, .token)),
    LayerForm(
      Layers.EmbeddingBag(vocabulary: 1, width: 1), .required("vocabulary", \.vocabulary, .size),
      .required("width", \.width, .size), .optional("padding", \.padding, .token)),
    LayerForm(Layers.PositionalEmbedding()),
    LayerForm(
      Layers.SelfAttention(heads: 1), .required("heads", \.heads, .size), .optional("causal", \.isCausal, .flag),
      .optional("bias", \.hasBias, .flag)),
    LayerForm(Layers.MeanPositions()),
    LayerForm(Layers.Positions()),
  ]

  static let byType: [String: LayerForm] = Dictionary(uniqueKeysWithValues: all.map { ($0.type, $0) })
}

extension Layers.Activation {
  /// Of a leaky ReLU; no other has one.
  fileprivate var slope: Double {
    get { if case .leakyReLU(let slope) = function { slope } else { 0 } }
    set { function = .leakyReLU(slope: newValue) }
  }
}
