import FastGaussNewton
import Figures

// Draws learning curves: mean and standard deviation over runs.
//
//   CurveFigures [--log-x] FILE.svg TITLE < lines
//
// With --log-x the x axis is logarithmic, and every point has a marker and no band.
// A line, tab-separated: panel title, x label, y label, "linear" or "log" for y, series, then x, y and radius of a
// point. Panels and series in order of appearance.

struct Series {
  var x: [Double] = []
  var y: [Double] = []
  var radius: [Double] = []
}

struct Plot {
  var title: String
  var x: String
  var y: String
  var scale: Axis.Scale
  var names: [String] = []
  var series: [String: Series] = [:]

  func panel(logarithmic: Bool) -> Panel {
    let lines = names.map { name in
      let one = series[name]!
      return Mark.line(
        Line(
          name, x: one.x, y: one.y, band: logarithmic ? nil : Band(center: one.y, radius: one.radius),
          markers: logarithmic ? .every(1) : .none))
    }
    let horizontal = logarithmic ? Axis(x, scale: .log10) : Axis(x, from: 0)
    return Panel(title, x: horizontal, y: Axis(y, scale: scale), marks: lines)
  }
}

func draw(to path: String, title: String, logarithmic: Bool) throws {
  var plots: [Plot] = []
  while let line = readLine() {
    let words = line.split(separator: "\t").map(String.init)
    guard words.count == 8, let x = Double(words[5]), let y = Double(words[6]), let radius = Double(words[7]) else {
      fatalError("not a point: \(line)")
    }
    var place = plots.firstIndex { $0.title == words[0] && $0.x == words[1] && $0.y == words[2] } ?? plots.count
    if place == plots.count {
      plots.append(Plot(title: words[0], x: words[1], y: words[2], scale: words[3] == "log" ? .log10 : .linear))
      place = plots.count - 1
    }
    if plots[place].series[words[4]] == nil { plots[place].names.append(words[4]) }
    plots[place].series[words[4], default: Series()].x.append(x)
    plots[place].series[words[4], default: Series()].y.append(y)
    plots[place].series[words[4], default: Series()].radius.append(radius)
  }
  let figure = Figure(
    title, panels: plots.map { $0.panel(logarithmic: logarithmic) }, columns: 2,
    options: Figure.Options(panelWidth: 560, panelHeight: 360))
  try AtomicFile.write(figure.svg(), to: path)
}

let arguments = CommandLine.arguments.dropFirst().filter { $0 != "--log-x" }
try draw(to: arguments[0], title: arguments[1], logarithmic: CommandLine.arguments.contains("--log-x"))
