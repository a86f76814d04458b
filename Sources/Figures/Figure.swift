/// One or more panels in a grid, drawn as an SVG image.
///
/// ```swift
/// let figure = Figure(
///   panels: [
///     Panel(
///       "Training", x: Axis("Step"), y: Axis("Loss", scale: .log10),
///       marks: [
///         .line(Line("FGN", x: [0, 100, 200], y: [2.3, 0.4, 0.05])),
///         .line(Line("Adam", x: [0, 100, 200], y: [2.3, 0.9, 0.2])),
///         .reference(.horizontal(at: 0.1, label: "target")),
///       ])
///   ])
/// let svg = figure.svg()
/// ```
///
/// Nothing covers the data: legends, labels of reference lines and colour bars are outside the axes, and the image
/// grows where text needs more room. The same figure gives the same bytes.
public struct Figure: Sendable, Hashable {
  /// Where the names of the series are written.
  public enum Legend: Sendable, Hashable {
    /// One legend below all panels.
    case below
    /// One legend at the right of all panels; the figure gets wider by it.
    case right
    /// At the right of each panel, where its lines end. Names that label no line end go below.
    case lineEnds
    case none
  }

  /// Sizes, in pixels.
  public struct Options: Sendable, Hashable {
    /// The width of a panel with its labels, at least 240. A panel gets wider if its labels leave too little for its
    /// plot.
    public var panelWidth: Double
    /// The height of a panel with its labels, at least 180. A panel gets higher if its labels leave too little.
    public var panelHeight: Double
    /// The size of most text, 6 to 64. The default stays readable when a panel is printed at half its size.
    public var fontSize: Double

    public init(panelWidth: Double = 720, panelHeight: Double = 450, fontSize: Double = 17) {
      self.panelWidth = panelWidth
      self.panelHeight = panelHeight
      self.fontSize = fontSize
    }

    /// With every size in its range; sizes that are not numbers become the default.
    var valid: Options {
      func clamp(_ value: Double, _ low: Double, _ high: Double, _ fallback: Double) -> Double {
        value.isNaN ? fallback : min(max(value, low), high)
      }
      return Options(
        panelWidth: clamp(panelWidth, 240, 1e4, 720), panelHeight: clamp(panelHeight, 180, 1e4, 450),
        fontSize: clamp(fontSize, 6, 64, 17))
    }
  }

  public var title: String
  public var panels: [Panel]
  /// How many panels make a row; nil takes two for up to four panels, else three.
  public var columns: Int?
  public var legend: Legend
  public var options: Options

  public init(
    _ title: String = "", panels: [Panel], columns: Int? = nil, legend: Legend = .below, options: Options = Options()
  ) {
    self.title = title
    self.panels = panels
    self.columns = columns
    self.legend = legend
    self.options = options
  }

  /// The figure as a complete SVG document, UTF-8 text that starts with `<svg`.
  ///
  /// Cost: linear in the number of values. A line with many points per pixel is reduced to its envelope.
  public func svg() -> String { FigureLayout(self).svg() }
}
