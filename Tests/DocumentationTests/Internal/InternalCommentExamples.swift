import FastGaussNewton
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Examples of comments on what only the package sees.
@Suite struct InternalCommentExamples {
  @Test func marginOfOneExample() {
    let rows = MarginRows(logits: Matrix<Double>(rows: 1, columns: 3, elements: [2, 0, 0]), labels: [0])
    let margin = rows.margin[0]  // 2 - log 2
    #expect(abs(margin - (2 - log(2))) < 1e-15)
  }

  @Test func learningRate() {
    let rate = LearningRate(0.1, schedule: .cosine, warmUp: 0.05)
    let first = rate.value(at: Schedule.Progress(step: 0, total: 100))  // 0.02: a fifth of the way up
    #expect(abs(first - 0.02) < 1e-12)
    #expect(
      rate.value(at: Schedule.Progress(step: 50, total: 100)) < rate.value(at: Schedule.Progress(step: 10, total: 100)))
  }

  @Test func lu() {
    var lu = LU<Double>()
    var x = [1.0, 2.0]
    let failure = lu.factor(Matrix(rows: 2, columns: 2, elements: [0, 2, 1, 1]))
    lu.solve(&x)  // [1.5, 0.5]
    #expect(failure == nil && abs(x[0] - 1.5) < 1e-15 && abs(x[1] - 0.5) < 1e-15)
    // The transpose, and a matrix that has no inverse.
    x = [1, 2]
    lu.solve(&x, transposed: true)
    #expect(abs(x[0] - 0.5) < 1e-15 && abs(x[1] - 1) < 1e-15)
    #expect(lu.factor(Matrix(rows: 2, columns: 2, elements: [1, 2, 2, 4])) != nil)
  }

  @Test func settings() {
    var settings = MethodSettings()
    settings[.learningRate] = 0.1
    settings.set(.schedule, to: "linear")
    #expect(settings[.schedule] == "linear" && settings.given == [.learningRate, .schedule])
  }
}
