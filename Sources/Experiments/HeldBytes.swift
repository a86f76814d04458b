/// Bytes of the arrays of numbers that a value holds: parameters of a state, work areas that wait for the next step.
///
/// Found by reflection, private ones too, and counted by their elements, so that two runs on any machine agree. An
/// array that is held in two places counts twice; what a step takes and gives back within itself does not count.
enum HeldBytes {
  static func of(_ value: Any) -> Int {
    switch value {
    case let array as [Float]: array.count * MemoryLayout<Float>.stride
    case let array as [Double]: array.count * MemoryLayout<Double>.stride
    case let array as [Int32]: array.count * MemoryLayout<Int32>.stride
    default: Mirror(reflecting: value).children.reduce(0) { $0 + of($1.value) }
    }
  }
}
