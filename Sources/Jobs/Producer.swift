/// Who makes model files and logs.
public enum Producer {
  /// Of this package.
  public static let version = "0.1.0"
  /// As it stands in model files and logs.
  public static let name = "fast-gauss-newton \(version)"
}
