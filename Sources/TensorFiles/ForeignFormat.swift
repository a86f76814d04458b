/// What is often met in place of a file that this package reads, known by its first bytes.
struct ForeignFormat {
  /// How many bytes are looked at.
  static let headSize = 64
  private let name: String
  /// What to do; @ stands for the file's name.
  private let remedy: String

  func message(_ path: String) -> String {
    "this is \(name): " + remedy.split(separator: "@", omittingEmptySubsequences: false).joined(separator: path)
  }

  private init(_ name: String, _ remedy: String) { (self.name, self.remedy) = (name, remedy) }

  /// Nil for all other beginnings.
  init?(_ head: [UInt8]) {
    if Self.mayBeSafeTensors(head) { return nil }
    func begins(_ text: String) -> Bool { head.starts(with: text.utf8) }
    let isText = !head.contains { $0 < 9 }
    if begins("version https://git-lfs") {
      self.init("a pointer file of Git LFS, not the file itself", "git lfs pull fetches it")
    } else if isText, Self.isHTML(head) {
      self.init("an HTML page, as a failed download leaves it", "fetch the file again")
    } else if let found = Self.binary.first(where: { head.starts(with: $0.magic) }), !isText || found.magic.count >= 8 {
      self = found.format
    } else if head.count > 2, head[0] == 0x80, 2...5 ~= head[1], "\u{95}ccX(}]K".unicodeScalars.contains(.init(head[2]))
    {
      self.init("a Python pickle, which could run any program and is never read", "save its arrays by numpy.save")
    } else {
      return nil
    }
  }

  /// A safetensors file begins with the length of its header, which may look like anything.
  static func mayBeSafeTensors(_ head: [UInt8]) -> Bool {
    head.count > 8 && head[8] == UInt8(ascii: "{") && head[4..<8].allSatisfy { $0 == 0 }
  }

  private static func isHTML(_ head: [UInt8]) -> Bool {
    let text = String(decoding: head.drop { $0 <= 32 }.prefix(14), as: UTF8.self).lowercased()
    return text.hasPrefix("<!doctype html") || text.hasPrefix("<html")
  }

  private static let binary: [(magic: [UInt8], format: ForeignFormat)] = [
    (Array("BZh".utf8), ForeignFormat("compressed by bzip2", "bunzip2 -k @ unpacks it")),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], ForeignFormat("compressed by xz", "xz -dk @ unpacks it")),
    ([0x28, 0xB5, 0x2F, 0xFD], ForeignFormat("compressed by zstd", "zstd -d @ unpacks it")),
    ([0x04, 0x22, 0x4D, 0x18], ForeignFormat("compressed by lz4", "lz4 -d @ unpacks it")),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], ForeignFormat("a 7-Zip archive", "7z x @ unpacks it")),
    (Array("PAR1".utf8), ForeignFormat("a Parquet file", table("read_parquet('@')"))),
    (Array("ARROW1".utf8), ForeignFormat("an Arrow file", table("read_feather('@')"))),
    (Array("FEA1".utf8), ForeignFormat("a Feather file", table("read_feather('@')"))),
    ([0xD0, 0xCF, 0x11, 0xE0], ForeignFormat("an Excel workbook", "save it as CSV")),
    (
      [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A],
      ForeignFormat("an HDF5 file", "save its arrays by numpy.save, with h5py.File('@')")
    ),
    (
      Array("MATLAB 5.0 MAT-file".utf8),
      ForeignFormat("a MATLAB file", "save its arrays by numpy.save, with scipy.io.loadmat('@')")
    ),
    (Array("SQLite format 3".utf8), ForeignFormat("an SQLite database", "export a table as CSV")),
  ]

  private static func table(_ call: String) -> String {
    "python3 -c \"import pandas; pandas.\(call).to_csv('@.csv', index=False)\" converts it"
  }

  /// What a zip archive is that holds no arrays, by the names of its entries; nil where that is not known.
  static func archive(_ names: [String]) -> ForeignFormat? {
    if names.contains(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }) {
      return ForeignFormat(
        "a file of torch.save, which could run any program and is never read",
        "save arrays by numpy.save, or a model by safetensors.torch.save_file")
    }
    if names.contains("xl/workbook.xml") { return ForeignFormat("an Excel workbook", "save it as CSV") }
    if names.contains("content.xml"), names.contains("mimetype") {
      return ForeignFormat("an OpenDocument spreadsheet", "save it as CSV")
    }
    return nil
  }
}
