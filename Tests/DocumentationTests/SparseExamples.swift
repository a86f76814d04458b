import FastGaussNewton
import Testing

/// The examples of sparse features.
@Suite struct SparseExamples {
  @Test func sparseMatrix() {
    let x = SparseMatrix<Float>(columns: 3, rowStarts: [0, 1, 3], columnIndices: [2, 0, 1], values: [4, 1, 5])
    #expect(x.densified().elements == [0, 0, 4, 1, 5, 0])
  }

  @Test func aHeadOnWords() throws {
    let words = SparseMatrix<Float>(columns: 5, rowStarts: [0, 2, 3], columnIndices: [0, 3, 4], values: [1, 2, 1])
    let data = try Dataset(features: .sparse(words), labels: [0, 1], classNames: ["ham", "spam"])
    let head = LinearHead<Float>(features: data.featureCount, classes: data.classCount)
    var optimizer = GaussNewtonOptimizer(Objective(head))
    let result = try Trainer(options: Trainer.Options(epochs: 5, batchSize: 2)).run(&optimizer, on: data)
    #expect(result.epochs.last?.accuracy == 1)
  }
}
