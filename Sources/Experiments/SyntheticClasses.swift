import LinearAlgebra
import Training

/// Classes that lie as close together as one likes: examples x = separation mu_y + e, with means mu_k [D] drawn
/// uniformly from the unit sphere, labels drawn uniformly, and e standard normal.
///
/// A linear head can learn them exactly: the logits separation mu_k . x are those of the posterior (all means have the
/// same length). Over the competitors they vary by about separation^2, so that about (C - 1) / e^(separation^2) of
/// them share the competitor mass (down to one): a separation of 1 keeps it diffuse however long one trains.
///
/// ```swift
/// let near = SyntheticClasses(classes: 100, features: 32, separation: 1)
/// let split = try near.split(training: 8000, held: 1000, seed: 0)
/// ```
public struct SyntheticClasses: Sendable, Equatable {
  /// C, at least 2.
  public var classes: Int
  /// D, at least 1.
  public var features: Int
  /// At least 0, in standard deviations of the noise.
  public var separation: Double

  public init(classes: Int, features: Int, separation: Double) {
    precondition(classes >= 2 && features >= 1 && separation >= 0, "classes need two means and a feature")
    (self.classes, self.features, self.separation) = (classes, features, separation)
  }

  /// The means mu [C, D] of a seed.
  public func means(seed: UInt64) -> Matrix<Float> {
    var generator = SeededGenerator(seed: seed, .classMeans)
    var means = Matrix<Float>(rows: classes, columns: features)
    for k in 0..<classes {
      let direction = (0..<features).map { _ in generator.normal() }
      let length = max(direction.norm, .leastNormalMagnitude)
      for j in 0..<features { means[k, j] = Float(direction[j] / length) }
    }
    return means
  }

  /// `training` and `held` examples, each at least 1, of the same means.
  public func split(training: Int, held: Int, seed: UInt64) throws(DataError) -> Split<Float> {
    let means = means(seed: seed)
    var generator = SeededGenerator(seed: seed, .classExamples)
    func draw(_ count: Int) throws(DataError) -> Dataset<Float> {
      let labels = (0..<count).map { _ in Int32(generator.index(below: classes)) }
      var x = Matrix<Float>(rows: 0, columns: 0)
      RowKernels.gather(means.view, labels, into: &x)
      let noise = (0..<count * features).map { _ in Float(generator.normal()) }
      x.scale(by: Float(separation))
      x.combine(1, Matrix(rows: count, columns: features, elements: noise))
      return try Dataset(features: x, labels: labels, classNames: (0..<classes).map { "class \($0)" })
    }
    return Split(name: "synthetic", training: try draw(training), validation: try draw(held))
  }
}

extension Split {
  /// `count` training examples drawn by the seed, without replacement, and the first `held` of those held out; all
  /// where there are no more.
  public func sample(_ count: Int, held: Int, seed: UInt64) throws(DataError) -> Split {
    var generator = SeededGenerator(seed: seed, .sample)
    let drawn = generator.permutation(of: training.count).prefix(count)
    let first = Array(0..<Int32(min(held, validation.count)))
    return Split(name: name, training: try training.rows(Array(drawn)), validation: try validation.rows(first))
  }

  /// Training labels of a `fraction`, 0...1, of the examples (each with that probability) drawn anew, uniformly over
  /// all classes; what is held out stays clean.
  public func noisyLabels(_ fraction: Double, seed: UInt64) throws(DataError) -> Split {
    var generator = SeededGenerator(seed: seed, .labelNoise)
    let labels = training.labels.map { label in
      let (isReplaced, drawn) = (generator.uniform() < fraction, generator.index(below: training.classCount))
      return isReplaced ? Int32(drawn) : label
    }
    let noisy = try Dataset(
      features: training.features, labels: labels, classNames: training.classNames, weights: training.weights,
      source: training.source)
    return Split(name: name, training: noisy, validation: validation)
  }
}
