import LinearAlgebra
import Losses
import Testing

/// Targets that do not fit are refused by name, row and reason.
@Suite struct TargetTests {
  func refusal(_ loss: any Loss, _ targets: Targets<Double>, outputs: Int) -> String? {
    do {
      try loss.check(targets, outputs: outputs)
      return nil
    } catch { return error.description }
  }

  @Test func whatFits() {
    let values = Matrix<Double>(rows: 2, columns: 2, elements: [0, 1, 2.5, 3])
    #expect(refusal(CrossEntropy(), .classes([0, 2]), outputs: 3) == nil)
    #expect(refusal(SquaredLoss(), .values(values), outputs: 2) == nil)
    #expect(refusal(PoissonLoss(), .values(values), outputs: 2) == nil)
    #expect(refusal(SelectedSquaredLoss(), .selected([1], [0.5]), outputs: 2) == nil)
  }

  @Test func whatDoesNot() {
    var values = Matrix<Double>(rows: 2, columns: 2, elements: [0, 1, -2, 3])
    #expect(refusal(CrossEntropy(), .classes([0, 3]), outputs: 3) == "row 1: expected a label in 0..<3, got 3")
    #expect(refusal(CrossEntropy(), .values(values), outputs: 2)?.contains("squared loss") == true)
    #expect(refusal(SquaredLoss(), .classes([0]), outputs: 2)?.contains("cross-entropy") == true)
    #expect(
      refusal(SquaredLoss(), .values(values), outputs: 1)
        == "expected 1 targets a row, one for each output, got 2")
    #expect(
      refusal(PoissonLoss(), .values(values), outputs: 2)
        == "row 1: column 0: expected a count of at least 0, got -2.0")
    values[0, 1] = .nan
    #expect(refusal(SquaredLoss(), .values(values), outputs: 2) == "row 0: column 1: expected a finite target, got nan")
    #expect(
      refusal(SelectedSquaredLoss(), .selected([2], [0]), outputs: 2) == "row 0: expected an output in 0..<2, got 2")
    #expect(
      refusal(SelectedSquaredLoss(), .selected([1], [.infinity]), outputs: 2)
        == "row 0: expected a finite target, got inf")
  }

  @Test func rowsArePicked() {
    let values = Matrix<Float>(rows: 3, columns: 2, elements: [0, 1, 2, 3, 4, 5])
    guard case .values(let picked) = Targets.values(values).rows([2, 0]) else { return #expect(Bool(false)) }
    #expect(picked.elements == [4, 5, 0, 1])
    #expect(Targets<Float>.classes([7, 8, 9]).rows([1, 1]).labels == [8, 8])
    guard case .selected(let outputs, let numbers) = Targets<Float>.selected([0, 1], [0.5, 1.5]).rows([1]) else {
      return #expect(Bool(false))
    }
    #expect(outputs == [1] && numbers == [1.5])
  }
}
