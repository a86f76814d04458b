import Foundation
import LinearAlgebra
import TensorFiles
import Testing

#if os(Linux)
  /// The largest memory this process has had, in bytes.
  func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.filter(\.isNumber))) * 1024
  }

  /// Reading costs the result and at most 4 MB. Each in a process of its own, whose peak it is.
  @Suite struct MemoryTests {
    let directory = TemporaryDirectory()
    static let rows = 1 << 17
    static let columns = 128
    /// 64 MB of `Float`, well above anything the process needs before.
    static let result = rows * columns * 4

    private func zeros(_ header: [UInt8], bytes: Int) throws -> String {
      let path = try directory.write(header, "zeros")
      let file = try FileHandle(forWritingTo: URL(filePath: path))
      try file.truncate(atOffset: UInt64(header.count + bytes))
      try file.close()
      return path
    }

    @Test(arguments: ["f4", "u1", "f8", "f4 fortran"]) func npy(_ kind: String) async throws {
      let order = kind.hasSuffix("fortran") ? "True" : "False"
      let code = String(kind.prefix(2))
      let shape = "(\(MemoryTests.rows), \(MemoryTests.columns))"
      let header = npyBytes("{'descr': '<\(code)', 'fortran_order': \(order), 'shape': \(shape)}", data: [])
      let size = Int(String(code.last!))!
      let path = try zeros(header, bytes: MemoryTests.result / 4 * size)
      await #expect(processExitsWith: .success) { [path = path as String] in
        let before = try peakMemory()
        let matrix = try NPY.matrix(path, as: Float.self)
        let used = try peakMemory() - before
        #expect(matrix.rows == MemoryTests.rows)
        #expect(used < MemoryTests.result + 4 << 20, "\(used)")
        #expect(used > MemoryTests.result / 2, "the measure does not work")
      }
    }

    @Test func safeTensors() async throws {
      let json =
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[\(MemoryTests.result / 4)],\"data_offsets\":[0,\(MemoryTests.result)]}}"
      let path = try zeros(.little(json.utf8.count, 8) + Array(json.utf8), bytes: MemoryTests.result)
      await #expect(processExitsWith: .success) { [path = path as String] in
        let before = try peakMemory()
        let values = try SafeTensors.read(path).values("w", as: Float.self)
        let used = try peakMemory() - before
        #expect(values.count == MemoryTests.result / 4)
        #expect(used < MemoryTests.result + 4 << 20, "\(used)")
        #expect(used > MemoryTests.result / 2, "the measure does not work")
      }
    }

    @Test(arguments: ["csv", "svm", "npz"]) func textAndArchives(_ kind: String) async throws {
      let path = directory.file("data.\(kind)")
      // A third of the columns: text costs debug builds time.
      let columns = 40
      switch kind {
      case "npz":
        try NPZ.write(to: path) { archive throws(FileError) in
          try archive.add(Matrix<Float>(rows: MemoryTests.rows, columns: columns), named: "X")
        }
      case "csv":
        let row = "cat" + String(repeating: ",1", count: columns) + "\n"
        try AtomicFile.write(to: path) { file throws(FileError) in
          for _ in 0..<MemoryTests.rows { try file.append(row) }
        }
      default:
        let row = "1 1:5 \(columns):2\n"
        try AtomicFile.write(to: path) { file throws(FileError) in
          for _ in 0..<MemoryTests.rows { try file.append(row) }
        }
      }
      await #expect(processExitsWith: .success) { [path = path as String, kind = kind as String] in
        let before = try peakMemory()
        let matrix: Matrix<Float> =
          switch kind {
          case "npz": try NPZ(path).matrix("X")
          case "csv": try DelimitedText.read(path).features
          default: try LIBSVM.read(path).features.dense
          }
        let used = try peakMemory() - before
        let result = MemoryTests.rows * 40 * 4
        #expect(matrix.rows == MemoryTests.rows && matrix.columns == 40)
        // For tables two megabytes more of code: it is the same for any size.
        #expect(used < result + (kind == "csv" ? 6 : 4) << 20, "\(used)")
        #expect(used > result / 2, "the measure does not work")
      }
    }
  }
#endif
