import FastGaussNewton
import Foundation
import Testing

@testable import Training

/// The table of losses: names, parameters, text.
@Suite struct LossFormTests {
  @Test func everyLossIsFoundByNameAndByValue() {
    #expect(LossForm.all.map(\.name) == ["cross-entropy", "squared", "huber", "poisson"])
    for form in LossForm.all {
      let loss = NamedLoss(form).loss
      #expect(loss.name == form.name && LossForm(loss)?.name == form.name && LossForm(named: form.name) != nil)
    }
    #expect(LossForm(SelectedSquaredLoss()) == nil && NamedLoss(SelectedSquaredLoss()) == nil)
  }

  @Test func parametersGoBothWays() throws {
    let named = try NamedLoss("huber:delta=0.25")
    #expect((named.loss as? HuberLoss)?.delta == 0.25)
    #expect(try NamedLoss(HuberLoss(delta: 3))?.settings.map(\.value) == [3])
    #expect((try NamedLoss("huber").loss as? HuberLoss)?.delta == 1)
    let parameter = try #require(LossForm.parameter("huber-delta"))
    #expect(parameter.metadataKey == "huber_delta" && parameter.key == "huberDelta" && parameter.defaultValue == 1)
  }

  /// Beside other keys, in one object.
  @Test func parametersAreEncodedBesideOthers() throws {
    struct Header: Encodable {
      struct Run: Encodable { var loss = "huber" }
      func encode(to encoder: any Encoder) throws {
        try Run().encode(to: encoder)
        try NamedLoss(HuberLoss(delta: 0.5))?.encode(to: encoder)
      }
    }
    #expect(try JSONLine.text(of: ["run": Header()]) == #"{"run":{"huberDelta":0.5,"loss":"huber"}}"# + "\n")
  }

  @Test(arguments: [
    ("hinge", "expected one of cross-entropy, squared, huber, poisson, got \"hinge\""),
    ("huber:delta", "expected option=value after a colon, got \"delta\""),
    ("huber:delta=0", "huber-delta: expected a number above 0, got \"0\""),
    ("huber:delta=inf", "expected a number above 0, got \"inf\""),
    ("huber:width=1", "huber has no parameter \"width\": it has delta"),
    ("squared:delta=1", "squared has no parameter \"delta\": it has none"),
  ]) func badTextIsRefused(_ text: String, _ part: String) {
    do {
      let named = try NamedLoss(text)
      Issue.record("\(text) became \(named.loss)")
    } catch {
      #expect(error.description.contains(part), "\(error)")
    }
  }
}
