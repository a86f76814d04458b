/// Messages for people, on standard error.
struct Messages: Sendable {
  func info(_ text: String) { printError(text) }
  func warning(_ text: String) { printError("warning: \(text)") }
}

let logger = Messages()
