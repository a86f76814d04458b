import Foundation
import Testing

/// A report and its rows as they are on disk, and the numbers of the one taken from the other again. Shares nothing
/// with what writes them: its own reading of CSV, of Markdown and of queries.
final class WrittenReport {
  let name: String
  let text: String
  /// Texts by column, a cell a row; empty where a row has none.
  private let columns: [String: [String]]
  private let rowCount: Int
  /// Numbers by column, and which rows meet a condition: queries share most of theirs.
  private var numbers: [String: [Double?]] = [:]
  private var met: [String: [Bool]] = [:]

  init(directory: URL) throws {
    name = directory.lastPathComponent
    text = try String(contentsOf: directory.appending(path: "REPORT.md"), encoding: .utf8)
    let table = Self.table(try Data(contentsOf: directory.appending(path: "rows.csv")))
    let header = try #require(table.first)
    rowCount = table.count - 1
    var columns: [String: [String]] = [:]
    for (index, name) in header.enumerated() { columns[name] = table.dropFirst().map { $0[index] } }
    self.columns = columns
  }

  /// Fields of a CSV text.
  static func table(_ data: Data) -> [[String]] {
    var (lines, line, field) = ([[String]](), [String](), [UInt8]())
    var isQuoted = false
    for byte in data {
      switch byte {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: ",") where !isQuoted, UInt8(ascii: "\n") where !isQuoted:
        line.append(String(decoding: field, as: UTF8.self))
        field.removeAll(keepingCapacity: true)
        guard byte == UInt8(ascii: "\n") else { continue }
        lines.append(line)
        line.removeAll(keepingCapacity: true)
      default: field.append(byte)
      }
    }
    return lines
  }

  /// What is wrong with it; and how many numbers were taken again.
  func check() -> (mistakes: [String], numbers: Int) {
    var mistakes: [String] = []
    var numbers = 0
    func compare(_ shown: String, _ query: String) {
      numbers += 1
      let value = evaluate(query)
      let isRight = value.map { agrees(shown, $0) } ?? (shown == "none" || shown == "nan")
      if !isRight { mistakes.append("\(name): \(shown) for \(query), rows say \(value.map { "\($0)" } ?? "nothing")") }
    }
    let lines = text.components(separatedBy: "\n")
    var notes: [String: String] = [:]
    for match in text.matches(of: /\n\[\^(\d+)\]: (.+)/) { notes[String(match.1)] = String(match.2) }
    for line in lines where !line.hasPrefix("[^") {
      for match in line.matches(of: /(none|nan|-?[0-9.]+(?:e-?\d+)?(?: %)?)\[\^(\d+)\]/) {
        if let query = notes[String(match.2)] {
          compare(String(match.1), query)
        } else {
          mistakes.append("no note: \(line)")
        }
      }
      mistakes += unfounded(line)
    }
    for (index, line) in lines.enumerated() where line.hasPrefix("<!-- by ") {
      let parts = line.dropFirst(8).dropLast(4).split(separator: ": ", maxSplits: 1).map(String.init)
      let columns = parts[1].components(separatedBy: " | ").map {
        $0.split(separator: " = ", maxSplits: 1).map(String.init)
      }
      let cells = lines[..<(index - 1)].reversed().prefix { $0.hasPrefix("|") }.reversed().map(Self.cells)
      if cells.count < 3 { mistakes.append("\(name): a table without lines before \(line.prefix(60))") }
      for row in cells.dropFirst(2) {
        for (cell, column) in zip(row.dropFirst(), columns) {
          let query = with(column[1], "\(parts[0])=\(row[0])")
          let shown = cell.components(separatedBy: " +- ")
          compare(shown[0], query)
          if shown.count == 2 { compare(shown[1], "deviation" + query.dropFirst(4)) }
        }
      }
    }
    return (mistakes, numbers)
  }

  private static func cells(_ line: String) -> [String] {
    line.dropFirst(2).dropLast(2).components(separatedBy: " | ")
  }

  /// Numbers in claims, captions and verdicts that no row stands behind.
  private func unfounded(_ line: String) -> [String] {
    guard line.hasPrefix("**") || line.hasPrefix("*") || line.hasPrefix("![") else { return [] }
    var rest = line.replacing(/`[^`]*`/, with: "").replacing(/\]\([^)]*\)/, with: "]")
    if line.hasPrefix("![") { return [] }  // the caption below it says the same
    rest = rest.replacing(/(none|nan|-?[0-9.]+(?:e-?\d+)?(?: %)?)\[\^\d+\]/, with: "")
    return rest.contains(where: \.isNumber) ? ["\(name): a number without a row: \(line)"] : []
  }

  /// Whether `shown` is `value`, rounded to the digits that it shows.
  private func agrees(_ shown: String, _ value: Double) -> Bool {
    let isPercent = shown.hasSuffix(" %")
    let digits = isPercent ? String(shown.dropLast(2)) : shown
    guard let number = Double(digits) else { return false }
    let parts = digits.split(separator: "e").map(String.init)
    let decimals = parts[0].split(separator: ".").count == 2 ? parts[0].split(separator: ".")[1].count : 0
    let unit = pow(10, Double((parts.count == 2 ? Int(parts[1])! : 0) - decimals))
    let expected = isPercent ? 100 * value : value
    return number == expected || abs(number - expected) <= 0.500001 * unit
  }

  private func with(_ query: String, _ condition: String) -> String {
    let parts = query.components(separatedBy: " less ")
    let others = parts.count == 2 ? (parts[0], " less " + parts[1]) : split(query, " over ")
    return others.0 + (others.0.contains(" where ") ? ", " : " where ") + condition + others.1
  }

  private func split(_ text: String, _ word: String) -> (String, String) {
    let parts = text.components(separatedBy: word)
    return (parts[0], parts.count == 2 ? word + parts[1] : "")
  }
}

extension WrittenReport {
  /// STATISTIC of COLUMN [by OTHER] [where CONDITIONS] [less|over CONDITIONS], from the rows on disk.
  func evaluate(_ query: String) -> Double? {
    let kind = [" less ", " over "].first(where: query.contains)
    let halves = kind.map { query.components(separatedBy: $0) } ?? [query]
    let main = halves[0].components(separatedBy: " where ")
    let conditions = main.count == 2 ? main[1].components(separatedBy: ", ") : []
    let head = main[0].components(separatedBy: " by ")
    let words = head[0].components(separatedBy: " of ")
    if head.count == 2 { return slope(words[1], head[1], conditions) }
    guard let kind else { return statistic(words[0], values(words[1], conditions).map(\.1)) }
    let changed = halves[1].components(separatedBy: ", ")
    let names = changed.map(column)
    let second = conditions.filter { !names.contains(column($0)) } + changed
    let (a, b) = (bySeed(words[1], conditions), bySeed(words[1], second))
    let pairs = a.keys.sorted().compactMap { seed -> Double? in
      guard let x = a[seed], let y = b[seed] else { return nil }
      return kind == " less " ? x - y : x / y
    }
    return statistic(words[0], pairs)
  }

  private func column(_ condition: String) -> String {
    String(condition.prefix { !"=<>!".contains($0) }).trimmingCharacters(in: .whitespaces)
  }

  /// A column's numbers, nil where there is none.
  private func parsed(_ name: String) -> [Double?] {
    if let known = numbers[name] { return known }
    let found = columns[name].map { $0.map(Double.init) } ?? Array(repeating: nil, count: rowCount)
    numbers[name] = found
    return found
  }

  /// Row and number, where all conditions hold and there is one.
  private func values(_ name: String, _ conditions: [String]) -> [(Int, Double)] {
    let lists = conditions.map { meets($0.trimmingCharacters(in: .whitespaces)) }
    let cells = parsed(name)
    return (0..<rowCount).compactMap { row in
      guard let value = cells[row], lists.allSatisfy({ $0[row] }) else { return nil }
      return (row, value)
    }
  }

  private func meets(_ condition: String) -> [Bool] {
    if let known = met[condition] { return known }
    let name = column(condition)
    let rest = condition.dropFirst(name.count)
    let relation = rest.prefix { "=<>!".contains($0) }
    let wanted = String(rest.dropFirst(relation.count))
    let number = Double(wanted)
    let (texts, values) = (columns[name], parsed(name))
    let list = (0..<rowCount).map { row -> Bool in
      guard let text = texts?[row], !text.isEmpty else { return false }
      let isSame = values[row].map { $0 == number } ?? (text == wanted)
      if relation == "=" { return isSame }
      if relation == "!=" { return !isSame }
      guard let a = values[row], let b = number else { return false }
      return relation == "<" ? a < b : relation == ">" ? a > b : relation == "<=" ? a <= b : a >= b
    }
    met[condition] = list
    return list
  }

  private func bySeed(_ name: String, _ conditions: [String]) -> [Double: Double] {
    let seeds = parsed("seed")
    var sums: [Double: (Double, Int)] = [:]
    for (row, value) in values(name, conditions) {
      let seed = seeds[row] ?? 0
      let (sum, count) = sums[seed] ?? (0, 0)
      sums[seed] = (sum + value, count + 1)
    }
    return sums.mapValues { $0.0 / Double($0.1) }
  }

  private func statistic(_ name: String, _ numbers: [Double]) -> Double? {
    if name == "count" { return Double(numbers.count) }
    guard !numbers.isEmpty else { return nil }
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    let variance = numbers.map { pow($0 - mean, 2) }.reduce(0, +) / Double(max(1, numbers.count - 1))
    let sorted = numbers.sorted()
    switch name {
    case "mean": return mean
    case "deviation": return numbers.count > 1 ? variance.squareRoot() : nil
    case "standardError": return numbers.count > 1 ? (variance / Double(numbers.count)).squareRoot() : nil
    case "minimum": return sorted.first
    case "maximum": return sorted.last
    case "sum": return mean * Double(numbers.count)
    case "median": return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    default: return nil
    }
  }

  private func slope(_ y: String, _ x: String, _ conditions: [String]) -> Double? {
    let along = Dictionary(uniqueKeysWithValues: values(x, conditions))
    let points = values(y, conditions).compactMap { row, b -> (Double, Double)? in
      guard let a = along[row], a > 0, b > 0 else { return nil }
      return (log(a), log(b))
    }
    let count = Double(points.count)
    let (mx, my) = (points.map(\.0).reduce(0, +) / count, points.map(\.1).reduce(0, +) / count)
    let square = points.map { pow($0.0 - mx, 2) }.reduce(0, +)
    return square > 0 ? points.map { ($0.0 - mx) * ($0.1 - my) }.reduce(0, +) / square : nil
  }
}
