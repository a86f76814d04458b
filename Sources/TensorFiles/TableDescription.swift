/// What the columns of a table are: their names in order, and the part that each of them plays. A model keeps that of
/// its training data, and columns of other data are matched with it: see `TableRequest`.
package struct TableDescription: Sendable, Codable, Equatable {
  /// The part that a column plays.
  package enum Role: String, Sendable, Codable {
    case feature, label, target, id, weight
    /// Numbers of rows, as R and pandas write them in front.
    case index
    /// Left out, because the caller or the file says so.
    case ignored
  }

  package struct Column: Sendable, Codable, Equatable {
    package var name: String
    package var role: Role

    package init(name: String, role: Role) { (self.name, self.role) = (name, role) }
  }

  package var columns: [Column]
  /// Whether the file named its columns. Without names they go by position, and are called "0", "1", ...
  package var isNamed: Bool
  /// What stands for a missing value of each feature; nil where no such value was allowed.
  package var fill: [Double]?

  package init(columns: [Column], isNamed: Bool, fill: [Double]? = nil) {
    (self.columns, self.isNamed, self.fill) = (columns, isNamed, fill)
  }

  package var featureNames: [String] { columns.filter { $0.role == .feature }.map(\.name) }
  package var labelName: String? { columns.first { $0.role == .label }?.name }
  package var targetNames: [String] { columns.filter { $0.role == .target }.map(\.name) }

  /// Whether this can be the description of data of `width` features.
  package func isValid(width: Int) -> Bool {
    featureNames.count == width && (fill.map { $0.count == width && $0.allSatisfy(\.isFinite) } ?? true)
  }
}

/// How the columns of one table are read: what becomes of each, and what people should know of it.
package struct TableLayout: Sendable {
  package enum Use: Sendable, Equatable {
    /// The number of a feature, as the model counts them.
    case feature(Int)
    case label
    case target(Int)
    case id
    case weight
    case none
  }

  /// Of all columns of the file; "0", "1", ... where it has none.
  package var names: [String]
  package var uses: [Use]
  package var description: TableDescription
  package var remarks: [String] = []

  package var featureCount: Int { description.featureNames.count }
  package var targetCount: Int { uses.count { if case .target = $0 { true } else { false } } }
  package var label: Int? { uses.firstIndex(of: .label) }
  package var weight: Int? { uses.firstIndex(of: .weight) }
  package var id: Int? { uses.firstIndex(of: .id) }
  /// Of the targets in their order.
  package var targetNames: [String] {
    (0..<targetCount).compactMap { k in uses.firstIndex(of: .target(k)).map { names[$0] } }
  }
}

/// At most six names in quotes, and how many there are where there are more.
func listed(_ names: [String]) -> String {
  names.prefix(6).map(excerpt).joined(separator: ", ") + (names.count > 6 ? ", ... (\(names.count))" : "")
}

/// The lines of a file that rows start on, from 1: two numbers where each row takes one line.
package struct RowLines: Sendable, Equatable {
  private var first = 0
  private var numbers: [Int32]?
  package private(set) var count = 0

  package init() {}

  mutating func append(_ line: Int) {
    if count == 0 { first = line }
    if numbers == nil, line != first + count {
      numbers = (0..<count).map { Int32(clamping: first + $0) }
    }
    numbers?.append(Int32(clamping: line))
    count += 1
  }

  package subscript(row: Int) -> Int { numbers.map { Int($0[row]) } ?? first + row }
}
