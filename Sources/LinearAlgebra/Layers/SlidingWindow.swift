import CKernels

/// Windows that slide over planes of an image, as in convolution and pooling: which inputs each output sees.
///
/// Output (y, x) sees the inputs (y stride - padding + p dilation, x stride - padding + q dilation) for p, q below the
/// kernel's sizes. There are floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 outputs along a side.
package struct SlidingWindow: Sendable, Equatable {
  let geometry: fgn_window

  /// Sizes are (height, width). A kernel must not be larger than the padded input.
  package init(
    input: (Int, Int), kernel: (Int, Int), stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
    dilation: (Int, Int) = (1, 1)
  ) {
    let height = Self.outputs(input.0, kernel.0, stride.0, padding.0, dilation.0)
    let width = Self.outputs(input.1, kernel.1, stride.1, padding.1, dilation.1)
    precondition(height >= 1 && width >= 1, "a kernel larger than the padded input")
    geometry = fgn_window(
      height: input.0, width: input.1, out_height: height, out_width: width, kernel_height: kernel.0,
      kernel_width: kernel.1, stride_height: stride.0, stride_width: stride.1, padding_height: padding.0,
      padding_width: padding.1, dilation_height: dilation.0, dilation_width: dilation.1)
  }

  /// Outputs along a side, 0 if the kernel is larger than the padded input.
  package static func outputs(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int {
    let room = size + 2 * padding - dilation * (kernel - 1) - 1
    return room < 0 ? 0 : room / stride + 1
  }

  package var height: Int { geometry.height }
  package var width: Int { geometry.width }
  package var outputHeight: Int { geometry.out_height }
  package var outputWidth: Int { geometry.out_width }
  /// Pixels of an input plane.
  package var inputs: Int { geometry.height * geometry.width }
  /// Pixels of an output plane.
  package var outputs: Int { geometry.out_height * geometry.out_width }
  /// Inputs of a window.
  package var area: Int { geometry.kernel_height * geometry.kernel_width }

  /// Whether every output sees the one input in its own place.
  var isIdentity: Bool {
    area == 1 && outputs == inputs && geometry.stride_height == 1 && geometry.stride_width == 1
      && geometry.padding_height == 0 && geometry.padding_width == 0
  }

  func withGeometry(_ body: (UnsafePointer<fgn_window>) -> Void) {
    withUnsafePointer(to: geometry, body)
  }

  package static func == (a: SlidingWindow, b: SlidingWindow) -> Bool {
    let (a, b) = (a.geometry, b.geometry)
    return a.height == b.height && a.width == b.width && a.out_height == b.out_height && a.out_width == b.out_width
      && a.kernel_height == b.kernel_height && a.kernel_width == b.kernel_width && a.stride_height == b.stride_height
      && a.stride_width == b.stride_width && a.padding_height == b.padding_height
      && a.padding_width == b.padding_width && a.dilation_height == b.dilation_height
      && a.dilation_width == b.dilation_width
  }
}
