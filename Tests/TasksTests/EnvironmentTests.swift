import FastGaussNewton
import Foundation
import TestSupport
import Testing

@testable import Tasks

@Suite struct EnvironmentTests {
  /// The largest relative difference from the golden states; every step's end must be the golden one.
  static func difference<World: Environment>(
    _ world: World, _ state: WritableKeyPath<World, [Double]>, from golden: [Golden.Trajectory]
  ) -> Double {
    var worst = 0.0
    for trajectory in golden {
      var world = world
      world[keyPath: state] = trajectory.start
      for (i, action) in trajectory.actions.enumerated() {
        let step = world.step(action)
        worst = largest(worst, relativeError(world[keyPath: state], to: trajectory.states[i]))
        #expect(step.isTerminal == trajectory.terminal[i], "step \(i)")
      }
    }
    return worst
  }

  @Test func cartPoleFollowsTheMechanics() throws {
    let golden = try #require(Golden.load().trajectories["cartpole"])
    #expect(golden.contains { $0.terminal.last == true })
    #expect(Self.difference(CartPole(), \.state, from: golden) < 1e-12)
  }

  /// Long trajectories are chaotic: the last bits grow.
  @Test func acrobotFollowsTheMechanics() throws {
    let golden = try #require(Golden.load().trajectories["acrobot"])
    #expect(golden.contains { $0.terminal.last == true })
    #expect(golden.contains { $0.states.contains { abs($0[2]) == 4 * .pi } }, "a cut velocity is among the cases")
    #expect(golden.contains { $0.states.contains { abs($0[3]) == 9 * .pi } }, "a cut velocity is among the cases")
    #expect(Self.difference(Acrobot(), \.state, from: golden) < 1e-9)
  }

  @Test func publishedConstants() {
    #expect([CartPole.gravity, CartPole.cartMass, CartPole.poleMass, CartPole.halfLength] == [9.8, 1, 0.1, 0.5])
    #expect([CartPole.force, CartPole.interval, CartPole.largestPosition] == [10, 0.02, 2.4])
    #expect(abs(CartPole.largestAngle - 0.20943951) < 1e-8)
    #expect(CartPole().stepLimit == 500 && CartPole().observationWidth == 4 && CartPole().actionCount == 2)
    #expect([Acrobot.gravity, Acrobot.length, Acrobot.mass, Acrobot.center, Acrobot.inertia] == [9.8, 1, 1, 0.5, 1])
    #expect(Acrobot.interval == 0.2 && Acrobot.largestVelocities == [4 * .pi, 9 * .pi])
    #expect(Acrobot().stepLimit == 500 && Acrobot().observationWidth == 6 && Acrobot().actionCount == 3)
  }

  @Test func rewards() {
    var cart = CartPole()
    cart.state = [2.39, 2, 0, 0]
    #expect(cart.step(1) == EnvironmentStep(observation: cart.state, reward: 1, isTerminal: true))
    var acrobot = Acrobot()
    #expect(acrobot.step(1).reward == -1)
    acrobot.state = [3, 0, 0, 0]
    let step = acrobot.step(1)
    #expect(step.reward == 0 && step.isTerminal)
  }

  @Test func restIsAFixedPoint() {
    let still = CartPole.accelerations(force: 0, angle: 0, spin: 0)
    #expect(still.cart == 0 && still.pole == 0)
    var acrobot = Acrobot()
    for _ in 0..<5 { #expect(acrobot.step(1).observation == [1, 0, 1, 0, 0, 0]) }
    #expect(acrobot.state == [0, 0, 0, 0])
  }

  /// Mirrored state and action lead to the mirrored state.
  @Test func leftIsRight() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<20 {
      let state: [Double] = generator.vector(4, scale: 0.5)
      func mirrored(_ state: [Double]) -> [Double] { state.map { -$0 } }
      var (cart, image) = (CartPole(), CartPole())
      (cart.state, image.state) = (state, mirrored(state))
      let action = generator.index(below: 2)
      #expect(image.step(1 - action).observation == mirrored(cart.step(action).observation), "\(state)")
      var (links, reflection) = (Acrobot(), Acrobot())
      (links.state, reflection.state) = (state, mirrored(state))
      let torque = generator.index(below: 3)
      _ = (links.step(torque), reflection.step(2 - torque))
      #expect(reflection.state == mirrored(links.state), "\(state)")
    }
  }

  /// Kinetic and potential energy of two links whose joints have no motor and no friction.
  static func energy(_ s: SIMD4<Double>) -> Double {
    let (sum, c) = (s[2] + s[3], Acrobot.center)
    let tip = s[2] * s[2] + c * c * sum * sum + 2 * c * s[2] * sum * cos(s[1])
    let kinetic = 0.5 * (c * c * s[2] * s[2] + s[2] * s[2] + tip + sum * sum)
    return kinetic - Acrobot.gravity * (c * cos(s[0]) + cos(s[0]) + c * cos(s[0] + s[1]))
  }

  @Test func energyIsConserved() {
    var state = SIMD4(2.0, -1.0, 0.5, -2.0)
    let start = Self.energy(state)
    for _ in 0..<2000 { state = Acrobot.advance(state, torque: 0, by: 1e-3) }
    #expect(abs(Self.energy(state) - start) < 1e-9)
    for _ in 0..<100 { state = Acrobot.advance(state, torque: 1, by: 1e-3) }
    #expect(abs(Self.energy(state) - start) > 1e-3, "a motor does work")
  }

  @Test func sameSeedSameStart() {
    for seed in 0..<20 as Range<UInt64> {
      var (one, two) = (SeededGenerator(seed: seed), SeededGenerator(seed: seed))
      var (first, second) = (CartPole(), CartPole())
      let start = first.reset(using: &one)
      #expect(start == second.reset(using: &two), "seed \(seed)")
      #expect(start.allSatisfy { abs($0) <= 0.05 } && start.contains { abs($0) > 0.005 }, "seed \(seed)")
      var acrobot = Acrobot()
      let observation = acrobot.reset(using: &one)
      #expect(acrobot.state.allSatisfy { abs($0) <= 0.1 } && acrobot.state != [0, 0, 0, 0], "seed \(seed)")
      #expect(abs(observation[0] - cos(acrobot.state[0])) < 1e-15 && observation[5] == acrobot.state[3])
      let copy = first
      _ = first.step(1)
      #expect(copy.state == start && first.state != start, "a copy goes on by itself")
    }
  }

  @Test func anglesAreWrapped() {
    for turns in -2...2 {
      for angle in [-3.0, 0, 1.5, 3.1] {
        #expect(abs(Acrobot.wrapped(angle + 2 * .pi * Double(turns)) - angle) < 1e-12)
      }
    }
  }
}
