import Testing

@testable import LinearAlgebra

@Suite struct ProductsTests {
}
