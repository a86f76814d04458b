import TensorFiles

/// Prints one JSON object with sorted keys on standard output.
func printJSON(_ value: some Encodable) throws { print(try JSONText.indented(value)) }
