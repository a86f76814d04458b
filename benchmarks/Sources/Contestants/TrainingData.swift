import FastGaussNewton

/// The real data sets that benchmarks train on, by path.
public enum TrainingData {
  /// The customary split, standardised with the moments of the training rows.
  public static func letter(_ path: String) throws -> (Dataset<Float>, Dataset<Float>) {
    let all = try DataFiles(.file(path)).load(as: Float.self).data
    var training = try all.rows(Array(0..<16000))
    var test = try all.rows(Array(16000..<Int32(all.count)))
    let standardization = Standardization(fitting: training.features)
    try training.standardize(standardization)
    try test.standardize(standardization)
    return (training, test)
  }

  public static func clinc150(_ folder: String) throws -> (Dataset<Float>, Dataset<Float>) {
    func files(_ part: String) -> DataFiles {
      DataFiles(.pair(features: "\(folder)/X_\(part).npy", labels: "\(folder)/y_\(part).npy"))
    }
    let training = try files("train").load(as: Float.self).data
    return (training, try files("test").load(as: Float.self, classNames: training.classNames))
  }
}
