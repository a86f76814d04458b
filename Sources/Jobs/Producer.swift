/// Who makes model files and logs.
package enum Producer {
  /// Of this package.
  package static let version = "0.1.0"
  /// As it stands in model files and logs.
  package static let name = "fast-gauss-newton \(version)"
}
