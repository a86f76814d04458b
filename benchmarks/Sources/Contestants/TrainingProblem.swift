import FastGaussNewton

/// A data set and the network that benchmarks train on it.
package struct TrainingProblem: Sendable {
  package private(set) var training: Dataset<Float>
  package private(set) var test: Dataset<Float>
  package let model: Network<Float>

  /// - Parameters:
  ///   - name: letter, clinc150 or digits.
  ///   - path: its file or folder.
  package init(_ name: String, _ path: String) throws {
    switch name {
    case "letter":
      (training, test) = try TrainingData.letter(path)
      model = try Network(.mlp([16, 128, 64, 26], activation: Layers.Activation(.relu)))
    case "clinc150":
      (training, test) = try TrainingData.clinc150(path)
      model = try Network(.mlp([384, 256, 150], activation: Layers.Activation(.relu)))
    case "digits":
      (training, test) = try TrainingData.digits(path)
      model = try Network(
        Architecture(
          input: [1, 8, 8],
          layers: [
            Layers.Conv2D(channels: 16, kernel: 3, padding: 1), Layers.Activation(.relu),
            Layers.Conv2D(channels: 32, kernel: 3, padding: 1),
            Layers.Activation(.relu), Layers.MaxPool2D(kernel: 2), Layers.Flatten(), Layers.Dense(10),
          ]))
    default: fatalError("unknown data set: \(name)")
    }
  }

  /// Puts a random part of the training rows in the place of the test set, which is put away.
  package mutating func holdOut(fraction: Double) throws {
    (training, test) = try training.split(validationFraction: fraction, seed: 0)
  }
}
