import Foundation
import TensorFiles
import Testing

/// Damaged files must be read or refused with a `FileError`; the readers' typed throws leave a trap
/// as the only other way out, which ends the test process. `MUTATIONS=100000` in the environment tries more of them.
@Suite struct MutationTests {
  typealias Reader = @Sendable (String) throws(FileError) -> Void

  static let memoryLimit = 1 << 24
  static let text = "1 1:0.5 3:-2e1 # c\n-1 2:4\r\n3 1:1 2:2 3:3\n"
  static let table = "a,label,\"b \"\"q\"\"\"\n1,\"cat\",-2.5\n3e2,dog,.5\r\n7,cat,\"8\"\n"

  static let subjects: [(name: String, bytes: @Sendable () throws -> [UInt8], read: Reader)] = [
    ("f8.npy", { try fixtureBytes("f8.npy") }, readNPY),
    ("fortran.npy", { try fixtureBytes("fortran.npy") }, readNPY),
    ("vector_i2.npy", { try fixtureBytes("vector_i2.npy") }, readNPY),
    ("stored.npz", { try fixtureBytes("stored.npz") }, readNPZ),
    ("streamed.npz", { try fixtureBytes("streamed.npz") }, readNPZ),
    ("zip64.npz", { try fixtureBytes("zip64.npz") }, readNPZ),
    ("deflated.npz", { try fixtureBytes("deflated.npz") }, readNPZ),
    ("reference.safetensors", { try fixtureBytes("reference.safetensors") }, readSafeTensors),
    ("text.svm", { Array(text.utf8) }, readLIBSVM),
    ("table.csv", { Array(table.utf8) }, readTable),
  ]

  @Sendable static func readNPY(_ path: String) throws(FileError) {
    if let vector = try? NPY.vector(path, as: Float.self) {
      precondition(vector.count < memoryLimit)
    } else {
      _ = try? NPY.integers(path)
      _ = try NPY.matrix(path, as: Float.self)
    }
  }

  @Sendable static func readNPZ(_ path: String) throws(FileError) {
    let archive = try NPZ(path, memoryLimit: memoryLimit)
    for name in archive.names where name != "X" {
      _ = try archive.vector(name, as: Double.self)
      _ = try? archive.integers(name)
    }
    _ = try archive.matrix("X", as: Float.self)
  }

  @Sendable static func readSafeTensors(_ path: String) throws(FileError) {
    let file = try SafeTensors.read(path)
    for name in file.names { _ = try file.values(name, as: Float.self) }
  }

  @Sendable static func readLIBSVM(_ path: String) throws(FileError) {
    _ = try LIBSVM.read(path, as: Float.self, options: .init(memoryLimit: memoryLimit))
  }

  @Sendable static func readTable(_ path: String) throws(FileError) {
    _ = try? DelimitedText.read(path, as: Double.self, options: .init(label: .absent, memoryLimit: memoryLimit))
    _ = try DelimitedText.read(path, as: Float.self, options: .init(memoryLimit: memoryLimit))
  }

  @Test(arguments: subjects.indices)
  func damagedFilesAreReadOrRefused(_ index: Int) throws {
    let directory = TemporaryDirectory()
    let subject = MutationTests.subjects[index]
    let seed: UInt64 = 0x5EED_0001 + UInt64(index)
    print("mutating \(subject.name) with seed \(seed)")
    var generator = TestGenerator(seed)
    let original = try subject.bytes()
    try subject.read(try directory.write(original, subject.name))
    var refused = 0
    let rounds = Int(ProcessInfo.processInfo.environment["MUTATIONS"] ?? "") ?? 3_000
    for _ in 0..<rounds {
      let path = try directory.write(mutated(original, &generator), subject.name)
      do throws(FileError) {
        try subject.read(path)
      } catch {
        #expect(error.kind == .badData && error.file == path)
        refused += 1
      }
    }
    print("\(subject.name): refused \(refused) of \(rounds)")
    // Both outcomes must be met, or the mutations test nothing.
    #expect(refused > rounds / 20 && refused < rounds)
  }

  private func mutated(_ original: [UInt8], _ generator: inout TestGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      guard !bytes.isEmpty else { return bytes }
      let at = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<10, using: &generator) {
      case 0...2: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 3: bytes[at] = UInt8.random(in: 0 ... .max, using: &generator)
      case 4: bytes[at] = [0, 0xFF, 0x7F, 0x80].randomElement(using: &generator)!
      case 5: bytes[at] = Array("0129:,.\"-{}()[]e#\n\r ".utf8).randomElement(using: &generator)!
      case 6: bytes.insert(Array("0129:,.\"-{}()[]e#\n\r ".utf8).randomElement(using: &generator)!, at: at)
      case 7: bytes.remove(at: at)
      case 8: bytes.removeLast(bytes.count - at)
      default:
        let end = min(bytes.count, at + Int.random(in: 1...16, using: &generator))
        let copy = Array(bytes[at..<end])
        bytes.insert(contentsOf: copy, at: Int.random(in: 0...bytes.count, using: &generator))
      }
    }
    return bytes
  }
}
