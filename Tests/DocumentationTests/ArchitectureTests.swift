import Testing

/// docs/architecture.md against Package.swift and the directories.
@Suite struct ArchitectureTests {
  /// Targets that are not tests or helpers of tests, with what they depend on.
  static func manifest() throws -> [String: Set<String>] {
    let text = try Repository.text("Package.swift").components(separatedBy: "\n")
      .map { $0.components(separatedBy: "//")[0] }.joined(separator: "\n")
    let list = try #require(text.components(separatedBy: "  targets: [\n").last)
    var targets: [String: Set<String>] = [:]
    for declaration in calls(in: list) {
      if declaration.hasPrefix("testTarget") || declaration.contains("path: \"Tests/") { continue }
      let names = try declaration.captures(#"name: "(\w+)""#)
      let plain = try declaration.captures(#"dependencies: \[([^\]]*)"#).first ?? ""
      // The first name is the target's; further ones are in .target(name:) and .product(name:).
      let quoted = try plain.captures(#"(?<!: )"(\w+)""#)
      targets[try #require(names.first)] = Set(names.dropFirst()).union(quoted)
    }
    return targets
  }

  /// The texts "name(arguments" of the calls `.name(arguments)` that are not inside another.
  static func calls(in text: String) -> [String] {
    var (result, current, depth) = ([String](), "", 0)
    for character in text {
      if character == ")" || character == "]" { depth -= 1 }
      if depth < 0 { break }
      if depth > 0 || character == "(" || character.isLetter { current.append(character) }
      if character == "(" || character == "[" { depth += 1 }
      if depth == 0, character == ")" {
        result.append(current)
        current = ""
      }
    }
    return result
  }

  @Test func modulesAreThoseOfTheManifest() throws {
    let block = try #require(try CodeBlock.all(in: "docs/architecture.md", language: "text").first)
    var documented: [String: Set<String>] = [:]
    var above: Set<String> = ["ArgumentParser", "RealModule"]
    for line in block.lines {
      let parts = line.components(separatedBy: "<-")
      let name = CodeBlock.normalized(parts[0])
      let dependencies = parts.count > 1 ? parts[1].components(separatedBy: ",").map(CodeBlock.normalized) : []
      #expect(above.isSuperset(of: dependencies), "\(name) comes before what it imports")
      above.insert(name)
      documented[name] = Set(dependencies)
    }
    let manifest = try Self.manifest()
    #expect(manifest.count >= 10)
    #expect(documented == manifest)
  }

  /// No source imports a module that its target does not name or inherit.
  @Test func importsFollowTheManifest() throws {
    let manifest = try Self.manifest()
    func closure(_ name: String) -> Set<String> {
      (manifest[name] ?? []).reduce(into: manifest[name] ?? []) { $0.formUnion(closure($1)) }
    }
    for module in manifest.keys.sorted() {
      let allowed = closure(module)
      for path in Repository.files(in: "Sources/\(module)", suffix: ".swift") {
        let imports = Set(try Repository.text(path).captures(#"^\s*(?:@_exported )?import (\w+)"#))
        let own = imports.intersection(manifest.keys)
        #expect(own.isSubset(of: allowed), "\(path)")
      }
    }
  }

  /// Each module has a page of twenty lines at most, and the list of pages names it.
  @Test func everyModuleHasAPage() throws {
    let list = try Repository.text("docs/modules/README.md")
    for module in try Self.manifest().keys where module != "FastGaussNewton" {
      let page = ["CKernels", "CFiles", "COpenBLAS"].contains(module) ? "C" : module
      let lines = try Repository.text("docs/modules/\(page).md").split(separator: "\n")
      #expect(lines.count <= 20 && lines[0].contains(module), "\(module)")
      #expect(list.contains("](\(page).md)"), "\(module)")
    }
  }

  /// A shared library must not carry Foundation, and the C library is imported where the page says.
  @Test func onlyFewFilesImportTheSystem() throws {
    let files = Repository.files(in: "Sources", suffix: ".swift")
    #expect(files.count > 300)
    var importsOfC: [String] = []
    for path in files {
      let imports = try Repository.text(path).captures(#"import (Foundation\w*|Glibc)"#)
      #expect(!imports.contains { $0.hasPrefix("Foundation") }, "\(path)")
      if imports.contains("Glibc") { importsOfC.append(path) }
    }
    #expect(importsOfC.count <= 5, "\(importsOfC)")
  }

  @Test func everyModuleHasItsRow() throws {
    let section = try #require(try Repository.text("docs/architecture.md").section("## Modules"))
    for name in try Self.manifest().keys { #expect(section.contains("| `\(name)` |"), "\(name)") }
  }

  /// An experiment is read in one sitting.
  @Test func experimentsAreShort() throws {
    let files = Repository.files(in: "Sources/Experiments/Catalogue", suffix: ".swift")
    #expect(!files.isEmpty)
    for path in files {
      #expect(try Repository.text(path).components(separatedBy: "\n").count <= 151, "\(path)")
    }
  }
}
