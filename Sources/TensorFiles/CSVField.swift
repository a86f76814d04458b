/// A field of a CSV file.
package enum CSVField {
  /// The text as a field: in quotes, those inside doubled, where it holds a comma, a quote or a line break (RFC 4180).
  package static func quoted(_ text: String) -> String {
    text.utf8.contains { ",\"\n\r".utf8.contains($0) } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}
