import LinearAlgebra
import TestSupport
import Testing

@testable import Models

struct DropoutTests {
  func output(_ rate: Double, seed: Layers.DropoutSeed?, path: String = "1", rows: Int = 40, width: Int = 250)
    -> Matrix<Float>
  {
    var layer = Layers.Dropout(rate).makeLinearization(
      at: Layers.Site(path: path, input: [width], slices: []), as: Float.self)
    var (input, output) = (Matrix<Float>(rows: rows, columns: width), Matrix<Float>(rows: 0, columns: 0))
    input.fill(with: 1)
    layer.forward(at: Layers.Point(input: input, values: [], dropoutSeed: seed), into: &output)
    return output
  }

  @Test func productsAreRight() {
    for (rate, seed) in [(0.5, 7), (0.1, 8), (0, 9), (0.9, nil)] as [(Double, Layers.DropoutSeed?)] {
      var test = LayerCase(layer: Layers.Dropout(rate), input: [3, 11])
      test.dropoutSeed = seed
      let findings = test.check()
      #expect(findings.violations.isEmpty, "\(findings.violations)")
    }
  }

  /// Within four standard deviations of the rate, and the others scaled so that the mean stays.
  @Test func aShareIsDroppedAndTheRestScaled() {
    for rate in [0.1, 0.5, 0.9] {
      let y = output(rate, seed: 11).elements
      let dropped = Double(y.count { $0 == 0 }) / Double(y.count)
      #expect(abs(dropped - rate) < 4 * (rate * (1 - rate) / Double(y.count)).squareRoot(), "\(rate): \(dropped)")
      #expect(y.allSatisfy { $0 == 0 || $0 == Float(1 / (1 - rate)) })
    }
  }

  @Test func withoutASeedItIsTheIdentity() {
    #expect(output(0.5, seed: nil).elements.allSatisfy { $0 == 1 })
    #expect(output(0, seed: 3).elements.allSatisfy { $0 == 1 })
  }

  @Test func masksComeFromSeedAndPlace() {
    let mask = output(0.5, seed: 3)
    #expect(output(0.5, seed: 3) == mask)
    func agreement(_ other: Matrix<Float>) -> Double {
      Double(zip(mask.elements, other.elements).count { $0 == $1 }) / Double(mask.elements.count)
    }
    // Independent masks agree on half of the elements: 5 standard deviations.
    for other in [output(0.5, seed: 4), output(0.5, seed: 3, path: "2"), output(0.5, seed: 3, path: "1.body.1")] {
      #expect(abs(agreement(other) - 0.5) < 0.025)
    }
    // Each element has a number of its own, also where the work is cut.
    let large = output(0.5, seed: 3, rows: 1000, width: 250)
    let larger = output(0.5, seed: 3, rows: 3000, width: 250)
    #expect(larger.elements[..<250_000].elementsEqual(large.elements))
    func block(_ k: Int) -> Matrix<Float> {
      Matrix(rows: 40, columns: 250, elements: Array(large.elements[k * 10_000..<(k + 1) * 10_000]))
    }
    #expect(block(0) == mask)
    for k in 1..<25 { #expect(abs(agreement(block(k)) - 0.5) < 0.025) }
  }

  @Test func ratesOutsideAreRefused() throws {
    for rate in [-0.1, 1, 1.5, Double.nan] {
      #expect(throws: Layers.Failure.self) { try Layers.Dropout(rate).outputShape(for: [4]) }
    }
    #expect(try Layers.Dropout(0).outputShape(for: [4]) == [4])
  }

  @Test func resultsDoNotDependOnThreads() {
    var test = LayerCase(layer: Layers.Dropout(0.5), input: [1001], rows: 311)
    test.dropoutSeed = 5
    #expect(test.isDeterministic(as: Float.self, rowsAreIndependent: false))
    #expect(test.isDeterministic(as: Double.self, rowsAreIndependent: false))
  }
}
