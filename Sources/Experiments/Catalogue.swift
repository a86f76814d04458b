/// The experiments there are.
public enum Catalogue {
  public static let all: [any Experiment] = [
    Decomposition(), Concentration(), DampingSweep(), Head(), Scaling(), Diffuse(), Ablation(), ExactGaussNewton(),
    Deep(),
  ]

  /// Nil for a name that is none.
  public static func named(_ name: String) -> (any Experiment)? { all.first { $0.name == name } }
}
