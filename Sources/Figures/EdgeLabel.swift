/// A label beside the plot for something at its edge, moved from where it would like to be so that labels do not
/// overlap.
struct EdgeLabel: Sendable, Hashable {
  let lines: [String]
  /// The position along the edge of what it names, and where the label is; from the corner of the panel.
  let wanted: Double
  var center: Double
  var row = 0
  /// The style of the line it names; nil for a reference line.
  let style: SeriesStyle?
  let width: Double
  let height: Double

  init(lines: [String], wanted: Double, theme: Theme, style: SeriesStyle? = nil) {
    self.lines = lines
    self.wanted = wanted
    self.style = style
    center = wanted
    width = (lines.map(theme.text.width).max() ?? 0) + (style == nil ? 0 : theme.sample + theme.gap)
    height = Double(lines.count) * theme.text.lineHeight + 2
  }
}

/// Positions for labels along one direction that want to be at `wanted` and need `lengths`: without overlap, in the
/// same order, within `start...end` if there is room, and with the least sum of squared moves. All positions are
/// centres.
///
/// Labels that would overlap are pooled into blocks that lie around the mean of what their labels want, as in isotonic
/// regression by pooling adjacent violators.
func spread(_ wanted: [Double], lengths: [Double], from start: Double, to end: Double) -> [Double] {
  struct Block {
    var members: [Int]
    var length: Double
    /// Where the start of the block would have to be for each member to be where it wants, summed.
    var startSum: Double

    func start(_ low: Double, _ high: Double) -> Double {
      max(low, min(startSum / Double(members.count), high - length))
    }
  }
  let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
  var blocks: [Block] = []
  for index in order {
    var block = Block(members: [index], length: lengths[index], startSum: wanted[index] - lengths[index] / 2)
    while let last = blocks.last, last.start(start, end) + last.length > block.start(start, end) {
      blocks.removeLast()
      block = Block(
        members: last.members + block.members, length: last.length + block.length,
        startSum: last.startSum + block.startSum - last.length * Double(block.members.count))
    }
    blocks.append(block)
  }
  var centers = wanted
  for block in blocks {
    var edge = block.start(start, end)
    for index in block.members {
      centers[index] = edge + lengths[index] / 2
      edge += lengths[index]
    }
  }
  return centers
}
