import Optimization
import RealModule

/// How momentum and automatic damping depend on S, the number of steps in a pass over the data, and on E, the passes.
///
/// Large batches and small data sets leave few steps, and less noise in each: a longer memory and less damping then.
/// Many passes leave time for shorter steps, which fit single batches less, once rows have become confident and damping
/// has fallen with them. For models deeper than a head; a head's objective is convex, and one setting serves it at
/// every S and E. Fitted to measurements on three data sets: docs/mathematics.md.
package enum StepBudget {
  /// mu of projected momentum: 1 - 0.15 (S / 240)^0.4 between 0.85 and 0.95; 0.85 for a head and where S is not known.
  package static func momentum(stepsPerEpoch: Int?, layers: Int) -> Double {
    guard let stepsPerEpoch, layers > 1 else { return 0.85 }
    return 1 - min(0.15, max(0.05, 0.15 * Double.pow(Double(stepsPerEpoch) / 240, 0.4)))
  }

  /// Factor on automatic damping: (S / 60)^0.75, at most 1; 1 for a head and where S is not known.
  package static func damping(stepsPerEpoch: Int?, layers: Int) -> Double {
    guard let stepsPerEpoch, layers > 1 else { return 1 }
    return min(1, Double.pow(Double(stepsPerEpoch) / 60, 0.75))
  }

  /// What long runs put on damping that has fallen, as it does where rows become flat: (E / 10)^0.5, between 1 and 3.2;
  /// 1 for a head and where E is not known.
  package static func restraint(at progress: Schedule.Progress, layers: Int) -> Double {
    guard let stepsPerEpoch = progress.stepsPerEpoch, layers > 1 else { return 1 }
    return (min(100, max(10, Double(progress.total) / Double(stepsPerEpoch))) / 10).squareRoot()
  }
}
