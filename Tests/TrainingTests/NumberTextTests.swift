import FastGaussNewton
import Testing

@Suite struct NumberTextTests {
  @Test(arguments: [
    (0.0, 2, "0.00"), (1, 0, "1"), (1.005, 1, "1.0"), (-2.5, 0, "-3"), (0.05, 1, "0.1"), (-0.001, 2, "0.00"),
    (999.9996, 3, "1000.000"), (0.000_000_123, 9, "0.000000123"), (1e20, 2, "1e+20"), (-1e300, 9, "-1e+300"),
    (.infinity, 2, "inf"), (.nan, 2, "nan"),
  ])
  func fixed(_ value: Double, _ digits: Int, _ text: String) { #expect(NumberText.fixed(value, digits) == text) }

  @Test(arguments: [
    (0.0, 3, "0.0"), (1, 3, "1.00"), (0.25, 3, "0.250"), (-12.345, 3, "-12.3"), (123.45, 3, "123"),
    (1000, 3, "1000"), (999_999, 3, "999999"), (1e6, 3, "1.00e6"), (0.0001, 3, "0.000100"), (0.00001, 3, "1.00e-5"),
    (-6.25e-298, 3, "-6.25e-298"), (1e300, 2, "1.0e300"), (.infinity, 3, "inf"), (.nan, 3, "nan"),
    (9.9999e7, 3, "1.00e8"), (-9.9996e-7, 4, "-1.000e-6"), (.leastNonzeroMagnitude, 3, "4.94e-324"),
  ])
  func significant(_ value: Double, _ digits: Int, _ text: String) {
    #expect(NumberText.significant(value, digits) == text)
  }

  @Test func percent() {
    #expect(NumberText.percent(0.87916) == "87.92 %")
    #expect(NumberText.percent(1) == "100.00 %")
  }
}
