import TensorFiles

/// Prints text for people on standard output: what names and files say is printable then.
func print(_ text: String, terminator: String = "\n") {
  Swift.print(PrintableText.escaped(text), terminator: terminator)
}

/// Prints one JSON object with sorted keys on standard output.
func printJSON(_ value: some Encodable) throws { Swift.print(try JSONText.indented(value)) }
