import Optimization
import Testing

@Suite struct RunClockTests {
  @Test func timePasses() {
    let (clock, later) = (RunClock(), RunClock())
    let (wall, cpu) = (clock.wallSeconds, clock.cpuSeconds)
    #expect(wall > 0 && cpu >= 0 && clock.wallSeconds >= wall && clock.cpuSeconds >= cpu)
    #expect(later.wallSeconds <= clock.wallSeconds)
  }

  @Test func limits() {
    #expect(RunClock(limit: 0).isOver && !RunClock(limit: 1e9).isOver && !RunClock().isOver)
  }
}
