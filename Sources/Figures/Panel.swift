/// One plot of a figure: two axes and the marks drawn between them.
///
/// From the back: the heat map, bars, reference lines, bands, then lines and points; within each kind, later marks lie
/// above earlier ones. The groups of several `Bars` are drawn side by side; of several heat maps the first is drawn.
///
/// ```swift
/// let panel = Panel(
///   "Training", x: Axis("Step"), y: Axis("Loss", scale: .log10),
///   marks: [.line(Line("FGN", x: [1, 2, 3], y: [2.3, 0.4, 0.05]))])
/// ```
public struct Panel: Sendable, Hashable {
  public var title: String
  public var x: Axis
  public var y: Axis
  public var marks: [Mark]

  public init(_ title: String = "", x: Axis = Axis(), y: Axis = Axis(), marks: [Mark]) {
    self.title = title
    self.x = x
    self.y = y
    self.marks = marks
  }
}
