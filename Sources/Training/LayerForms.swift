import Models

extension LayerForm {
  /// Every layer that architecture files know: a prototype with the defaults, and the options. docs/command-line.md
  /// describes the same.
  static let all: [LayerForm] = [
    LayerForm(
      Dense(1), .required("width", \.width, .size), .optional("bias", \.hasBias, .flag),
      .optional("initialization", \.initialization, .name)),
    LayerForm(Bias()),
    LayerForm(Activation(.relu)),
    LayerForm(Activation(.leakyReLU(slope: 0.01)), .optional("slope", \.slope, .finite)),
    LayerForm(Activation(.tanh)),
    LayerForm(Activation(.sigmoid)),
    LayerForm(Activation(.gelu)),
    LayerForm(Activation(.silu)),
    LayerForm(Activation(.softplus)),
    LayerForm(Flatten()),
    LayerForm(Dropout(0), .required("rate", \.rate, .number("a number from 0 and below 1") { 0..<1 ~= $0 })),
    LayerForm(LayerNorm(), .optional("epsilon", \.epsilon, .positive), .optional("affine", \.isAffine, .flag)),
    LayerForm(
      GroupNorm(groups: 1), .required("groups", \.groups, .size), .optional("epsilon", \.epsilon, .positive),
      .optional("affine", \.isAffine, .flag)),
    LayerForm(
      BatchNorm(), .optional("epsilon", \.epsilon, .positive), .optional("affine", \.isAffine, .flag),
      .optional("statistics", \.statistics, .name)),
    LayerForm(
      Conv2D(channels: 1, kernel: 1), .required("channels", \.channels, .size),
      .required("kernel", \.kernel, .extent(from: 1)), .optional("stride", \.stride, .extent(from: 1)),
      .optional("padding", \.padding, .extent(from: 0)), .optional("dilation", \.dilation, .extent(from: 1)),
      .optional("groups", \.groups, .size), .optional("bias", \.hasBias, .flag),
      .optional("initialization", \.initialization, .name)),
    LayerForm(
      MaxPool2D(kernel: 1), .required("kernel", \.kernel, .extent(from: 1)),
      .optional("stride", \.stride, like: \.kernel, .extent(from: 1)),
      .optional("padding", \.padding, .extent(from: 0))),
    LayerForm(
      AveragePool2D(kernel: 1), .required("kernel", \.kernel, .extent(from: 1)),
      .optional("stride", \.stride, like: \.kernel, .extent(from: 1)),
      .optional("padding", \.padding, .extent(from: 0))),
    LayerForm(GlobalAveragePool()),
    LayerForm(Residual([]), .required("body", \.body, .layers), .optional("shortcut", \.shortcut, .layers)),
    LayerForm(
      Embedding(vocabulary: 1, width: 1), .required("vocabulary", \.vocabulary, .size),
      .required("width", \.width, .size), .optional("padding", \.padding, .token)),
    LayerForm(
      EmbeddingBag(vocabulary: 1, width: 1), .required("vocabulary", \.vocabulary, .size),
      .required("width", \.width, .size), .optional("padding", \.padding, .token)),
    LayerForm(PositionalEmbedding()),
    LayerForm(
      SelfAttention(heads: 1), .required("heads", \.heads, .size), .optional("causal", \.isCausal, .flag),
      .optional("bias", \.hasBias, .flag)),
    LayerForm(MeanPositions()),
    LayerForm(Positions()),
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
