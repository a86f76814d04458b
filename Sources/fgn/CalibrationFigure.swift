import FastGaussNewton
import Figures

extension Calibration {
  /// Accuracy against confidence of the bins, before and after: calibrated probabilities lie on the diagonal.
  var figure: Figure {
    func line(_ name: String, _ quality: Quality) -> Mark {
      let bins = quality.bins.filter { $0.share > 0 }
      return .line(
        Line(
          "\(name), ECE \(NumberText.percent(quality.calibrationError))", x: bins.map(\.confidence),
          y: bins.map(\.accuracy), markers: .every(1)))
    }
    let marks: [Mark] =
      [.line(Line("calibrated", x: [0, 1], y: [0, 1], markers: .none)), line("T = 1", before)]
      + (outcome == .converged ? [line("T = \(NumberText.significant(temperature))", after)] : [])
    return Figure(
      panels: [
        Panel(
          "Calibration of \(examples) examples", x: Axis("Confidence", from: 0, to: 1),
          y: Axis("Accuracy", from: 0, to: 1), marks: marks)
      ], options: Figure.Options(panelWidth: 620, panelHeight: 560))
  }
}
