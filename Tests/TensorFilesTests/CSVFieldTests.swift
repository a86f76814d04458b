import Testing

@testable import TensorFiles

@Suite struct CSVFieldTests {
  @Test(arguments: [
    ("plain", "plain"), ("", ""), ("a b", "a b"), ("a,b", "\"a,b\""), ("say \"so\"", "\"say \"\"so\"\"\""),
    ("two\nlines", "\"two\nlines\""), ("two\r\nlines", "\"two\r\nlines\""), ("\r", "\"\r\""),
  ])
  func quotesWhatNeedsIt(_ text: String, _ field: String) { #expect(CSVField.quoted(text) == field) }
}
