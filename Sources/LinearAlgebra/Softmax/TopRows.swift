/// The k highest classes of each row with their probabilities, the highest first and the lower class first of equals.
///
/// p_c = e^(z_c / T) / sum over all C classes of e^(z / T), for a temperature T.
public struct TopRows<Scalar: RealScalar>: Sendable {
  public let k: Int
  public let temperature: Double
  /// [N, k], row-major.
  public private(set) var classes: [Int32] = []
  /// [N, k], row-major.
  public private(set) var probabilities: [Scalar] = []
  private var highest: [Scalar] = []
  private var sums: [Scalar] = []

  package init(k: Int, temperature: Double = 1) {
    precondition(k >= 1 && temperature > 0, "k must be 1 or more and the temperature above 0, got \(k), \(temperature)")
    (self.k, self.temperature) = (k, temperature)
  }

  mutating func reset(rows: Int, classes count: Int) {
    precondition(k <= count, "k must be at most \(count), the classes there are, got \(k)")
    if classes.count != rows * k { classes = [Int32](repeating: 0, count: rows * k) }
    probabilities.resize(to: rows * k)
    highest.resize(to: rows)
    sums.resize(to: rows)
  }

  /// Of logits [B, C]; returns the first row that is not finite, or nil.
  package mutating func take(_ logits: Matrix<Scalar>) -> Int? {
    let (rows, count) = (logits.rows, logits.columns)
    reset(rows: rows, classes: count)
    return withPointers { top in
      logits.elements.withPointer { z in
        let bad = top.add(z, stride: count, rows: rows, row: 0, classes: 0, count)
        if bad < 0 { top.finish(rows: rows, row: 0) }
        return bad < 0 ? nil : bad
      }
    }
  }

  /// Puts the rows of `other`, of the same k, behind these.
  package mutating func append(_ other: TopRows) {
    precondition(other.k == k, "rows of \(k) classes, got \(other.k)")
    if classes.isEmpty {
      (classes, probabilities) = (other.classes, other.probabilities)
    } else {
      classes += other.classes
      probabilities += other.probabilities
    }
  }

  mutating func withPointers<Result>(_ body: (Pointers) -> Result) -> Result {
    let (k, slope) = (k, Scalar(1 / temperature))
    return probabilities.withMutablePointer { values in
      highest.withMutablePointer { highest in
        sums.withMutablePointer { sums in
          classes.withUnsafeMutableBufferPointer { classes in
            let classes = classes.baseAddress ?? UnsafeMutablePointer(bitPattern: MemoryLayout<Int32>.alignment)!
            return body(
              Pointers(k: k, slope: slope, values: values, classes: classes, highest: highest, sums: sums))
          }
        }
      }
    }
  }

  /// The arrays as kernels want them.
  struct Pointers {
    let k: Int
    let slope: Scalar
    let values: UnsafeMutablePointer<Scalar>
    let classes: UnsafeMutablePointer<Int32>
    let highest: UnsafeMutablePointer<Scalar>
    let sums: UnsafeMutablePointer<Scalar>

    /// Takes in `count` classes from `first` on of rows `row`...; returns a row of them that is not finite, or -1.
    func add(
      _ z: UnsafePointer<Scalar>, stride: Int, rows: Int, row: Int, classes first: Int, _ count: Int
    ) -> Int {
      Scalar.kernels.pointee.prediction.topRows(
        z, stride, rows, first, count, slope, k, values + row * k, classes + row * k, highest + row, sums + row)
    }

    func finish(rows: Int, row: Int) {
      Scalar.kernels.pointee.prediction.topProbabilities(values + row * k, k, rows, slope, highest + row, sums + row)
    }
  }
}

extension RowKernels {
  /// Each row of logits becomes softmax(z / temperature), in place; returns the first row that is not finite, or nil.
  package static func softmax<Scalar>(_ logits: inout Matrix<Scalar>, temperature: Double) -> Int? {
    let (rows, classes) = (logits.rows, logits.columns)
    let bad = logits.elements.withMutablePointer {
      Scalar.kernels.pointee.prediction.softmax($0, rows, classes, Scalar(1 / temperature))
    }
    return bad < 0 ? nil : bad
  }
  /// For each row of logits [B, C], with f(b) = log sum_c e^(b z_c) - b z_y: f, f' and f'' at b = `slope`, and the
  /// highest probability; result [B, 4]. A negative label counts as the highest class.
  package static func temperatureTerms<Scalar>(
    _ logits: Matrix<Scalar>, labels: [Int32], slope: Double, into result: inout [Double]
  ) {
    let (rows, classes) = (logits.rows, logits.columns)
    precondition(labels.count == rows && labels.allSatisfy { $0 < Int32(classes) }, "a label for each row")
    result.resize(to: 4 * rows)
    logits.elements.withPointer { z in
      labels.withUnsafeBufferPointer { labels in
        result.withMutablePointer { result in
          guard let labels = labels.baseAddress else { return }
          Partition.forEach(rows, work: Double(rows * classes), grain: grain) { r in
            let i = r.lowerBound
            Scalar.kernels.pointee.prediction.temperatureRows(
              z + i * classes, labels + i, r.count, classes, Scalar(slope), result + 4 * i)
          }
        }
      }
    }
  }
}
