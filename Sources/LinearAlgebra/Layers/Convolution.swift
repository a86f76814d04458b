import CKernels

/// Convolution as in neural networks (cross-correlation) by unfolding: the windows of a block of positions become the
/// columns of a matrix, and the convolution is its product with the weight.
///
/// Images are rows [B, channels * height * width]. A product costs 2 B O K L flops for O output channels, K inputs of
/// an output and L positions. Examples are cut over the threads, and a piece goes through its positions in blocks that
/// stay in a core's second-level cache.
package enum Convolution {
  /// What is convolved with what.
  package struct Shape: Sendable, Equatable {
    package let window: SlidingWindow
    /// Input channels.
    package let channels: Int
    /// O, output channels.
    package let outputs: Int
    /// Parts that channels and outputs are cut into; outputs see the channels of their own part.
    package let groups: Int

    package init(window: SlidingWindow, channels: Int, outputs: Int, groups: Int = 1) {
      precondition(channels % groups == 0 && outputs % groups == 0, "groups divide the channels and the outputs")
      self.window = window
      self.channels = channels
      self.outputs = outputs
      self.groups = groups
    }

    /// L.
    package var positions: Int { window.outputs }
    /// K, inputs that an output sums over: a row of the weight [O, K].
    package var fanIn: Int { groupChannels * window.area }
    package var groupChannels: Int { channels / groups }
    package var groupOutputs: Int { outputs / groups }
    package var inputWidth: Int { channels * window.inputs }
    package var outputWidth: Int { outputs * window.outputs }
    /// Flops of a product for so many examples.
    package func flops(rows: Int) -> Double {
      2 * Double(rows) * Double(outputs) * Double(fanIn) * Double(positions)
    }
  }

  /// Work areas, kept from call to call: a few MB for each thread, and partial sums of a weight gradient.
  package struct Workspace<Scalar: RealScalar>: Sendable {
    var areas: [Scalar] = []
    var partial: [Scalar] = []
    package init() {}
  }

  /// Flops that a piece is worth at least.
  static let grain = 4e6

  /// result [B, O L] = x * weight + bias + beta result, with x [B, C H W], weight [O, K] and bias [1, O].
  package static func apply<Scalar>(
    _ shape: Shape, _ x: Matrix<Scalar>, weight: MatrixView<Scalar>, bias: MatrixView<Scalar>?, beta: Scalar = 0,
    into result: inout Matrix<Scalar>, using workspace: inout Workspace<Scalar>
  ) {
    precondition(x.columns == shape.inputWidth, "images of \(shape.inputWidth) numbers, got \(x.columns)")
    precondition(weight.rows == shape.outputs && weight.columns == shape.fanIn, "a weight [O, K]")
    precondition(bias.map { $0.columns == shape.outputs } ?? true, "a bias [1, O]")
    result.reshape(rows: x.rows, columns: shape.outputWidth)
    let run = Run<Scalar>(shape, rows: x.rows)
    x.elements.withPointer { x in
      weight.withPointer { weight in
        result.elements.withMutablePointer { out in
          run.forEachPiece(&workspace.areas) { examples, _, area in
            if let bias {
              bias.withPointer { run.apply(examples, x, weight, $0, beta, out, area) }
            } else {
              run.apply(examples, x, weight, nil, beta, out, area)
            }
          }
        }
      }
    }
  }

  /// result [B, C H W] = the transpose of `apply` (without bias) times cotangents [B, O L].
  package static func applyTransposed<Scalar>(
    _ shape: Shape, _ cotangents: Matrix<Scalar>, weight: MatrixView<Scalar>, into result: inout Matrix<Scalar>,
    using workspace: inout Workspace<Scalar>
  ) {
    precondition(cotangents.columns == shape.outputWidth, "cotangents of \(shape.outputWidth) numbers")
    precondition(weight.rows == shape.outputs && weight.columns == shape.fanIn, "a weight [O, K]")
    result.reshape(rows: cotangents.rows, columns: shape.inputWidth)
    let run = Run<Scalar>(shape, rows: cotangents.rows)
    cotangents.elements.withPointer { c in
      weight.withPointer { weight in
        result.elements.withMutablePointer { out in
          run.forEachPiece(&workspace.areas) { examples, _, area in
            run.applyTransposed(examples, c, weight, out, area)
          }
        }
      }
    }
  }

  /// result[offset...] as [O, K] = alpha sum_i w_i (gradient of cotangents_i . apply(x_i) by the weight) + beta result;
  /// ones where `w` is nil. At most eight partial sums, added in order.
  package static func weightGradient<Scalar>(
    _ shape: Shape, _ x: Matrix<Scalar>, _ cotangents: Matrix<Scalar>, weights w: [Scalar]?, alpha: Scalar = 1,
    beta: Scalar = 0, into result: inout [Scalar], at offset: Int = 0, using workspace: inout Workspace<Scalar>
  ) {
    let count = shape.outputs * shape.fanIn
    precondition(x.columns == shape.inputWidth && cotangents.columns == shape.outputWidth, "shapes differ")
    precondition(x.rows == cotangents.rows && w.map { $0.count == x.rows } ?? true, "a row for each example")
    precondition(offset + count <= result.count, "the gradient does not fit")
    // Adding up the pieces' sums must not cost more than making them: some hundred positions each.
    let wanted = min(8, x.rows * shape.positions / 512)
    let run = Run<Scalar>(shape, rows: x.rows, maximumPieces: wanted > 2 ? wanted & ~1 : max(1, wanted))
    let pieces = run.pieces.count
    if workspace.partial.count < pieces * count { workspace.partial.resize(to: pieces * count) }
    let w = w ?? []
    workspace.partial.withMutablePointer { partial in
      x.elements.withPointer { x in
        cotangents.elements.withPointer { c in
          w.withPointer { weights in
            let weights = w.isEmpty ? nil : weights
            run.forEachPiece(&workspace.areas) { examples, piece, area in
              run.weightGradient(examples, x, c, weights, partial + piece * count, area)
            }
          }
        }
      }
      let axpby = Scalar.kernels.pointee.main.axpby
      result.withMutablePointer { out in
        if pieces == 0 { return axpby(0, out + offset, beta, out + offset, count) }
        Partition.forEach(count, step: 16, work: Double(pieces * count), grain: 2e5) { r in
          for piece in 0..<pieces {
            axpby(
              alpha, partial + piece * count + r.lowerBound, piece == 0 ? beta : 1, out + offset + r.lowerBound,
              r.count)
          }
        }
      }
    }
  }
}
