import Testing

/// What holds for every page.
@Suite struct PageTests {
  @Test func pagesExist() {
    for name in ["mathematics", "architecture", "command-line", "kernels"] {
      #expect(Repository.pages.contains("docs/\(name).md"))
    }
  }

  @Test func linesAreShort() throws {
    for page in Repository.pages where page.hasPrefix("docs/") {
      for (number, line) in try Repository.text(page).components(separatedBy: "\n").enumerated() {
        #expect(line.count <= 120, "\(page):\(number + 1)")
      }
    }
  }

  /// Links to other pages and their headings lead somewhere.
  @Test func linksLeadSomewhere() throws {
    for page in Repository.pages {
      let directory = page.contains("/") ? String(page[...page.lastIndex(of: "/")!]) : ""
      for link in try Repository.text(page).captures(#"\]\(([^)\s]+)\)"#) where !link.contains("://") {
        let parts = link.components(separatedBy: "#")
        let target = parts[0].isEmpty ? page : directory + parts[0]
        #expect(Repository.exists(target), "\(page): \(link)")
        guard parts.count == 2, target.hasSuffix(".md"), Repository.exists(target) else { continue }
        let anchors = try Repository.text(target).captures("^#+ (.*)$").map(anchor)
        #expect(anchors.contains(parts[1]), "\(page): \(link)")
      }
    }
  }

  /// A heading's anchor: lower case, words joined by hyphens, punctuation dropped.
  private func anchor(_ heading: String) -> String {
    String(
      heading.lowercased().map { $0 == " " ? "-" : $0 }.filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
  }
}
