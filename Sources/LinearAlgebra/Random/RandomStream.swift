/// A use of a seed. Each has a stream of its own, so that what one use draws never depends on another.
///
/// This is the list of all of them. Numbers stay as they are, so that old runs can be made again; uses that never meet
/// in one run (a training and a control task) may share a number.
package struct RandomStream: Sendable {
  let number: UInt64

  private init(_ number: UInt64) { self.number = number }

  /// A use that draws anew for each `index`: a step, or a size.
  private init(_ number: UInt64, index: Int) { self.number = number + UInt64(index) << 8 }

  // Training.
  package static let initialisation = RandomStream(1)
  package static let shuffle = RandomStream(2)
  /// Which examples are held out.
  package static let split = RandomStream(3)
  package static func dropout(step: Int) -> RandomStream { RandomStream(4, index: step) }
  /// The order in which dual ascent visits rows.
  package static let visits = RandomStream(7)
  /// The folds of a cross-validation.
  package static let folds = RandomStream(8)

  // Methods.
  /// The signs with which rows are added up to estimate the sum of their squared norms.
  package static let traceSigns = RandomStream(0x5167)
  /// Targets that are drawn from the model.
  package static func sampledTargets(step: Int) -> RandomStream { RandomStream(0xC5, index: step) }

  // Control tasks.
  package static let taskParameters = RandomStream(1)
  package static let episodes = RandomStream(2)
  package static let exploration = RandomStream(3)
  package static let replay = RandomStream(4)
  package static let evaluation = RandomStream(5)
  package static let test = RandomStream(6)
  package static let transitions = RandomStream(7)

  // Data of experiments.
  package static let classMeans = RandomStream(0x3EA5)
  package static let classExamples = RandomStream(0xE4A3)
  package static let sample = RandomStream(0x5A3F)
  package static let labelNoise = RandomStream(0x4015E)
  package static let randomFeatures = RandomStream(0x5246)
  package static let prescribedLogits = RandomStream(0xFEA7)
  package static let competitorMasses = RandomStream(0x3A55)
  package static let shapedClasses = RandomStream(0x5A4E)

  // Cases of experiments.
  package static let lanczosStart = RandomStream(0x1A2C)
  package static func decomposition(classes: Int, scale: Double) -> RandomStream {
    RandomStream(UInt64(classes) << 8 | UInt64(scale * 10))
  }
  package static let twoClasses = RandomStream(0xB1)
  package static let scaling = RandomStream(0x5CA1E)
  package static func directSolves(batchSize: Int) -> RandomStream { RandomStream(0xE6, index: batchSize) }
  package static let ablationPoints = RandomStream(0xAB1A)
  package static let headClasses = RandomStream(0x4EAD)
}

extension SeededGenerator {
  /// The generator of one use of a seed.
  package init(seed: UInt64, _ stream: RandomStream) { self.init(seed: seed, stream: stream.number) }
}
