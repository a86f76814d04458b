import Errors
import Losses
import Testing

@Suite struct HuberLossTests {
  @Test(arguments: [0, -1, .nan, .infinity] as [Double]) func deltasThatAreNone(_ delta: Double) throws {
    let error = #expect(throws: OptionError.self) { try HuberLoss(delta: delta) }
    #expect("\(error!)" == "huber-delta must be above 0, got \(delta)")
  }

  @Test func theDefault() throws { #expect(try HuberLoss().delta == HuberLoss(delta: 1).delta) }
}
