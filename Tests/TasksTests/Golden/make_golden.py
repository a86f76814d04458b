#!/usr/bin/env python3
"""Trajectories of the cart and pole and of the acrobot, and optimal gains of the plants; writes golden.json.

Written from the mechanics, not from any implementation: accelerations solve the linear system of Lagrange's equations,
M(q) q'' = forces. The Riccati equation is solved through the stable subspace of its symplectic matrix (numpy alone), or
by scipy where it is there, and the two are compared. With gymnasium installed the trajectories are compared with its
CartPole-v1 and Acrobot-v1 as well.

    make_golden.py [check]
"""

import json
import pathlib
import sys

import numpy as np


def cart_pole(state, action):
    """One Euler step of 0.02 s. Uniform pole of half-length l: moment of inertia m l^2 / 3 about its centre."""
    mass, pole, l, g = 1.0, 0.1, 0.5, 9.8
    x, v, angle, spin = state
    force = 10.0 if action == 1 else -10.0
    inertia = pole * l**2 / 3 + pole * l**2
    coupling = pole * l * np.cos(angle)
    left = np.array([[mass + pole, coupling], [coupling, inertia]])
    right = np.array([force + pole * l * spin**2 * np.sin(angle), pole * l * g * np.sin(angle)])
    a, alpha = np.linalg.solve(left, right)
    return np.array([x + 0.02 * v, v + 0.02 * a, angle + 0.02 * spin, spin + 0.02 * alpha])


def acrobot_slope(state, torque):
    """Lagrange's equations of two links, torque on the joint between them; angles from hanging down."""
    m, l, c, inertia, g = 1.0, 1.0, 0.5, 1.0, 9.8
    q1, q2, w1, w2 = state
    m22 = inertia + m * c**2
    m12 = m22 + m * l * c * np.cos(q2)
    m11 = 2 * inertia + m * c**2 + m * (l**2 + c**2 + 2 * l * c * np.cos(q2))
    h = m * l * c * np.sin(q2)
    gravity2 = m * g * c * np.sin(q1 + q2)
    gravity1 = m * g * c * np.sin(q1) + m * g * l * np.sin(q1) + gravity2
    right = np.array([h * (w2**2 + 2 * w1 * w2) - gravity1, torque - h * w1**2 - gravity2])
    return np.array([w1, w2, *np.linalg.solve(np.array([[m11, m12], [m12, m22]]), right)])


def acrobot(state, action):
    """One Runge-Kutta step of 0.2 s; angles wrapped, velocities cut."""
    h, torque = 0.2, action - 1.0
    k1 = acrobot_slope(state, torque)
    k2 = acrobot_slope(state + h / 2 * k1, torque)
    k3 = acrobot_slope(state + h / 2 * k2, torque)
    k4 = acrobot_slope(state + h * k3, torque)
    q1, q2, w1, w2 = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    turn = lambda angle: angle - 2 * np.pi * np.round(angle / (2 * np.pi))
    cut = lambda speed, limit: min(max(speed, -limit), limit)
    return np.array([turn(q1), turn(q2), cut(w1, 4 * np.pi), cut(w2, 9 * np.pi)])


def cart_pole_ends(state):
    return bool(abs(state[0]) > 2.4 or abs(state[2]) > np.radians(12))


def acrobot_ends(state):
    return bool(-np.cos(state[0]) - np.cos(state[0] + state[1]) > 1)


def trajectory(step, ends, start, actions):
    states, terminal = [], []
    state = np.array(start)
    for action in actions:
        state = step(state, action)
        states.append(state.tolist())
        terminal.append(ends(state))
        if terminal[-1]:
            break
    return {"start": list(start), "actions": actions[: len(states)], "states": states, "terminal": terminal}


def swinging(start, count):
    """Actions that pump the acrobot: torque along the velocity of the joint."""
    state, actions = np.array(start), []
    for _ in range(count):
        actions.append(2 if state[3] > 0 else 0)
        state = acrobot(state, actions[-1])
    return actions


def trajectories():
    random = np.random.default_rng(4)
    coin = lambda count, sides: [int(a) for a in random.integers(0, sides, count)]
    start = lambda size: random.uniform(-size, size, 4).tolist()
    fall = trajectory(cart_pole, cart_pole_ends, start(0.05), coin(60, 2))
    push = trajectory(cart_pole, cart_pole_ends, [0.5, 1.5, 0.1, -2.0], [1] * 60)
    chance = trajectory(acrobot, acrobot_ends, start(0.1), coin(60, 3))
    begin = start(0.1)
    swing = trajectory(acrobot, acrobot_ends, begin, swinging(begin, 200))
    fast = trajectory(acrobot, acrobot_ends, [0.8, 0.0, -3.7, 27.7], [2] * 8)
    return {"cartpole": [fall, push], "acrobot": [chance, swing, fast]}


PLANTS = {
    "double integrator": ([[1, 0.1], [0, 1]], [[0.005], [0.1]], np.eye(2), 0.1 * np.eye(1)),
    "stable": (
        [[0.9, 0.3, 0], [0, 0.7, -0.2], [0, 0.2, 0.5]], [[0, 0.5], [1, 0], [0.3, 1]],
        [[2, 0, 0.5], [0, 1, 0], [0.5, 0, 1]], [[1, 0.2], [0.2, 0.5]]),
    "unstable": ([[1.3, 0.4, 0], [0, 1.1, 0.5], [0, 0, 0.8]], [[0], [0.2], [1]], np.eye(3), np.eye(1)),
    "graph": (
        [[1.01, 0.01, 0], [0.01, 1.01, 0.01], [0, 0.01, 1.01]], np.eye(3), 1e-3 * np.eye(3), np.eye(3)),
}


def riccati(a, b, q, r):
    """P from the stable eigenvectors of [[A + G A^-T Q, -G A^-T], [-A^-T Q, A^-T]], G = B R^-1 B^T."""
    g, inverse = b @ np.linalg.solve(r, b.T), np.linalg.inv(a).T
    values, vectors = np.linalg.eig(np.block([[a + g @ inverse @ q, -g @ inverse], [-inverse @ q, inverse]]))
    stable = vectors[:, np.abs(values) < 1]
    n = len(a)
    return np.real(stable[n:] @ np.linalg.inv(stable[:n]))


def gains():
    result = {}
    for name, plant in PLANTS.items():
        a, b, q, r = (np.array(x, dtype=float) for x in plant)
        p = riccati(a, b, q, r)
        try:
            from scipy.linalg import solve_discrete_are
            difference = np.linalg.norm(p - solve_discrete_are(a, b, q, r)) / np.linalg.norm(p)
            print(f"{name}: differs from scipy's by {difference:.1e}")
        except ImportError:
            pass
        gain = np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a)
        radius = lambda x: float(np.abs(np.linalg.eigvals(x)).max())
        result[name] = {
            "value": p.tolist(), "gain": gain.tolist(), "radius": radius(a), "closedLoop": radius(a - b @ gain)}
    return result


def check(all_trajectories):
    """Against gymnasium."""
    import gymnasium

    for name, environment in (("cartpole", "CartPole-v1"), ("acrobot", "Acrobot-v1")):
        world = gymnasium.make(environment).unwrapped
        for run in all_trajectories[name]:
            world.reset()
            world.state = np.array(run["start"])
            worst = 0
            for action, state, terminal in zip(run["actions"], run["states"], run["terminal"]):
                _, _, ended, _, _ = world.step(action)
                worst = max(worst, np.abs(np.array(world.state) - state).max())
                assert ended == terminal
            print(f"{environment}: {len(run['states'])} steps, largest difference {worst:.1e}")


golden = {"trajectories": trajectories(), "plants": gains()}
if "check" in sys.argv:
    check(golden["trajectories"])
else:
    (pathlib.Path(__file__).parent / "golden.json").write_text(json.dumps(golden) + "\n")
