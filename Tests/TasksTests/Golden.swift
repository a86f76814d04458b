import Foundation
import Testing

/// What Golden/make_golden.py computed.
struct Golden: Decodable {
  struct Trajectory: Decodable {
    var start: [Double]
    var actions: [Int]
    var states: [[Double]]
    var terminal: [Bool]
  }

  struct Plant: Decodable {
    var value: [[Double]]
    var gain: [[Double]]
    var radius: Double
    var closedLoop: Double
  }

  var trajectories: [String: [Trajectory]]
  var plants: [String: Plant]

  static func load() throws -> Golden {
    let url = try #require(Bundle.module.url(forResource: "Golden/golden", withExtension: "json"))
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
  }
}
