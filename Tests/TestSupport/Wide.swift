#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The widest number of the platform, for references: 64 bits of significand on x86, else those of Double.
#if arch(x86_64) || arch(i386)
  public typealias Wide = Float80
#else
  public typealias Wide = Double
#endif

public func wideExp(_ x: Wide) -> Wide { exp(x) }
public func wideLog(_ x: Wide) -> Wide { log(x) }
public func wideLog1p(_ x: Wide) -> Wide { log1p(x) }

/// Softmax cross-entropy of one row of logits by the definitions, with nothing but maxima taken out.
public struct WideRow {
  public let margin: Wide
  public let loss: Wide
  /// 1 - p_y.
  public let residual: Wide
  /// p_y (1 - p_y).
  public let weight: Wide
  /// Softmax over the competitors, 0 at the label.
  public let competitors: [Wide]
  /// Softmax over all classes.
  public let probabilities: [Wide]

  public init(logits: [Wide], label: Int) {
    var top = -Wide.infinity
    for (k, z) in logits.enumerated() where k != label { top = max(top, z) }
    var q = [Wide](repeating: 0, count: logits.count)
    var sum: Wide = 0
    for (k, z) in logits.enumerated() where k != label {
      q[k] = wideExp(z - top)
      sum += q[k]
    }
    for k in q.indices { q[k] /= sum }
    let m = logits[label] - top - wideLog(sum)
    let e = wideExp(-m.magnitude)
    let v = (m >= 0 ? e : 1) / (1 + e)
    let own = (m >= 0 ? 1 : e) / (1 + e)
    (margin, residual, weight) = (m, v, e / ((1 + e) * (1 + e)))
    loss = max(-m, 0) + wideLog1p(e)
    competitors = q
    var p = q.map { $0 * v }
    p[label] = own
    probabilities = p
  }
}
