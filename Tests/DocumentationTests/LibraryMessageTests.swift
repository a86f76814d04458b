import Testing

/// The library says what is wrong; which option of a program would help is for that program to say.
@Suite struct LibraryMessageTests {
  /// The numbers of the lines of a source that have a command-line flag outside a comment.
  static func flags(in source: String) throws -> [Int] {
    try source.components(separatedBy: "\n").enumerated().compactMap { number, line in
      let code = line.components(separatedBy: "///")[0]
      if code.trimmingCharacters(in: .whitespaces).hasPrefix("//") { return nil }
      return try code.captures(#"((?<![\w-])--[a-z])"#).isEmpty ? nil : number + 1
    }
  }

  @Test func noneNamesAFlag() throws {
    // Reports of experiments are pages about the program, and name whole commands.
    let files = Repository.files(in: "Sources", suffix: ".swift").filter {
      !$0.hasPrefix("Sources/fgn/") && !$0.hasPrefix("Sources/Experiments/")
    }
    #expect(files.count > 200)
    for path in files {
      let lines = try Self.flags(in: Repository.text(path))
      #expect(lines.isEmpty, "\(path), lines \(lines)")
    }
  }

  @Test func aFlagIsSeen() throws {
    let source =
      "let a = \"use --precision double\"\n/// See `--loss`.\nlet b = 1  /// --c\nlet d = x - -y\n  raise --l2\n"
    #expect(try Self.flags(in: source) == [1, 5])
  }
}
