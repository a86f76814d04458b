import Comparison
import LinearAlgebra
import Training

/// Examples to train on and examples held out, and what they are called in rows.
public struct Split<Scalar: RealScalar>: Sendable {
  /// "letter", "clinc150": a value of the column `data`.
  public let name: String
  public let training: Dataset<Scalar>
  public let validation: Dataset<Scalar>
  /// Changes with any bit of the numbers.
  public let fingerprint: UInt64

  public init(name: String, training: Dataset<Scalar>, validation: Dataset<Scalar>) {
    self.name = name
    self.training = training
    self.validation = validation
    var hash = Fingerprint()
    hash.add(training)
    hash.add(validation)
    fingerprint = hash.value
  }

  /// The examples of the first `count` classes alone.
  ///
  /// - Throws: `DataError` unless 2...C, or if no held out example is of these classes.
  public func classes(first count: Int) throws(DataError) -> Split {
    func part(_ data: Dataset<Scalar>) throws(DataError) -> Dataset<Scalar> {
      guard count >= 2, count <= data.classCount else {
        throw DataError(data.source, "expected 2 to \(data.classCount) of its classes, got \(count)")
      }
      let labels = data.labels
      let rows = try data.rows(labels.indices.filter { labels[$0] < count }.map { Int32($0) })
      return try Dataset(
        features: rows.features, labels: rows.labels, classNames: Array(data.classNames.prefix(count)),
        weights: rows.weights, source: data.source)
    }
    return Split(name: name, training: try part(training), validation: try part(validation))
  }

  /// The first `count` training examples of each class, all of a class that has no more; what is held out stays whole.
  ///
  /// - Throws: `DataError` if there are no classes, or `count` is below 1.
  public func training(firstOfEachClass count: Int) throws(DataError) -> Split {
    guard training.classCount > 0, count >= 1 else {
      throw DataError(training.source, "expected classes, and at least one example of each")
    }
    var taken = [Int](repeating: 0, count: training.classCount)
    var index: [Int32] = []
    for (row, label) in training.labels.enumerated() where taken[Int(label)] < count {
      taken[Int(label)] += 1
      index.append(Int32(row))
    }
    return Split(name: name, training: try training.rows(index), validation: validation)
  }

  /// With other features for both parts, such as random ones.
  ///
  /// - Parameter transform: new features [N, D'], of features [N, D].
  public func mapFeatures(
    name: String? = nil, _ transform: (Matrix<Scalar>) -> Matrix<Scalar>
  ) throws(DataError) -> Split {
    func part(_ data: Dataset<Scalar>) throws(DataError) -> Dataset<Scalar> {
      let features = transform(data.features.dense)
      if let values = data.values {
        return try Dataset(
          features: features, values: values, targetNames: data.targetNames, weights: data.weights, source: data.source)
      }
      return try Dataset(
        features: features, labels: data.labels, classNames: data.classNames, weights: data.weights,
        source: data.source)
    }
    return Split(name: name ?? self.name, training: try part(training), validation: try part(validation))
  }
}
