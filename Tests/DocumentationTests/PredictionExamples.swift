import FastGaussNewton
import Testing

/// The examples of prediction in doc comments and docs/architecture.md.
@Suite struct PredictionExamples {
  @Test func predictor() throws {
    var generator = SeededGenerator(seed: 1)
    let head = LinearHead<Float>(features: 3, classes: 4)
    let parameters = Parameters(layout: head.layout, values: (0..<16).map { _ in Float(generator.normal()) })
    var file = ModelFile(model: head, parameters: parameters, classNames: ["a", "b", "c", "d"])
    let features = Matrix<Float>(rows: 2, columns: 3, elements: [1, 2, 3, -1, 0, 1])
    let predictor = Predictor(file)
    let classes = try predictor.classes(of: features)  // [N], class numbers
    let top = try predictor.top(2, of: features)  // [N, 2] classes and probabilities
    let probabilities = try predictor.probabilities(of: features)  // [N, C]
    #expect(classes == [top.classes[0], top.classes[2]])
    #expect(abs(probabilities[0, Int(classes[0])] - top.probabilities[0]) < 1e-6)

    let validation = try Dataset(
      features: features, labels: [(classes[0] + 1) % 4, classes[1]], classNames: file.classNames)
    let calibration = try file.calibrate(validation)
    if calibration.outcome == .converged { file.temperature = calibration.temperature }
    #expect(calibration.after.loss <= calibration.before.loss)
  }
}
