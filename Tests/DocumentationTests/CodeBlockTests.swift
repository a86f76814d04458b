import Testing

/// Code that is shown is code that runs: every block is, line for line, in a file of this target.
@Suite struct CodeBlockTests {
  /// Modules whose doc comments' examples are held to it. Those of TensorFiles read files that are not there.
  static let modules = [
    "LinearAlgebra", "Models", "Optimization", "Losses", "GaussNewton", "Baselines", "Training", "Figures",
    "Comparison", "FastGaussNewton", "Jobs", "Tasks", "Experiments", "Optimum",
  ]

  static let pagesOfTheInside: Set = ["docs/mathematics.md", "docs/kernels.md", "docs/architecture.md"]

  @Test func everyBlockIsRunHere() throws {
    let sources = try Repository.files(in: "Tests/DocumentationTests", suffix: "Examples.swift").map { path in
      try Repository.text(path).components(separatedBy: "\n").map(CodeBlock.normalized)
    }
    var blocks = try Repository.pages.flatMap { try CodeBlock.all(in: $0) }
    for module in Self.modules {
      for path in Repository.files(in: "Sources/\(module)", suffix: ".swift") {
        blocks += try CodeBlock.all(in: path, prefix: "///")
      }
    }
    #expect(blocks.count >= 15, "no blocks found: is this test looking in the right place?")
    for block in blocks {
      let lines = block.lines.map(CodeBlock.normalized)
      #expect(!lines.isEmpty, "\(block): an empty block")
      let isFound = sources.contains { source in
        source.indices.contains { start in source[start...].starts(with: lines) }
      }
      #expect(isFound, "\(block): not in an ...Examples.swift of Tests/DocumentationTests")
    }
  }

  /// Pages for users show what another package can write: their blocks are in the files that Tests/Client compiles.
  @Test func pagesForUsersShowWhatIsPublic() throws {
    let sources = try Repository.files(in: "Tests/DocumentationTests", suffix: "Examples.swift")
      .filter { !$0.contains("/Internal/") }
      .map { try Repository.text($0).components(separatedBy: "\n").map(CodeBlock.normalized) }
    for page in Repository.pages where !Self.pagesOfTheInside.contains(page) {
      for block in try CodeBlock.all(in: page) {
        let lines = block.lines.map(CodeBlock.normalized)
        let isFound = sources.contains { source in
          source.indices.contains { start in source[start...].starts(with: lines) }
        }
        #expect(isFound, "\(block): not in an ...Examples.swift outside Internal")
      }
    }
  }

  @Test func aChangedBlockIsNoticed() {
    let source = ["let a = 1", "let b = 2"].map(CodeBlock.normalized)
    #expect(source[0...].starts(with: ["let a = 1"]))
    #expect(!source[0...].starts(with: ["let a = 2"]))
    #expect(CodeBlock.normalized("    let a =  1   // one") == "let a = 1 // one")
  }
}
