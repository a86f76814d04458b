import FastGaussNewton

/// The real data sets that benchmarks train on, by path.
package enum TrainingData {
  /// The customary split, standardised with the moments of the training rows.
  package static func letter(_ path: String) throws -> (Dataset<Float>, Dataset<Float>) {
    let all = try DataFiles(.file(path)).load(as: Float.self).data
    var training = try all.rows(Array(0..<16000))
    var test = try all.rows(Array(16000..<Int32(all.count)))
    let standardization = try Standardization(fitting: training.features)
    try training.standardize(standardization)
    try test.standardize(standardization)
    return (training, test)
  }

  package static func clinc150(_ folder: String) throws -> (Dataset<Float>, Dataset<Float>) {
    func files(_ part: String) -> DataFiles {
      DataFiles(.pair(features: "\(folder)/X_\(part).npy", labels: "\(folder)/y_\(part).npy"))
    }
    let training = try files("train").load(as: Float.self).data
    return (training, try files("test").load(as: Float.self, classNames: training.classNames))
  }

  /// Handwritten digits, 8 x 8 (scikit-learn's copy of the UCI set): the first 1437 and the last 360, which other
  /// people wrote. Grey values 0...16 become 0...1.
  package static func digits(_ path: String) throws -> (Dataset<Float>, Dataset<Float>) {
    let all = try DataFiles(.file(path)).load(as: Float.self).data
    var features = all.features.dense
    features.scale(by: 1 / 16)
    let scaled = try Dataset(
      features: features, labels: all.labels, classNames: all.classNames, source: all.source)
    return (try scaled.rows(Array(0..<1437)), try scaled.rows(Array(1437..<Int32(scaled.count))))
  }
}
