/// The layers of this package, and what a layer is made of and is given: `Layers.Dense(3)`.
public enum Layers {}

/// What a linearisation consists of and answers with.
public enum Linearizations {}
