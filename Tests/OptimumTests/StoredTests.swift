import Foundation
import LinearAlgebra
import TensorFiles
import TestSupport
import Testing

@testable import Optimum

/// Features in a file give the bits of those in memory.
@Suite struct StoredTests {
  /// Wide enough that a pass over the file is in several chunks.
  private func check<S: RealScalar>(
    _ type: S.Type, _ features: Features<S>, _ stored: Features<S>, _ method: SoftmaxRegression.Method
  ) throws {
    var generator = SeededGenerator(seed: 51)
    let labels = generator.labels(features.rows, classes: 3)
    let fits = try [features, stored].map { features in
      let problem = try SoftmaxRegression.Problem(features: features, labels: labels, classes: 3, l2: 1)
      #expect(features.isInMemory || problem.chunkRows(4 << 20, blockSize: 504) < problem.count, "one chunk only")
      return try SoftmaxRegression.Solver(
        problem, options: SoftmaxRegression.Options(tolerance: 1e-5, iterations: 6, method: method)
      )
      .fit()
    }
    #expect(fits[0].values == fits[1].values, "\(method), \(S.precisionName)")
    #expect(fits[0].certificate == fits[1].certificate && fits[0].passes == fits[1].passes)
  }

  private func withDirectory(_ body: (URL) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "fgn-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url)
  }

  @Test(arguments: SoftmaxRegression.Method.allCases) func denseFile(method: SoftmaxRegression.Method) throws {
    var generator = SeededGenerator(seed: 52)
    let x: Matrix<Float> = generator.matrix(620, 2400, scale: 0.02)
    try withDirectory { directory in
      let path = directory.appending(path: "X.npy").path
      try NPY.write(x, to: path)
      try check(Float.self, .dense(x), .stored(StoredMatrix(path)), method)
    }
  }

  @Test(arguments: SoftmaxRegression.Method.allCases) func sparseFile(method: SoftmaxRegression.Method) throws {
    var generator = SeededGenerator(seed: 53)
    let (rows, each) = (1100, 500)
    let matrix = SparseMatrix<Float>(
      columns: 3000, rowStarts: (0...rows).map { $0 * each },
      columnIndices: (0..<rows).flatMap { row in (0..<each).map { Int32(($0 * 6 + row % 6)) } },
      values: generator.vector(rows * each, scale: 0.05))
    try withDirectory { directory in
      let path = directory.appending(path: "X.npz").path
      try NPZ.write(to: path) { file throws(FileError) in
        try file.add(matrix.columnIndices.map { Int($0) }, named: "indices")
        try file.add(matrix.rowStarts, named: "indptr")
        try file.add([rows, 3000], named: "shape")
        try file.add(matrix.values, named: "data")
      }
      try check(Float.self, .sparse(matrix), .stored(StoredSparse(NPZ(path))), method)
    }
  }
}
