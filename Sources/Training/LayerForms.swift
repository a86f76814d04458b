import Models

extension LayerForm {
  /// Every layer that architecture files know. docs/command-line.md describes the same.
  static let all: [LayerForm] = [
    LayerForm(
      Dense(1), .required("width", \.width, .size), .optional("bias", \.hasBias, .flag),
      .optional("initialization", \.initialization, .name)),
    LayerForm(Activation(.relu)),
    LayerForm(Activation(.tanh)),
    LayerForm(Activation(.sigmoid)),
    LayerForm(Positions()),
  ]

  static let byType: [String: LayerForm] = Dictionary(uniqueKeysWithValues: all.map { ($0.type, $0) })
}
