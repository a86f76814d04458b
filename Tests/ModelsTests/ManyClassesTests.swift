import LinearAlgebra
import Models
import TestSupport
import Testing

/// Above 4,096 outputs row products go by blocks of them.
@Suite struct ManyClassesTests {
  static func check<M: Model>(_ model: M) {
    var generator = SeededGenerator(seed: 5)
    let parameters = Parameters<M.Scalar>(
      layout: model.layout, values: generator.vector(model.layout.count, scale: 0.3))
    let features: Matrix<M.Scalar> = generator.matrix(3, model.inputWidth)
    var linearization = model.makeLinearization()
    var outputs = Matrix<M.Scalar>(rows: 0, columns: 0)
    linearization.linearize(at: parameters, inputs: Inputs(features), outputs: &outputs)
    let cotangents: Matrix<M.Scalar> = generator.matrix(3, model.outputWidth)
    let tangent: [M.Scalar] = generator.vector(model.layout.trainableCount)
    linearization.backpropagate(cotangents)
    var products = [M.Scalar](repeating: .nan, count: 3)
    linearization.rowProducts(tangent, into: &products)
    linearization.releaseCotangents()
    var image = outputs
    linearization.pushforward(tangent, into: &image)
    var expected = products
    RowKernels.dots(cotangents.view, image.view, into: &expected)
    let limit = tolerance(M.Scalar.self, double: 1e-12, float: 1e-4)
    #expect(relativeError(products, expected.map { Double($0) }) < limit, "\(M.self)")
  }

  @Test(arguments: [true, false]) func rowProducts(intercept: Bool) throws {
    func check<S: RealScalar>(_ type: S.Type) throws {
      Self.check(LinearHead<S>(features: 4, classes: 4500, intercept: intercept))
      Self.check(
        try Network<S>(
          Architecture(
            input: [4], layers: [Layers.Dense(6), Layers.Activation(.tanh), Layers.Dense(4500, bias: intercept)])))
    }
    try check(Float.self)
    try check(Double.self)
  }
}
